"""Synthetic training data by domain randomization."""

import os

# The matrices here are small, and numpy's OpenBLAS hands even the inverse of one of 4 x 4 to all its threads: where
# other programs keep the cores busy, each such call waits milliseconds for them instead of taking ten microseconds.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
