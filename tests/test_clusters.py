"""Cluster files: those that ship are right, and every mistake is told at its place."""

import copy
import re
from pathlib import Path

import pytest
import yaml

from generator.base.errors import InputError
from generator.spec.clusters import check_cluster, is_cluster
from generator.spec.manifests import number

ROOT = Path(__file__).parent.parent
KUBERAY, RAY_UP = (ROOT / "configs/cluster" / name for name in ("kuberay.yaml", "ray.yaml"))
GPU_CONFIG = """
run: gpus
scene: {scene}
frames: {{train: 4}}
size: [64, 48]
output: {output}
farm: {farm}
"""


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(InputError) as raised:
        check_cluster(path)
    return [(one.line, f"{one.path}: {one.message}") for one in raised.value.problems]


def changed(tmp_path: Path, original: Path, old: str, new: str) -> tuple[Path, int]:
    """The file with one text replaced, and the line of that."""
    text = original.read_text()
    assert old in text
    path = tmp_path / original.name
    path.write_text(text.replace(old, new, 1))
    return path, text[: text.index(old)].count("\n") + 1


def test_what_ships_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "0 to 8 x gpu (8 cores, 1 GPUs)" in check_cluster(KUBERAY)
    assert check_cluster(RAY_UP) == "for `ray up`: generator, on local"
    assert all(is_cluster(yaml.safe_load(path.read_text())) for path in (KUBERAY, RAY_UP))
    others = [*ROOT.glob("scenes/*.yaml"), *ROOT.glob("configs/*.yaml")]
    assert others and not any(is_cluster(yaml.safe_load(path.read_text())) for path in others)


@pytest.mark.filterwarnings("ignore")
def test_ray_itself_takes_what_ships_and_refuses_what_we_refuse() -> None:
    from ray.autoscaler._private import util

    good = yaml.safe_load(RAY_UP.read_text())
    util.validate_config(util.prepare_config(copy.deepcopy(good)))
    with pytest.raises(Exception, match="clustr_name"):
        util.validate_config(util.prepare_config({**copy.deepcopy(good), "clustr_name": "x"}))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: RayJob", "kind: RayJobs", "kind: must be RayJob or RayCluster, not 'RayJobs' (did you mean 'RayJob'?)"),
        ("ray.io/v1", "ray.io/v1alpha1", "apiVersion: must be 'ray.io/v1'"),
        ("name: generator\n", "name: My_Run\n", "metadata.name: must match"),
        ("backoffLimit: 3", "backOffLimit: 3", "spec.backOffLimit: unknown key (did you mean 'backoffLimit'?)"),
        ('{num-cpus: "0"}', "{num-cpus: 0}", "rayStartParams.num-cpus: must be a text, not 0"),
        ("image: &image generator:latest", "image: &image ''", "containers[0].image: "),
        ("8Gi}, limits", "8GB}, limits", "resources.requests.memory: '8GB' is no quantity"),
        ("groupName: gpu", "groupname: gpu", "workerGroupSpecs[0].groupname: unknown key (did you mean 'groupName'?)"),
        ("replicas: 2", "replicas: 9", "minReplicas, replicas and maxReplicas must not decrease"),
        ("configs/demo.yaml", "configs/dmeo.yaml", "spec.entrypoint: no such config 'configs/dmeo.yaml'"),
        ("generator render", "generator rendr", "spec.entrypoint: `generator rendr` paints nothing"),
        (" --address auto", "", "spec.entrypoint: has no `--address auto`"),
        ("render configs", "render 'configs", "spec.entrypoint: is no command of a shell"),
        ("volumeMounts: &mounts [{name: runs, mountPath: /project/runs}]", "volumeMounts: &mounts []", "frames would go to"),
    ],
)  # fmt: skip
def test_mistakes_in_manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str) -> None:
    monkeypatch.chdir(ROOT)
    path, line = changed(tmp_path, KUBERAY, old, new)
    found = problems(path)
    assert len(found) <= 2 and any(said in text for _, text in found), found
    if "frames would" not in said:
        assert abs(next(at for at, text in found if said in text) - line) <= 1, found


@pytest.mark.parametrize(
    ("farm", "said"),
    [
        ("{device: gpu}", "farm.device is gpu"),
        ("{gpu_share: 0.25}", "farm.gpu_share is 0.25"),
        ("{workers: 999}", "farm.workers is 999, but all containers have 64 cores together"),
    ],
)
def test_resources_must_do_for_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, farm: str, said: str
) -> None:
    monkeypatch.chdir(ROOT)
    scene = ROOT / "scenes/coins.yaml"
    (tmp_path / "gpus.yaml").write_text(GPU_CONFIG.format(scene=scene, farm=farm, output="s3://bucket/run"))
    text = re.sub(r", nvidia.com/gpu: .1.", "", KUBERAY.read_text()).replace("configs/demo.yaml", "gpus.yaml")
    path = tmp_path / "kuberay.yaml"
    path.write_text(text)
    assert [text for _, text in problems(path) if said in text]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cluster_name: generator", "cluster_name: 3", "cluster_name: 3 is not of type 'string'"),
        ("file_mounts: {}", "file_mount: {}", "file_mount: unknown key (did you mean 'file_mounts'?)"),
        ("max_workers: 2", "max_workers: 5", "max_workers: must be at most 2, the number of worker_ips"),
        ("head_ip: 192.0.2.10", "head: 192.0.2.10", "provider: head_ip is missing"),
        ("ray start --head", "ray start", "head_start_ray_commands: has no `ray start` with --head"),
        (
            "setup_commands: []",
            "setup_commands: [generator run configs/nope.yaml]",
            "setup_commands[0]: no such config",
        ),
    ],
)
def test_mistakes_in_files_for_ray_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    monkeypatch.chdir(ROOT)
    path, line = changed(tmp_path, RAY_UP, old, new)
    found = problems(path)
    assert any(said in text for _, text in found), found
    assert abs(next(at for at, text in found if said in text) - line) <= 3


@pytest.mark.parametrize(
    ("text", "value"), [("500m", 0.5), ("2", 2), (3, 3), ("8Gi", 8 * 2**30), ("1k", 1000), ("8GB", None), ("x", None)]
)
def test_quantities(text: str, value: float | None) -> None:
    assert number(text) == value
