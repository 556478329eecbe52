"""What trainings noted beside their weights: what was done to labels, what was taken over, how validations went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from generator.base.errors import DatasetError
from generator.base.record import Record
from generator.dataset.places import Place, entries
from generator.mix.recipes import ARMS, phases
from generator.report import charts
from generator.report.grid import color
from generator.report.results import NONE, ORDER
from generator.report.statistics import Figure
from generator.spec.naming import DEFAULT
from generator.spec.training import Train

T = TypeVar("T")


class Cut(Record):
    """Of one class, the pixels that an instance needs, and how many instances stayed and went."""

    pixels: int
    kept: int
    removed: int


class Removal(Record):
    """How the smallest instances were removed: the rule, what they became, and the cut of every class."""

    smallest: float | dict[str, float] | Literal["match"]
    becomes: str
    classes: dict[str, Cut]

    @property
    def rule(self) -> str:
        if self.smallest == "match":
            return "so that the sizes of the others are distributed as those on photographs"
        shares = self.smallest if isinstance(self.smallest, dict) else {"each class": self.smallest}
        named = {"the others" if name == DEFAULT else name: share for name, share in shares.items()}
        return "up to " + ", ".join(f"{share:.0%} of {name}" for name, share in named.items())


class Labels(Record):
    """A source as training found it: its images, how many show each class, and what was done to its labels. `read` are
    the classes before `harmonized`, instances per rule."""

    images: int
    shown: dict[str, int]
    read: tuple[str, ...] = ()
    harmonized: dict[str, int] = {}
    removed: Removal | None = None
    hash: str = ""

    @property
    def classes(self) -> list[str]:
        return list(self.shown | (self.removed.classes if self.removed else {}))


class Preparation(Record):
    """A file ``preparation.json``: the sources by name, and what the budget of steps suffices for."""

    sources: dict[str, Labels]
    budget: str


class Taken(Record):
    """What a phase took over: how many tensors whole, of which only the rows of some classes; names of those that
    stayed fresh, and of stored ones without a place."""

    kept: int
    rows: dict[str, tuple[str, ...]]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def classes(self) -> list[str]:
        """Whose rows were taken over where not all were; the background's always are."""
        return sorted({name for some in self.rows.values() for name in some})

    @staticmethod
    def layers(names: Sequence[str]) -> list[str]:
        """The layers that tensors belong to, by the first two parts of their names."""
        return sorted({".".join(name.split(".")[:2]) for name in names})


class Looks(Record):
    """A file ``validations.json``: all (step, score), steps from 0, and the step whose weights were kept."""

    validations: tuple[tuple[int, float], ...] = Field(min_length=1)
    chosen: int

    @model_validator(mode="after")
    def _known(self) -> "Looks":
        if self.chosen not in dict(self.validations):
            raise ValueError(f"the chosen step {self.chosen} was not validated")
        return self


@dataclass(frozen=True)
class Source:
    """The labels of a source. `detectors` are named where not all were given the same."""

    name: str
    labels: Labels
    detectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Takeover:
    """What some detectors took over from a file or a phase, at the beginning of a phase."""

    detectors: tuple[str, ...]
    phase: str
    origin: str
    taken: Taken


def trainings(run: Place, train: Train | None) -> dict[str, Any]:
    """What the template `trainings.jinja` shows, and the figures of validations; empty where nothing was noted.
    DatasetError for files that cannot be read."""
    folders = sorted(entries(run / "train", "*-*"), key=_order)
    prepared = _each(folders, "preparation.json", TypeAdapter(Preparation))
    taken = _each(folders, "transfers.json", TypeAdapter(dict[str, Taken]))
    return {
        "budgets": list(dict.fromkeys(one.budget for one in prepared.values() if one.budget)),
        "prepared": _sources(prepared),
        "takeovers": _takeovers(taken, train),
        "validations": _figures(_each(folders, "validations.json", TypeAdapter(Looks))),
    }


def _order(folder: Place) -> tuple[int, str]:
    arm = folder.name.partition("-")[0]
    return ORDER.index(arm) if arm in ORDER else len(ORDER), folder.name


def _each(folders: list[Place], name: str, kind: TypeAdapter[T]) -> dict[str, T]:
    """By detector, the note of that name, where it has one."""
    found = {}
    for folder in folders:
        path = folder / name
        try:
            found[folder.name] = kind.validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValidationError) as error:
            raise DatasetError(f"{path}: cannot be read ({error}); delete the folder and train again") from error
    return found


def _sources(prepared: Mapping[str, Preparation]) -> list[Source]:
    alike: dict[tuple[str, str], list[str]] = {}
    for detector, one in prepared.items():
        for name, labels in one.sources.items():
            alike.setdefault((name, labels.model_dump_json()), []).append(detector)
    names = [name for name, _ in alike]
    return [
        Source(name, Labels.model_validate_json(told), tuple(detectors) if names.count(name) > 1 else ())
        for (name, told), detectors in sorted(alike.items())
    ]


def _takeovers(taken: Mapping[str, Mapping[str, Taken]], train: Train | None) -> list[Takeover]:
    """One for all detectors of an arm that took over the same."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for detector, by_phase in taken.items():
        for phase, origin in _origins(detector.partition("-")[0], by_phase, train):
            alike.setdefault((detector.partition("-")[0], phase, origin, by_phase[phase].model_dump_json()), []).append(
                detector
            )
    return [
        Takeover(tuple(detectors), phase, origin, Taken.model_validate_json(told))
        for (_, phase, origin, told), detectors in alike.items()
    ]


def _origins(arm: str, known: Mapping[str, Taken], train: Train | None) -> Iterator[tuple[str, str]]:
    """The phases of an arm that took something over, in their order, and from what."""
    names = [one.name for one in phases(arm, train)] if train and arm in ARMS else []
    for before, name in zip([None, *names], names, strict=False):
        if name in known:
            yield name, f"the end of {before}" if before else train.init if train and train.init else NONE
    yield from ((name, NONE) for name in sorted(known.keys() - set(names)))


def _figures(looks: Mapping[str, Looks]) -> list[Figure]:
    """The scores of all validated detectors in one chart."""
    if not looks:
        return []
    drawn = []
    for detector, one in looks.items():
        steps = [step + 1 for step, _ in one.validations]
        kept = one.chosen + 1, dict(one.validations)[one.chosen]
        ink = color(detector.partition("-")[0])
        drawn.append(charts.Curve(detector, ink, steps, [score for _, score in one.validations], kept))
    kept_by = ", ".join(f"{name} {one.chosen + 1:,}" for name, one in looks.items())
    return [
        Figure(
            "Validation", charts.curves(drawn, "Score on validation photographs by step", "step", "score"),
            "Box AP on the validation photographs (of depth: the share of pixels within a quarter of the truth). The "
            f"dot is the step whose weights were kept, because it is the highest: {kept_by}.",
            charts.legend({name.partition("-")[0]: color(name.partition("-")[0]) for name in looks}),
        )
    ]  # fmt: skip
