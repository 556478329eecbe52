"""What a running farm shows to others: a small file beside the data, replaced every few seconds."""

import json
import os
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.dataset.atomic import canonical
from generator.dataset.places import Place
from generator.farm.lock import alive, lock_path, read_lock

EVERY = 2.0  # seconds
WINDOW = 120.0  # seconds over which the rate is measured
SHOWN = 20  # quarantined frames that are named
STATUS = ".status.json"


@dataclass
class Board:
    """Collects and writes. For people only: nothing reads it back to decide anything, and a full disk is no matter."""

    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    _written: float = -EVERY
    _past: deque[tuple[float, int]] = field(default_factory=deque)

    def stage(self, stage: str, done: int, total: int, note: str) -> None:
        """Progress of a stage; of painting also its rate (frames/s) and the seconds that are left."""
        self.facts |= {"stage": stage, "done": done, "total": total, "note": note}
        if stage != "paint":
            return
        now = time.monotonic()
        self._past.append((now, done))
        while now - self._past[0][0] > WINDOW and len(self._past) > 2:
            self._past.popleft()
        passed, made = now - self._past[0][0], done - self._past[0][1]
        rate = made / passed if passed > 0 and made > 0 else 0.0
        self.facts |= {"rate": rate, "eta": (total - done) / rate if rate else None}

    def write(self, state: str = "running", **facts: Any) -> None:
        """Replace the file, if it is old enough or the run ends."""
        if state == "running" and time.monotonic() - self._written < EVERY:
            return
        self._written = time.monotonic()
        self.facts |= facts | {"state": state, "time": time.time()}
        temporary = self.folder / f"{STATUS}.tmp"
        with suppress(OSError):
            temporary.write_bytes(canonical(self.facts))
            os.replace(temporary, self.folder / STATUS)


def read_status(folder: Place) -> dict[str, Any] | None:
    """What the last driver wrote, None when there was none. A driver that is gone without a word is told as `killed`.

    `alive` is whether a driver holds the folder now.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / STATUS).read_text())
    except (OSError, ValueError):
        return None
    holder = read_lock(lock_path(folder))
    facts |= {"alive": alive(holder), "driver": holder}
    if facts.get("state") == "running" and not facts["alive"]:
        facts["state"] = "killed"
    return facts
