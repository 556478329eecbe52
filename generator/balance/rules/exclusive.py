"""``groups: {time: [day, dusk, night]}``: tags that exclude each other, checked before anything is solved."""

import numpy as np

from generator.balance.candidates import Candidates
from generator.balance.rules import RULES, BalanceRule, Rule, percent
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance


@RULES("exclusive")
class Exclusive(BalanceRule):
    def refuse(self, rules: Balance, frames: Candidates) -> None:
        for name, tags in sorted(rules.groups.items()):
            held = np.sum([frames.column(tag) for tag in tags], axis=0, dtype=np.int64)
            if both := int((held > frames.weight).sum()):
                raise BalanceError(
                    f"groups.{name}: {both} frames have several of {', '.join(tags)}, which exclude each other: "
                    "sharpen those edge cases"
                )
            self._sums(name, tags, rules, bool((held == frames.weight).all()))

    def _sums(self, name: str, tags: tuple[str, ...], rules: Balance, exhaustive: bool) -> None:
        caps, floors = (sum(part.get(tag, rest) for tag in tags) for part, rest in ((rules.caps, 1), (rules.floors, 0)))
        if exhaustive and caps < 1 - 1e-9:
            raise BalanceError(
                f"groups.{name}: every frame is one of {', '.join(tags)}, yet their caps add up to {percent(caps)}: "
                f"raise them by {percent(1 - caps)} together"
            )
        if floors > 1 + 1e-9:
            raise BalanceError(
                f"groups.{name}: the floors of {', '.join(tags)} add up to {percent(floors)}: lower them by "
                f"{percent(floors - 1)} together"
            )

    def asks(self, rule: Rule) -> str:
        raise NotImplementedError
