"""What a worker's process no longer uses goes back to the system."""

import subprocess
import sys

import pytest

HOLES = """
from generator.farm.actors import give_back, resident
blocks = [bytearray(b"x") * 10_000 for _ in range(20_000)]
full = resident()
above = blocks[-1]  # keeps the top of the heap, so that what lies below stays with the process
blocks.clear()
freed = resident()
give_back()
print(full, freed, resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries give memory back in ways of their own")
def test_freed_memory_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    full, freed, given_back = map(float, done.stdout.split())
    assert full - freed < 50, "it would have gone back without being asked"
    assert full - given_back > 150  # of 200 MB
