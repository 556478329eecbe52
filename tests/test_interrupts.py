"""Ctrl-C where C code makes another error of it, which it does of what it is just importing."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from generator.base.interrupts import interrupts_held

STOPPED = "run the same command again"
RAISING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.{handler})  # a shell's background jobs ignore it

def imported(*asked):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10): pass
    except KeyboardInterrupt as error:
        raise {error} from error

class Finder:  # stands for an extension that is being imported
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            imported()

{late}
sys.argv = ["generator", "explain", "caps"]
from generator.__main__ import main
main()
"""
AS_IT_LOADS = "sys.meta_path.insert(0, Finder())"
AS_IT_RUNS = "import generator.cli.vocabulary as words; words.lookup = imported"


def told(
    late: str, error: str = "ImportError('initialization failed')", handler: str = "default_int_handler"
) -> tuple[int, str]:
    code = RAISING.format(late=late, error=error, handler=handler, name="generator.cli.fitting")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_while_it_loads() -> None:
    assert told(AS_IT_LOADS) == (130, "")


@pytest.mark.parametrize("error", [
    "ImportError('initialization failed')", "SystemExit(1)",
    "sys.modules['generator.base.errors'].GeneratorError('Ray cannot start')",
])  # fmt: skip
def test_while_it_runs(error: str) -> None:
    code, said = told(AS_IT_RUNS, error)
    assert code == 130 and STOPPED in said and "Traceback" not in said and "Ray" not in said


def test_what_was_not_interrupted_fails_as_ever() -> None:
    """Also where Ctrl-C is ignored, as in a shell's background jobs."""
    code, said = told(AS_IT_RUNS, handler="SIG_IGN")  # and nothing is found in what was not looked up
    assert code == 1 and "TypeError" in said and STOPPED not in said
    broken = AS_IT_RUNS.replace("= imported", "= lambda *asked: 1 / 0")
    code, said = told(broken)
    assert code == 1 and "ZeroDivisionError" in said and STOPPED not in said


def test_what_fails_while_it_is_held_is_interrupted_too() -> None:
    """The kernel hands it to another thread, as it may; Python calls the handler in the main one."""
    done, said = threading.Event(), []
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt), interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            said.append("held")
            raise RuntimeError("a server was killed")
    finally:
        done.set()
        other.join()
    assert said == ["held"]
