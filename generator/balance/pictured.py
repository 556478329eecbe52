"""Tags that only a painted picture tells, such as ``dim: {image.brightness: {below: 0.3}}``.

No look knows them, so that a plan that heeded their rules would find no scene to meet them. A plan leaves those rules
out; the choice among painted frames keeps them as it keeps all others.
"""

from collections.abc import Mapping

from generator.spec.balancing import Balance
from generator.spec.edges import EdgeCase, conditions, names_in
from generator.spec.known import IMAGE_FACTS

OF_TAGS = ("caps", "floors", "prevalence", "variety", "instance_caps", "instance_floors")  # rules by tag


def pictured(cases: Mapping[str, EdgeCase]) -> frozenset[str]:
    """Edge cases that ask for a fact of the picture (`known.IMAGE_FACTS`), themselves or through others."""
    found = {name for name, case in cases.items() if any(fact in IMAGE_FACTS for _, fact, _ in conditions(case))}
    while more := {name for name, case in cases.items() if name not in found and not found.isdisjoint(names_in(case))}:
        found |= more
    return frozenset(found)


def foreseen(rules: Balance, cases: Mapping[str, EdgeCase]) -> Balance:
    """The rules that a look can keep: those without tags that only a picture tells."""
    unseen = pictured(cases)
    parts = {name: {tag: v for tag, v in getattr(rules, name).items() if tag not in unseen} for name in OF_TAGS}
    groups = {name: tags for name, tags in rules.groups.items() if unseen.isdisjoint(tags)}
    blind = unseen | (rules.groups.keys() - groups.keys())
    quotas = tuple(one for one in rules.quotas if blind.isdisjoint(one.by))
    return rules.model_copy(update={**parts, "groups": groups, "quotas": quotas})


def left_out(rules: Balance, cases: Mapping[str, EdgeCase]) -> tuple[str, ...]:
    """Tags, sorted, some rule about which `foreseen` leaves out."""
    named = {tag for name in OF_TAGS for tag in getattr(rules, name)}
    named |= {tag for tags in rules.groups.values() for tag in tags}
    named |= {factor for quota in rules.quotas for factor in quota.by}
    return tuple(sorted(named & pictured(cases)))


def told(rules: Balance, cases: Mapping[str, EdgeCase]) -> str:
    """What the plan leaves for later, in words; empty where that is nothing."""
    if not (tags := left_out(rules, cases)):
        return ""
    return (
        f"balance: only painted pictures tell {', '.join(tags)}: planned without those rules, which choosing among the "
        "painted frames keeps (`generator render --fill` then paints what is missing)"
    )
