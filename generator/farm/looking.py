"""Looking at scenes with a crew: how planning and replanning see them."""

from collections import deque
from collections.abc import Callable, Sequence

from generator.balance.plan import Look, Looked
from generator.farm.crew import Crew, Lost, Task

LOOKS = 16  # scenes in one task of looking
SCENE_SECONDS = 120.0  # looking at one scene may take no longer


def looker(crew: Crew, attempts: int, progress: Callable[[int, int], None]) -> Look:
    """A `Look` that asks the crew. A block that kills its worker twice, or hangs, is looked at scene by scene; a scene
    that goes on doing so is rejected as poison. `progress` gets (found, wanted) of the present call."""

    def look(indices: Sequence[int]) -> list[Looked]:
        todo = deque(task(tuple(indices[k : k + LOOKS]), attempts) for k in range(0, len(indices), LOOKS))
        found: dict[int, Looked] = {}
        for answer in crew.run(lambda: todo.popleft() if todo else None):
            if not isinstance(answer, Lost):
                found |= {one.index: one for one in answer[1]}
            elif len(block := answer.task.args[0]) > 1:
                todo.extendleft(task((index,), attempts) for index in reversed(block))
            else:
                found[block[0]] = Looked(block[0], rejected=f"poison: {answer.reason}")
            progress(len(found), len(indices))
        return [found[i] for i in indices]

    return look


def task(block: tuple[int, ...], attempts: int) -> Task:
    limit = SCENE_SECONDS * len(block)
    return Task("look", (block,), limit, 2, 1) if len(block) > 1 else Task("look", (block,), limit, attempts, attempts)
