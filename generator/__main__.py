"""``generator`` and ``python -m generator``."""

import os
import sys

# Threads that wait for each other give up their core meanwhile, which costs nothing on a quiet machine; beside other
# work, waiting busily made a training step six times as slow (two AMD EPYC cores). Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def main() -> None:
    """The command line; an interrupt while it still loads is an interrupt like any other."""
    try:
        from generator.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
