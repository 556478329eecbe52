"""Looking at scenes with a crew: how planning and replanning see them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from generator.balance.looks import Looked
from generator.balance.plan import Look
from generator.farm.crew import Crew, Lost, Task

LOOKS = 16  # scenes in one task of looking
AHEAD = 4096  # tasks that may be done before their turn: what waits for one slow scene stays bounded
SCENE_SECONDS = 120.0  # looking at one scene may take no longer


def looker(crew: Crew, attempts: int, progress: Callable[[int, int], None]) -> Look:
    """A `Look` that asks the crew, and answers in order while it works. A block that kills its worker twice, or hangs,
    is looked at scene by scene; a scene that goes on doing so is rejected as poison. `progress` gets (found, wanted) of
    the present call."""

    def look(indices: Sequence[int]) -> Iterator[Looked]:
        blocks = iter(range(0, len(indices), LOOKS))
        again, early, found, asked, given = deque[Task](), dict[int, Looked](), 0, 0, 0

        def following() -> Task | None:
            nonlocal asked
            if again:
                return again.popleft()
            start = next(blocks, None) if asked - given < AHEAD * LOOKS else None
            if start is None:
                return None
            asked = min(start + LOOKS, len(indices))
            return task(tuple(indices[start:asked]), attempts)

        for answer in crew.run(following):
            fresh = heard(answer, again, attempts)
            early |= {one.index: one for one in fresh}
            found += len(fresh)
            progress(found, len(indices))
            while given < len(indices) and indices[given] in early:
                yield early.pop(indices[given])
                given += 1

    return look


def heard(answer: tuple[Task, list[Looked]] | Lost, again: deque[Task], attempts: int) -> list[Looked]:
    """What an answer found; a block that is lost comes `again` in pieces."""
    if not isinstance(answer, Lost):
        return answer[1]
    block = answer.task.args[0]
    if len(block) == 1:
        return [Looked(block[0], rejected=f"poison: {answer.reason}")]
    again.extendleft(task((index,), attempts) for index in reversed(block))
    return []


def task(block: tuple[int, ...], attempts: int) -> Task:
    limit = SCENE_SECONDS * len(block)
    return Task("look", (block,), limit, 2, 1) if len(block) > 1 else Task("look", (block,), limit, attempts, attempts)
