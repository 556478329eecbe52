"""Which arms are trained on what, and whether synthetic pictures can help at all within a budget."""

from generator.base.errors import TrainError, did_you_mean

VIEWS = 50


def shares(arm: str, real_share: float) -> dict[str, float]:
    """Parts of the samples seen, per source. The mixed arm sees `real_share` real ones, however few there are."""
    arms = {
        "synthetic": {"synthetic": 1.0},
        "real": {"real": 1.0},
        "mixed": {"real": real_share, "synthetic": 1.0 - real_share},
    }
    if arm not in arms:
        raise TrainError(f"unknown arm {arm!r}{did_you_mean(arm, arms)}")
    return arms[arm]


def advice(real: int, synthetic: int, steps: int, batch: int) -> str:
    """What the budget rule says, in words.

    Poucin et al. (ICCVW 2021): a detector gains from each image for about 50 views, so steps * batch / 50 images can be
    used; all real ones first, synthetic ones for the rest. Below 50 views of the real ones alone synthetic ones did
    not help there.
    """
    useful = steps * batch // VIEWS
    room = useful - real
    budget = f"{steps} steps of {batch} can use about {useful} images ({VIEWS} views each)"
    if real and room <= 0:
        return (
            f"{budget}, no more than the {real} real ones: adding synthetic images is unlikely to help here; "
            f"train for more than {-(-VIEWS * real // batch)} steps, or with fewer real images"
        )
    if synthetic > room:
        return f"{budget}: {real} real and {room} of the {synthetic} synthetic ones; rendering more will not help here"
    return f"{budget}: all {real} real and {synthetic} synthetic ones, and {room - synthetic} more rendered could help"
