"""What people call the things that shapes show: ``Cups`` are mugs, ``wine glasses`` are ``glass_wine``."""

import re

from generator.assets.shapes import SHAPES, label_of, matching
from generator.base.errors import did_you_mean

ALSO = {  # words of people and of data sets (COCO, Open Images), and those of a class of shapes or of one shape
    "automobile": "car", "bus": "car bus", "carafe": "jug", "cell phone": "phone", "coffee cup": "mug",
    "computer mouse": "mouse", "couch": "sofa", "cube": "box", "cup": "mug", "die": "dice", "dining table": "table",
    "eyeglasses": "spectacles", "flashlight": "torch", "flowerpot": "pot", "glasses": "spectacles",
    "houseplant": "pot plant", "human": "person", "light bulb": "bulb", "lorry": "car truck",
    "mobile phone": "phone", "padlock": "lock", "pail": "bucket", "pedestrian": "person", "people": "person",
    "pill": "capsule", "pitcher": "jug", "playing card": "card", "potted plant": "pot plant",
    "remote control": "remote", "saucepan": "pan sauce", "screen": "monitor", "smartphone": "phone",
    "spanner": "wrench", "sports ball": "ball", "tin": "can", "tire": "tyre", "truck": "car truck", "tv": "monitor",
}  # fmt: skip
APART = {frozenset(words.split()) for words in ALSO.values() if " " in words}  # no cars are buses, whatever their names


def meaning(label: str) -> frozenset[str]:
    """The words of a label as shapes are named by them: in lower case, the singular, and ours for other words."""
    words = re.findall(r"[a-z0-9]+", label.lower())
    singular = [_singular(word) for word in words]
    found = (ALSO[" ".join(some)] for some in (words, singular) if " ".join(some) in ALSO)
    return frozenset(next(found, " ".join(singular)).split())


def called(label: str) -> list[str]:
    """Names of the shapes that show what `label` says, sorted: all of a class but those that have a word of their own,
    or one shape; none when no shape does.

    >>> called("Wine glasses"), called("truck")
    (['glass_wine'], ['car_truck'])
    """
    wanted = meaning(label)
    named = {name: frozenset(name.split("_")) for name in SHAPES}
    alike = {name for name in SHAPES if {label_of(name)} == wanted and named[name] not in APART}
    return sorted(alike | {name for name in SHAPES if named[name] == wanted}) or matching(label)


def meant(name: str) -> str:
    """``" (did you mean 'mug'?)"`` for ``cup`` or ``mgu``; where no shape is near, what there is."""
    return did_you_mean(next(iter(called(name)), name), SHAPES)


def _singular(word: str) -> str:
    known = {part for name in SHAPES for part in name.split("_")} | {part for words in ALSO for part in words.split()}
    stem = word.removesuffix("ves")
    ends = (word.removesuffix("s"), word.removesuffix("es"), stem + "f", stem + "fe")
    return next((end for end in ends if end in known), word)
