"""Several workers: together they see what one sees, and learn what one learns."""

import json
import multiprocessing
import os
import socket
from pathlib import Path

import pytest
from test_recipes import Squares

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.spec.training import Train

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.train import checkpoint, team  # noqa: E402
from generator.train.augment import Augment  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.program import Program  # noqa: E402
from generator.train.run import Run  # noqa: E402

# Plain gradient descent: Adam would make the last bits of a tiny gradient as large as any other.
TINY = Train(model="fcos", optimizer="sgd", steps=3, batch=4, size=64, checkpoint_every=2, precision="float32")
SOURCES = {"real": Squares("real", count=7), "synthetic": Squares("synthetic", count=5)}
SHARES = {"real": 0.5, "synthetic": 0.5}


def program(spec: Train = TINY) -> Program:
    return Program.of(SOURCES, SHARES, spec, 0, Augment())


@pytest.mark.parametrize("ranks", [2, 4])
def test_workers_get_the_pictures_that_one_would(ranks: int) -> None:
    batches = program().stages[0].batches
    whole = batches(1)
    parts = [batches(1, rank=rank, ranks=ranks) for rank in range(ranks)]
    for slot, key in enumerate(whole.keys):
        part, place = parts[slot % ranks], slot // ranks
        assert part.keys[place] == key
        assert torch.equal(part.pictures[place], whole.pictures[slot])
        assert torch.equal(part.targets[place]["boxes"], whole.targets[slot]["boxes"])


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def learned() -> tuple[list[dict[str, float]], dict[str, torch.Tensor], list[str]]:
    """Losses, gradients of the first step and pictures of two steps."""
    made = program()
    run = Run.begin(made, 0)
    losses, first, keys = [], {}, []
    for step in range(2):
        batch = made.batch(step)
        keys += batch.keys
        losses.append(run.learn(batch, 0.01, Draw(0, step)))
        first = first or gradients(run.model)
    return losses, first, keys


def one_of_two(rank: int, port: int, out: Path) -> None:
    """A worker's process: a gloo group, without Ray."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    assert (team.rank(), team.size()) == (rank, 2)
    assert team.gathered(rank) == [0, 1] and team.total(rank + 1, torch.device("cpu")) == 3
    torch.save(learned(), out / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_workers_compute_the_gradients_of_one(tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=one_of_two, args=(rank, port, tmp_path)) for rank in range(2)]
    for worker in workers:
        worker.start()
    losses, expected, keys = learned()
    for worker in workers:
        worker.join(300)
        assert worker.exitcode == 0
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    assert [key for pair in zip(found[0][2], found[1][2], strict=True) for key in pair] == keys
    assert found[0][0] == found[1][0]
    for mine, alone in zip(found[0][0], losses, strict=True):
        assert mine == pytest.approx(alone, rel=1e-3)
    length = torch.sqrt(sum((one**2).sum() for one in expected.values()))
    for name, one in expected.items():
        assert torch.equal(found[0][1][name], found[1][1][name])
        assert (found[0][1][name] - one).norm() < 1e-3 * length


def test_batches_must_be_dealt_out_evenly() -> None:
    with pytest.raises(ValueError, match="4 cannot be dealt out evenly to 3 workers"):
        Train(workers=3)


@pytest.fixture
def findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's workers find the classes of these tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray warns of its own old settings
def test_ray_trains_with_two_workers_as_with_one(tmp_path: Path, findable: None) -> None:
    spec = TINY.model_copy(update={"workers": 2})
    steps: list[int] = []
    model = train(SOURCES, SHARES, spec, tmp_path / "two", 0, on_step=lambda step, _: steps.append(step))
    assert steps == [0, 1, 2]
    together = checkpoint.load(model)
    alone = checkpoint.load(train(SOURCES, SHARES, TINY, tmp_path / "one", 0))
    assert together.keys() == alone.keys()
    assert together["seen"] == alone["seen"] and together["train"] == alone["train"]
    for name, value in alone["weights"].items():
        assert torch.allclose(together["weights"][name].float(), value.float(), atol=1e-3), name
    logs = [
        [json.loads(line) for line in (tmp_path / n / "log.jsonl").read_text().splitlines()] for n in ("two", "one")
    ]
    assert logs[0][0] == pytest.approx(logs[1][0], rel=1e-3)


@pytest.mark.ray
@pytest.mark.filterwarnings("default")  # Ray warns of its own old settings
def test_more_workers_than_gpus_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray would wait for more, in silence."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(TrainError, match=r"this machine has 0 GPUs, and each worker needs one; set train\.workers: 1"):
        train(SOURCES, SHARES, TINY.model_copy(update={"workers": 2}), tmp_path, 0)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray warns of its own old settings
def test_a_fault_in_a_worker_is_told_in_its_words(tmp_path: Path, findable: None) -> None:
    spec = TINY.model_copy(update={"workers": 2, "rate": 1e30})
    with pytest.raises(TrainError, match=r"not finite .* on .*lower `train\.rate`"):
        train(SOURCES, SHARES, spec, tmp_path, 0)
    assert not (tmp_path / "model.pt").exists()
