"""The farm with the raycast painter: whatever is killed, the data set is byte for byte the same."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import ray
from test_spec import SCENE

from generator.base.errors import BalanceError, DatasetError, DeviceError, GeneratorError, RenderError
from generator.dataset.store import Dataset
from generator.farm.actors import RayPool
from generator.farm.cluster import cluster
from generator.farm.crew import Crew, Lost, Task, source
from generator.farm.job import Job
from generator.farm.lock import locked
from generator.farm.messages import Report, ShardTicket
from generator.farm.paint import paint
from generator.farm.worker import Worker
from generator.spec.config import Farm, RunConfig
from generator.spec.load import load_scene

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore::ResourceWarning"),
              pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.filterwarnings("ignore::FutureWarning")]  # fmt: skip
CONFIG = {"run": "balls", "scene": "scene.yaml", "frames": {"train": 40, "val": 8}, "size": [64, 48],
          "balance": {"caps": {"night": 0.3}}, "farm": {"workers": 2, "shard": 4}}  # fmt: skip
DRIVER = """
import sys, json
from collections import Counter
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_farm import run
run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
"""


def silent(*_: object) -> None:
    """Progress that nobody sees."""


def job_of(scene: Path, folder: Path, **changes: object) -> tuple[RunConfig, Job]:
    config = RunConfig.model_validate({**CONFIG, **changes})
    return config, Job.of(config, load_scene(scene), (), folder, painter="raycast")


def run(scene: Path, folder: Path, workers: int = 2, address: str = "local") -> None:
    config, job = job_of(scene, folder, farm={"workers": workers, "shard": 4, "address": address})
    paint(config, job, silent)


def hashes(folder: Path) -> dict[str, str]:
    """Every file of a data set by content, leftovers of killed writers (hidden) aside."""
    files = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.yaml"
    path.write_text(SCENE)
    return path


@pytest.fixture(scope="module")
def reference(scene: Path, tmp_path_factory: pytest.TempPathFactory, ray_cluster: str) -> Path:
    """The data set of an undisturbed run with two workers, on a cluster that it joins."""
    folder = tmp_path_factory.mktemp("reference") / "dataset"
    run(scene, folder, address=ray_cluster)
    return folder


def start(scene: Path, folder: Path, workers: int = 2) -> subprocess.Popen[bytes]:
    code = DRIVER.format(tests=str(Path(__file__).parent))
    return subprocess.Popen([sys.executable, "-c", code, str(scene), str(folder), str(workers)], start_new_session=True)


def wait_for(condition: object, seconds: float = 300) -> None:
    """The limit only keeps a farm that hangs from stopping all tests; beside other work, painters start late."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def painters(driver: int) -> list[psutil.Process]:
    """Worker processes of a driver's cluster that hold a Worker."""
    found = []
    for process in psutil.Process(driver).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # gone, or a zombie, since it was listed
            found += [process] if "ray::Actor" in " ".join(process.cmdline()) else []
    return found


def test_everything_is_there_once_and_holds_together(reference: Path) -> None:
    dataset = Dataset.open(reference)
    assert len(dataset) == 48 and not dataset.quarantined
    assert [f.split for f in dataset.frames].count("val") == 8
    assert len({f.key for f in dataset.frames}) == 48
    for record, frame, sample in dataset:
        assert frame.faults() == [] and sample.index == record.index
    nights = sum("night" in f.tags for f in dataset.frames if f.split == "train")
    assert nights <= 0.3 * 40


def test_one_worker_makes_the_same_bytes(scene: Path, reference: Path, tmp_path: Path) -> None:
    """On a cluster that is started for it."""
    run(scene, tmp_path / "dataset", workers=1)
    assert hashes(tmp_path / "dataset") == hashes(reference)


def test_without_ray_a_worker_makes_the_same_shard(scene: Path, reference: Path, tmp_path: Path) -> None:
    """The farm adds nothing to what a worker does when called by hand."""
    from generator.balance.plan import Plan

    _, job = job_of(scene, tmp_path)
    tickets = Plan.load(reference / "plan-train.json").tickets
    report = Worker(job).paint(ShardTicket(1, tickets[4:8]))
    assert report.painted == 4
    for name in ("shard-00001.tar", "shard-00001.parquet"):
        assert (tmp_path / name).read_bytes() == (reference / name).read_bytes()


def test_drivers_and_workers_killed_at_any_moment_lose_and_double_nothing(
    scene: Path, reference: Path, tmp_path: Path
) -> None:
    """Driver killed -9 while looking and while painting; then a worker killed -9; the last driver finishes."""
    folder = tmp_path / "dataset"
    for shards in (0, 2, 5):
        driver = start(scene, folder)
        wait_for(
            lambda n=shards: (folder / "manifest.json").exists() and len(list(folder.glob("shard-*.parquet"))) >= n
        )
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    driver = start(scene, folder)
    wait_for(lambda: painters(driver.pid) or driver.poll() is not None)
    for victim in painters(driver.pid)[:1] if driver.poll() is None else []:
        victim.kill()
    assert driver.wait(timeout=120) == 0
    assert hashes(folder) == hashes(reference)


def test_a_finished_run_does_nothing(scene: Path, reference: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in reference.iterdir()}
    config, job = job_of(scene, reference)
    result = paint(config, job, silent)
    assert result.painted == 0 and result.finished == result.frames == 48
    assert {p: p.stat().st_mtime_ns for p in reference.iterdir()} == before


def test_a_folder_of_another_run_is_refused(scene: Path, reference: Path, tmp_path: Path) -> None:
    config, job = job_of(scene, reference, seed=1)
    with pytest.raises(DatasetError, match=r"belongs to another run: seed: 0 there, 1 asked"):
        paint(config, job, silent)
    config, job = job_of(scene, reference, frames={"train": 41, "val": 8})
    with pytest.raises(DatasetError, match=r"was planned otherwise: frames"):
        paint(config, job, silent)
    (tmp_path / "foreign.txt").write_text("mine")
    config, job = job_of(scene, tmp_path)
    with pytest.raises(DatasetError, match=r"foreign.txt"):
        paint(config, job, silent)
    assert (tmp_path / "foreign.txt").read_text() == "mine"


def test_too_many_quarantined_frames_stop_the_run_and_every_later_one(
    scene: Path, tmp_path: Path, ray_cluster: str
) -> None:
    """Running again must not wear the limit down: what earlier sessions quarantined counts."""
    blinding = scene.read_text().replace("power: 5}", "power: 5000}")
    (tmp_path / "blinding.yaml").write_text(blinding)
    farm = {"workers": 2, "shard": 4, "address": ray_cluster}
    config, job = job_of(tmp_path / "blinding.yaml", tmp_path / "dataset", farm=farm)
    shards = []
    for _ in range(2):
        with pytest.raises(RenderError, match="failed their audit"):
            paint(config, job, silent)
        shards.append(sorted(p.name for p in job.folder.glob("shard-*.parquet")))
    assert len(Dataset.open(job.folder).quarantined) >= 3
    assert shards[0] and shards[1] == shards[0], "the second run paints nothing more"


def test_two_drivers_on_one_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "dataset"), pytest.raises(DatasetError, match="another run is painting here"):
        with locked(tmp_path / "dataset"):
            pass


def test_rules_that_no_scene_meets_are_named(scene: Path, tmp_path: Path, ray_cluster: str) -> None:
    scene.write_text(SCENE.replace("edge_cases:\n", "edge_cases:\n  vast: {pixels: {above: 3000}}\n"))  # of 64 x 48
    rules = {"floors": {"vast": 0.9}, "proposals": 1.5}
    config, job = job_of(scene, tmp_path / "dataset", balance=rules, farm={"workers": 2, "address": ray_cluster})
    with pytest.raises(BalanceError, match="vast"):
        paint(config, job, silent)


def test_an_address_where_nothing_listens_is_refused_at_once() -> None:
    with socket.socket() as taken:  # bound but not listening: nobody else can take the port meanwhile
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(GeneratorError, match="no Ray cluster can be joined"), cluster(Farm(address=address)):
            pass


class Moody:
    """Stands in for a `Worker`: sleeps for ever on "hang", dies on "die", has no memory on "full", answers else."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def act(self, task: str) -> Report:
        if task == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        if task == "full":
            raise DeviceError("out of GPU memory")
        if task == "hang":
            time.sleep(600)
        return Report(0, 1)


def test_tasks_that_kill_or_hang_their_worker_are_given_up_and_the_rest_goes_on(
    scene: Path, tmp_path: Path, ray_cluster: str
) -> None:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test
    config, job = job_of(scene, tmp_path, farm={"workers": 2, "address": ray_cluster})
    with cluster(config.farm):
        crew = Crew(config.farm, RayPool(job, config.farm, Moody))
        tasks = (
            Task("act", (word,), 4.0 if word == "hang" else 120.0, 2, 2)
            for word in ["a", "die", "b", "hang", "full", "c"]
        )
        answers = list(crew.run(source(tasks)))
        lost = {a.task.args[0]: a.reason for a in answers if isinstance(a, Lost)}
        hung = "took more than 4 s, 2 tries"
        assert lost == {"die": "killed its worker, 2 tries", "hang": hung, "full": "out of GPU memory, 2 tries"}
        assert sorted(a[0].args[0] for a in answers if not isinstance(a, Lost)) == ["a", "b", "c"]
        assert crew.deaths == 6


class Countable:
    """Stands in for a `Worker`: says which process it is and which GPUs that sees."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def act(self) -> Report:
        time.sleep(0.05)
        return Report(0, 1, pid=os.getpid(), device=os.environ.get("CUDA_VISIBLE_DEVICES", "all"))


@pytest.fixture(scope="module")
def two_gpus() -> Iterator[None]:
    """A cluster here that declares so many, for the last tests of this module."""
    ray.init(address="local", num_cpus=4, num_gpus=2, include_dashboard=False, object_store_memory=100_000_000,
             log_to_driver=False, configure_logging=False)  # fmt: skip
    yield
    ray.shutdown()


@pytest.mark.usefixtures("two_gpus")
def test_a_worker_that_holds_no_gpu_sees_none_on_a_cluster(scene: Path, tmp_path: Path) -> None:
    """Else a run that began on cores would paint on the GPUs of machines that join it, and mix two devices."""
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    farm = Farm(address="joined", device="cpu", workers=1)
    crew = Crew(farm, RayPool(job_of(scene, tmp_path)[1], farm, Countable))
    seen = [answer[1].device for answer in crew.run(source(iter([Task("act", (), 120.0)])))]  # type: ignore[index]
    assert seen == [""]


@pytest.mark.usefixtures("two_gpus")
def test_workers_share_declared_gpus_and_are_replaced_when_old(scene: Path, tmp_path: Path) -> None:
    """GPUs that are only declared: four workers on two of them, each told which is its own, none older than 3 frames."""
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    farm = Farm(gpu_share=0.5, recycle_frames=3)
    _, job = job_of(scene, tmp_path)
    crew = Crew(farm, RayPool(job, farm, Countable))
    assert (crew.placement.workers, crew.placement.gpus) == (4, 0.5)
    tasks = (Task("act", (), 120.0) for _ in range(24))
    reports = [answer[1] for answer in crew.run(source(tasks)) if not isinstance(answer, Lost)]
    assert len(reports) == 24 and {r.device for r in reports} <= {"0", "1"}
    ages = Counter(r.pid for r in reports)
    assert max(ages.values()) <= 3 and crew.recycled >= 4 and crew.deaths == 0
