"""Filling up: after the pass over measured frames, paint what is missing, in a bounded number of rounds.

Every round is a queue of its own, made from the records of all that is committed, and saved before it is painted: who
is interrupted goes on with the same round, and how many workers there are changes nothing.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.balance.check import split_of
from generator.balance.completing import Lack, complete, lack
from generator.balance.pictured import foreseen, left_out
from generator.balance.plan import Plan
from generator.balance.tickets import Tickets
from generator.dataset.store import Dataset
from generator.farm.queue import Queue

if TYPE_CHECKING:
    from generator.farm.paint import Session

FILLING = 1000  # number of the first queue of this kind: those of plans and replacements have smaller ones
ROUNDS = 8
BLIND = 2  # times what was wanted may be painted in search of what no look can see


def fill(session: "Session") -> None:
    """Rounds until every split has what its config wants, or nothing that would do is found. `session.result` says how
    many frames were planned, and of which splits some are missing still, and why."""
    for turn in range(ROUNDS):
        path = queue_path(session.job.folder, FILLING + turn)
        queue = Queue.load(path) if path.exists() else _following(session)
        if not len(queue):
            break
        if not path.exists():
            session.saved(queue, path)
        session.result.filled += len(queue)
        session.paint_queue(queue)
    else:
        session.result.lacking = {one.split: str(one) for one in lacks(session)}
    session.sum_up()


def lacks(session: "Session") -> list[Lack]:
    """Splits of which fewer frames than wanted meet the rules. Where scenes have several views, fewer than a scene's
    are not missing."""
    dataset, spec = Dataset.open(session.mirror.place), session.job.spec
    rules, seed = session.config.balance, session.config.seed
    found = [lack(split_of(dataset, s), s, wanted, rules, spec.classes, seed) for s, wanted in session.wanted.items()]
    return [one for one in found if one.kept <= one.wanted - spec.camera.views]


def _following(session: "Session") -> Queue:
    """The queue of the next round; empty when all is there or nothing more is to be had."""
    missing, plans, told = {one.split: one for one in lacks(session)}, list[Plan](), dict[str, str]()
    queues = known(session.job.folder)
    for split, head in heads(queues).items():
        if one := missing.get(split):
            head, one = _completed(session, head, one)
            told[split] = str(one)
        plans.append(head)
    session.result.lacking = told
    return Queue.of(plans, session.config.farm.shard, session.job.spec.camera.views, after(queues))


def _completed(session: "Session", head: Plan, missing: Lack) -> tuple[Plan, Lack]:
    """`complete`. Where rules ask for tags that only pictures tell, nobody can look for them: as many frames as are
    missing are painted and judged anew, until `BLIND` times what was wanted is there."""
    spec, rules = session.job.spec, session.config.balance
    table = split_of(Dataset.open(session.mirror.place), head.split)
    hidden = left_out(rules, spec.edge_cases)
    if hidden and table.num_rows >= BLIND * missing.wanted:
        why = missing.why or f"of {table.num_rows} painted frames no more meet the rules"
        advice = f"only painted pictures tell {', '.join(hidden)}: relax those rules, or change the scene"
        return head, replace(missing, why=f"{why}; {advice}")
    looked_for = foreseen(rules, spec.edge_cases)
    return complete(head, table, missing, session.look(), looked_for, spec.classes, spec.camera.views)


def queue_path(folder: Path, turn: int) -> Path:
    """The queue of a round: 0 for the plan, then those of replacements; from `FILLING` on, those of filling up."""
    return folder / f"queue-{turn}.parquet"


def known(folder: Path) -> list[Queue]:
    """All queues that were ever made for this data set."""
    numbers = sorted(int(path.stem[6:]) for path in folder.glob("queue-*.parquet"))
    return [Queue.load(queue_path(folder, number)) for number in numbers]


def heads(queues: list[Queue]) -> dict[str, Plan]:
    """Per split the plan that has looked furthest, without its tickets."""
    found: dict[str, Plan] = {}
    for queue in queues:
        for split, text in queue.heads.items():
            plan = Plan.model_validate_json(text)
            if split not in found or plan.looked > found[split].looked:
                found[split] = plan.model_copy(update={"tickets": Tickets.of(split, ())})
    return found


def after(queues: list[Queue]) -> int:
    """The first number that no shard has."""
    return max((queue.shards.stop for queue in queues), default=0)
