"""`Painting`: what a painting run did, for the records of the run and for people."""

from dataclasses import dataclass, field

from generator.farm.messages import Report


@dataclass
class Painting:
    """What a painting run did: frames found finished, painted now, quarantined; scenes looked at; workers replaced
    because they died or because they had grown; frames planned for those in quarantine, and those for which no other
    scene was found; frames planned to fill up what the pass over measured frames left out, and splits of which some are
    missing still, in words; seconds per stage (summed over workers) and on the wall; the greatest memory of a worker in
    MB; what people were warned of."""

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
    filled: int = 0
    lacking: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

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
            short=max(self.short, earlier.short), filled=max(self.filled, earlier.filled), lacking=self.lacking,
            warnings=list(dict.fromkeys([*earlier.warnings, *self.warnings])),
        )  # fmt: skip

    def add(self, report: Report) -> None:
        self.painted += report.painted
        self.quarantined |= report.quarantined
        self.memory, self.device = max(self.memory, report.memory), report.device or self.device
        for stage, spent in report.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent

    @property
    def note(self) -> str:
        """Seconds of work per frame and the stages that take most of them, and failures."""
        spent = max(sum(self.seconds.values()), 1e-9)
        each = spent / max(1, self.painted + len(self.quarantined))
        most = sorted(self.seconds.items(), key=lambda pair: -pair[1])[:2]
        stages = ", ".join(f"{name} {100 * seconds / spent:.0f} %" for name, seconds in most)
        bad = f", {len(self.quarantined)} quarantined" if self.quarantined else ""
        return f"{each:.2f} s a frame ({stages}){bad}" + (f", {self.deaths} workers replaced" if self.deaths else "")
