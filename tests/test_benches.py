"""Benches come to their end and print what they are for, at their smallest (`bench_balance --quick` takes half a minute)."""

import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "said"), [
    ('bench --alone --rounds 1 --scene "5 spheres of 5k"', "our wall / bare call"),
    ("bench_farm cluster 3", "of the time of all slots"),
    ("bench_farm plan 100", "100 frames out of"),
    ("bench_loader --frames 4 --size 64x48 --threads 1 --rounds 1", "s3://bench/dataset"),
    ("bench_memory --frames 12 --warm 4", "MB a scene"),
    ("bench_placement --scenes 2 --workers 1 --check 1", "1 of them checked: none of"),
    ("bench_quality --size 32x24 --scenes 1 --psnr 30", "30 dB at borders: "),
    ("bench_truth --size 64x48 --samples 1 --objects 2 --frames 1", "all labels together"),
    ("audit_presets --frames 1 --engine cycles --size 32 24 --scenes coins", "cycles all"),
    ("check_exports --frames 4 --size 64x48", "differ: none"),
    ("evidence_balance 6", "more frames change"),
])  # fmt: skip
def test_a_bench_runs(words: str, said: str) -> None:
    script, *asked = shlex.split(words)
    done = subprocess.run([ROOT / "scripts" / script, *asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert said in done.stdout
