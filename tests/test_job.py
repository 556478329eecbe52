"""What a data set says it is made of."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trimesh

from generator.assets.catalog import Catalog, file_sha256
from generator.assets.store import AssetStore
from generator.balance.tickets import Ticket
from generator.base.errors import AssetError, DatasetError, GeneratorError
from generator.base.scene import MeshRef
from generator.cli.watching import painted_in
from generator.dataset.shards import hashes_path, records_path, tar_path
from generator.dataset.store import Dataset, Manifest
from generator.farm.calibrating import measured
from generator.farm.claiming import claim
from generator.farm.job import Job, canonical, data_folder
from generator.farm.messages import ShardTicket
from generator.farm.mirror import Mirror
from generator.farm.remote import Remote
from generator.farm.status import STATUS
from generator.farm.worker import Worker
from generator.spec.config import RunConfig
from generator.spec.load import load_scene
from generator.spec.optics import QualitySpec
from generator.spec.scene import SceneSpec

SCENE = """
scene: boards
classes: [box]
world: {environment: {pick: hdri/c*}}
objects:
  boxes:
    asset: {shape: box}
    count: 1
    place: {at: [0, 0, 0]}
    material: {textures: [{kind: image, image: {pick: boards/*}}]}
camera: {position: [0, -2, 1]}
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "boards").mkdir()
    for name in ("ash", "elm"):
        (tmp_path / "boards" / f"{name}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
        )
    return reopened(tmp_path, "licence: CC-BY-4.0")


def reopened(folder: Path, card: str) -> Job:
    (folder / "boards" / "asset.yaml").write_text(card)
    path = folder / "boards.yaml"
    path.write_text(SCENE)
    config = RunConfig.model_validate(
        {"run": "boards", "scene": str(path), "frames": {"train": 1}, "size": [32, 24], "painter": "raycast"}
    )
    return Job.of(config, load_scene(path, Catalog.open(folder)), (folder,), folder / "out")


def test_the_manifest_names_the_licence_of_every_file_that_may_be_shown(job: Job, tmp_path: Path) -> None:
    licences = job.manifest().licences
    assert licences["boards/ash"] == licences["boards/elm"] == "CC-BY-4.0"
    assert {name for name in licences if name.startswith("hdri/")} == {"hdri/city", "hdri/courtyard"}
    assert licences["hdri/city"] == "CC0-1.0"
    assert reopened(tmp_path, "{}").manifest().licences["boards/ash"] == "not stated"


def test_other_files_are_another_data_set_but_another_licence_is_not(job: Job, tmp_path: Path) -> None:
    Dataset.create_or_check(tmp_path / "out", job.manifest())
    Dataset.create_or_check(tmp_path / "out", reopened(tmp_path, "licence: CC0-1.0").manifest())
    (tmp_path / "boards" / "oak.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    with pytest.raises(DatasetError, match="belongs to another run: assets"):
        Dataset.create_or_check(tmp_path / "out", reopened(tmp_path, "licence: CC0-1.0").manifest())


def order(train: int = 1, output: str = "") -> RunConfig:
    return RunConfig.model_validate(
        {"run": "boards", "scene": "s.yaml", "frames": {"train": train}, "size": [32, 24], "output": output}
    )


def with_shard(folder: Path, manifest: Manifest) -> Mirror:
    """A folder with a committed shard that was not uploaded, and the URL, without a manifest yet, that it was for."""
    claim(Mirror(folder, None), manifest, order())
    hashes_path(folder, 0).write_text("")
    tar_path(folder, 0).write_bytes(b"pictures")
    records_path(folder, 0).write_bytes(b"records")
    return Mirror(folder, Remote(f"file://{folder.parent / 'bucket'}"))


@pytest.mark.parametrize("there", ["nothing", "mine"])
@pytest.mark.parametrize("changed", ["manifest", "frames"])
def test_shards_of_another_run_are_not_uploaded(job: Job, tmp_path: Path, there: str, changed: str) -> None:
    """Whether or not the URL holds notes of the run that is asked for."""
    mine, other = job.manifest(), job.manifest().model_copy(update={"seed": 99})
    wanted = order(2 if changed == "frames" else 1)
    mirror = with_shard(tmp_path / "staging", other if changed == "manifest" else mine)
    before = {p.name: p.read_bytes() for p in mirror.folder.iterdir()}
    if there == "mine":
        claim(Mirror(tmp_path / "elsewhere", None), mine, wanted)
        for path in (tmp_path / "elsewhere").iterdir():
            Remote(mirror.remote.url).put(path)  # type: ignore[union-attr]
    with pytest.raises(DatasetError, match=r"belongs to another run: seed|was planned otherwise: frames"):
        claim(mirror, mine, wanted)
    assert {p.name: p.read_bytes() for p in mirror.folder.iterdir()} == before and not mirror.committed()


def test_shards_of_this_run_are_uploaded(job: Job, tmp_path: Path) -> None:
    mirror = with_shard(tmp_path / "staging", job.manifest())
    claim(mirror, job.manifest(), order())
    assert mirror.committed() == {0} and not mirror.leftovers() and not tar_path(mirror.folder, 0).exists()


def test_every_url_has_a_folder_for_staging_of_its_own(tmp_path: Path) -> None:
    runs = [data_folder(tmp_path, order(output=url)) for url in ("", "s3://a/boards", "s3://b/boards")]
    assert len(set(runs)) == 3 and runs[0] == tmp_path / "dataset"
    assert runs == [data_folder(tmp_path, order(output=url)) for url in ("", "s3://a/boards", "s3://b/boards")]


def test_status_of_a_run_is_of_what_was_painted_last(tmp_path: Path) -> None:
    folders = [data_folder(tmp_path, order(output=url)) for url in ("", "s3://a/boards")]
    for age, folder in enumerate(folders):
        folder.mkdir()
        (folder / STATUS).write_text("{}")
        os.utime(folder / STATUS, (age, age))
    assert painted_in(tmp_path) == folders[1] and painted_in(folders[0]) == folders[0]
    os.utime(folders[0] / STATUS, (2, 2))
    assert painted_in(tmp_path) == folders[0] and painted_in(tmp_path / "none") == tmp_path / "none"


# ---- the digest of an asset


def digest(folder: Path) -> str:
    return Catalog.open(folder)["mug/a"].sha256


@pytest.fixture
def mug(tmp_path: Path) -> Path:
    folder = tmp_path / "mug"
    folder.mkdir()
    (folder / "a.obj").write_text("mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl m\nf 1 2 3\n")
    (folder / "a.mtl").write_text("newmtl m\nmap_Kd a skin.png\n")
    (folder / "a skin.png").write_bytes(b"red")
    return folder


@pytest.mark.parametrize(
    "card",
    ["scale: 3.0", "up: y", "label: cup", "keypoints: {rim: [0, 0, 0]}", "files: {a.obj: x}\nlicence: MIT\nup: z"],
)
def test_a_card_that_changes_what_is_seen_makes_another_asset(mug: Path, card: str) -> None:
    before = digest(mug.parent)
    (mug / "asset.yaml").write_text(card)
    assert (digest(mug.parent) == before) == ("licence" in card)


@pytest.mark.parametrize("name", ["a.obj", "a.mtl", "a skin.png"])
def test_other_bytes_in_any_file_of_a_mesh_make_another_asset(mug: Path, name: str) -> None:
    before = digest(mug.parent)
    (mug / name).write_bytes((mug / name).read_bytes() + b"\n#")
    assert digest(mug.parent) != before


def test_a_file_alone_is_told_by_its_own_bytes(mug: Path) -> None:
    """As sha256sum tells them: data sets that are there go on."""
    (mug / "b.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    (mug / "asset.yaml").write_text("licence: MIT\nnotes: found\nup: z\nlabel: mug")
    catalog = Catalog.open(mug.parent)
    assert catalog["mug/b"].sha256 == hashlib.sha256((mug / "b.off").read_bytes()).hexdigest()
    assert all(one.sha256 == file_sha256(one.path) for one in catalog.assets.values() if one.kind != "mesh")


def test_a_changed_buffer_of_a_gltf_is_refused(tmp_path: Path) -> None:
    body = trimesh.creation.box((0.1, 0.1, 0.1))
    for name, data in trimesh.exchange.gltf.export_gltf(trimesh.Scene(body)).items():
        (tmp_path / name).write_bytes(data)
    asset = Catalog.open(tmp_path)["model"]
    ref = MeshRef(asset="model", sha256=asset.sha256)
    AssetStore(Catalog.open(tmp_path)).mesh(ref)
    buffer = max(tmp_path.glob("*.bin"), key=lambda path: path.stat().st_size)
    buffer.write_bytes(buffer.read_bytes()[::-1])
    with pytest.raises(AssetError, match=r"one that it names, or its asset\.yaml has changed since"):
        AssetStore(Catalog.open(tmp_path)).mesh(ref)


def test_a_machine_with_other_files_is_refused(job: Job, tmp_path: Path) -> None:
    """What a worker paints must not depend on where it runs."""
    job = job.listed()
    assert job.manifest() == reopened(tmp_path, "licence: CC-BY-4.0").manifest()
    shard = ShardTicket(0, tuple(Ticket("train", index, ()) for index in range(8)))
    Worker(job).look(range(8))
    (tmp_path / "boards" / "ash.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')
    for work in (lambda: Worker(job).look(range(8)), lambda: Worker(job).paint(shard)):
        with pytest.raises(AssetError, match=r"ash\.svg on .* is not as on the machine that started the run: other"):
            work()
    (tmp_path / "boards" / "oak.svg").write_bytes((tmp_path / "boards" / "elm.svg").read_bytes())
    with pytest.raises(AssetError, match="1 differ, 'boards/oak' is here only; give all machines the same assets"):
        Worker(job)


@pytest.mark.parametrize("begin", [Worker, measured])
def test_a_machine_with_another_blender_is_refused(job: Job, begin: Any) -> None:
    job = job.listed()
    told = f"bpy is {job.versions['bpy']} on .*, but 4.5.1 on the machine that started the run: .* install the same"
    elsewhere = replace(job, versions={**job.versions, "bpy": "4.5.1"}, scene=canonical(with_quality(job.spec)))
    with pytest.raises(GeneratorError, match=told):
        begin(elsewhere)
    assert elsewhere.manifest() != replace(elsewhere, versions={}).manifest(), "the data set is the driver's"


def with_quality(spec: SceneSpec) -> SceneSpec:
    return spec.model_copy(update={"render": spec.render.model_copy(update={"quality": QualitySpec(psnr=20)})})
