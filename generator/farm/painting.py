"""`Painting`: what a painting run did, for the records of the run and for people."""

from dataclasses import dataclass, field

from generator.farm.worker import Report


@dataclass
class Painting:
    """What a painting run did: frames found finished, painted now, quarantined; scenes looked at; workers replaced
    because they died or because they had grown; frames planned for those in quarantine, and those for which no other
    scene was found; seconds per stage (summed over workers) and on the wall; the greatest memory of a worker in MB."""

    frames: int = 0
    finished: int = 0
    painted: int = 0
    looked: int = 0
    deaths: int = 0
    quarantined: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    wall: float = 0.0
    memory: float = 0.0
    device: str = ""
    recycled: int = 0
    refilled: int = 0
    short: int = 0

    def after(self, earlier: "Painting") -> "Painting":
        """This session together with those before it on the same data set."""
        seconds = {
            k: self.seconds.get(k, 0.0) + earlier.seconds.get(k, 0.0) for k in {**self.seconds, **earlier.seconds}
        }
        return Painting(
            frames=self.frames, finished=0, painted=self.painted + earlier.painted,
            looked=self.looked + earlier.looked, deaths=self.deaths + earlier.deaths,
            quarantined=earlier.quarantined | self.quarantined, seconds=seconds, wall=self.wall + earlier.wall,
            memory=max(self.memory, earlier.memory), device=self.device or earlier.device,
            recycled=self.recycled + earlier.recycled, refilled=max(self.refilled, earlier.refilled),
            short=max(self.short, earlier.short),
        )  # fmt: skip

    def add(self, report: Report) -> None:
        self.painted += report.painted
        self.quarantined |= report.quarantined
        self.memory, self.device = max(self.memory, report.memory), report.device or self.device
        for stage, spent in report.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent

    @property
    def note(self) -> str:
        """Seconds per frame of a worker, and failures."""
        each = sum(self.seconds.values()) / max(1, self.painted + len(self.quarantined))
        bad = f", {len(self.quarantined)} quarantined" if self.quarantined else ""
        return f"{each:.2f} s a frame{bad}" + (f", {self.deaths} workers replaced" if self.deaths else "")
