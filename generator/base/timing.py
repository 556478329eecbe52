"""Where the time goes. For progress and benchmarks only: no result depends on it."""

import time


class timed:
    """Adds the wall seconds of a block to a table: ``with timed(seconds, "label"): ...``."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self.seconds, self.stage = seconds, stage

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + time.perf_counter() - self.start
