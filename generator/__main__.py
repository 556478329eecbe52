"""``generator`` and ``python -m generator``."""

import sys

from generator.base.interrupts import pressed, remember


def main() -> None:
    """The command line; an interrupt while it still loads is an interrupt like any other."""
    remember()
    try:
        from generator.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        if pressed():
            sys.exit(130)
        raise


if __name__ == "__main__":
    main()
