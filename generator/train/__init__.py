"""Training and evaluation: the only place that imports torch."""

import os

# Threads that wait for each other by spinning make torch several times slower wherever the cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
