"""What scripts are asked for, and how they say what is wrong with it: in one line, with exit code 2."""

import argparse
import sys
from collections.abc import Callable


def count(text: str) -> int:
    """A whole number of things, at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """Width and height, as 640x480."""
    sides = text.split("x")
    if len(sides) != 2:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 640x480")
    return count(sides[0]), count(sides[1])


def shares(text: str) -> list[float]:
    """With commas between; none where there is no text."""
    try:
        return [float(one) for one in text.split(",") if one]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} are no shares such as 0.1,0.5") from None


def by_name(text: str) -> dict[str, float]:
    """With commas between: WBC=0.5,Platelets=0.2."""
    pairs = [one.partition("=") for one in text.split(",")]
    if not all(name and sign and shares(value) for name, sign, value in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} are no shares by name such as mug=0.5,bowl=0.2")
    return {name: float(value) for name, _, value in pairs}


def answered(main: Callable[[], int | None]) -> None:
    """Run a script: what a user can act on is told without a traceback."""
    from generator.base.errors import GeneratorError

    try:
        sys.exit(main())
    except (GeneratorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
