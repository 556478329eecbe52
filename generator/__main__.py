"""``generator`` and ``python -m generator``."""

import sys


def main() -> None:
    """The command line; an interrupt while it still loads is an interrupt like any other."""
    try:
        from generator.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
