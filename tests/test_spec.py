"""Bad input gets one message with place and cure, all of them at once; good input means the same however it is put."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from generator.assets.catalog import Catalog
from generator.base.draw import Draw
from generator.base.errors import InputError, did_you_mean
from generator.farm.job import canonical
from generator.spec.load import load_config, load_scene, with_engine
from generator.spec.scene import SceneSpec
from generator.spec.yaml import read

SCENE = """\
scene: balls
classes: [ball]
shared: {tone: {uniform: [0.2, 0.8]}}
stage: {size: [2, 2]}
world:
  environment: {pick: hdri/*}
  strength: {log_uniform: [0.05, 3.0]}
objects:
  balls:
    asset: {shape: sphere, radius: {uniform: [0.05, 0.1]}}
    label: ball
    count: {integers: [1, 4]}
    place: {on: stage, area: [1, 1]}
    material: {color: {gray: {ref: tone}}}
lights:
  lamps: {count: 2, position: {shell: {radius: [1, 2], elevation: [20, 80]}}, power: 5}
camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}}
edge_cases:
  night: {world.strength: {below: 0.2}}
"""
CONFIG = """\
run: balls
scene: scene.yaml
frames: {train: 10}
size: [64, 48]
balance: {caps: {night: 0.2}}
"""
Write = Callable[[str, str], Path]

WRONG = [  # (what to replace, by what, place, what the message must say)
    ("strength:", "strenght:", "7:3: world.strenght", "unknown key (did you mean 'strength'?)"),
    ("{uniform: [0.05, 0.1]}", "{unifrom: [0.05, 0.1]}", "10:37: objects.balls.asset.radius.unifrom", "did you mean 'uniform'"),
    ("shape: sphere", "shape: spere", "10:13: objects.balls.asset.shape", "unknown shape 'spere' (did you mean 'sphere'?)"),
    ("radius: {", "radios: {", "10:28: objects.balls.asset.radios", "no parameter of sphere (did you mean 'radius'?)"),
    ("{integers: [1, 4]}", "many", "12:5: objects.balls.count", "must be a number or a distribution"),
    ("[1, 4]", "[4, 1]", "12:5: objects.balls.count", "low end 4 is above high end 1"),
    ("label: ball", "label: bal", "11:5: objects.balls.label", "unknown class 'bal' (did you mean 'ball'?)"),
    ("on: stage", "on: moon", "13:13: objects.balls.place.on", "no group 'moon' (known: balls, stage)"),
    ("{on: stage, area: [1, 1]}", "{}", "13:5: objects.balls.place", "needs exactly one of"),
    ("{ref: tone}", "{ref: tune}", "14:31: objects.balls.material.color.gray.ref", "no shared value 'tune' (under shared: tone)"),
    ("elevation: [20, 80]", "elevation: [80, 20]", "16:32: lights.lamps.position.shell", "elevation must be [low, high]"),
    ("below: 0.2", "below: 0.01", "19:11: edge_cases.night.world.strength", "never holds"),
    ("world.strength: {b", "world.strenght: {b", "19:11: edge_cases.night.world.strenght", "unknown fact"),
    ("hdri/*", "hdr/*", "6:3: world.environment", "no hdri matches 'hdr/*'"),
    ("scene: balls", "scene: balls\nscene: twice", "2:1: scene", "this key stands here twice"),
    ("count: 2", "count: !!python/name:os.system", "", "tag"),
    ("classes: [ball]", "classes: [ball", "", "not valid YAML"),
    ("camera: ", "camra: ", "1:1: camera", "is missing"),
    ("classes: [ball]", "classes: [ball, none]", "2:1: classes", "'none' is the label of what is never annotated"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "message"), WRONG, ids=[w[1][:24] for w in WRONG])
def test_a_mistake_is_told_with_its_place_and_cure(write: Write, old: str, new: str, place: str, message: str) -> None:
    assert old in SCENE
    path = write("scene.yaml", SCENE.replace(old, new, 1))
    with pytest.raises(InputError) as raised:
        load_scene(path, Catalog.open())
    told = str(raised.value)
    assert message in told and f"{path}:" in told, told
    assert any(str(p).startswith(f"{path}:{place}") for p in raised.value.problems), told


def test_all_mistakes_are_told_at_once_in_order(write: Write) -> None:
    text = (
        SCENE.replace("strength:", "strenght:").replace("{integers: [1, 4]}", "many").replace("on: stage", "on: moon")
    )
    with pytest.raises(InputError) as raised:
        load_scene(write("scene.yaml", text))
    assert [p.line for p in raised.value.problems] == [7, 12, 13]


CONFIG_WRONG = [
    ("night: 0.2", "nigth: 0.2", "balance.caps.nigth", "did you mean 'night'"),
    ("night: 0.2", "night: 1.2", "balance.caps.night", "less than or equal to 1"),
    ("caps: {night: 0.2}", "caps: {night: 0.2}, floors: {night: 0.3}", "balance", "floor 0.3 is above its cap 0.2"),
    ("train: 10", "train: 0", "frames.train", "greater than or equal to 1"),
    ("size: [64, 48]", "size: [64]", "size", "missing"),
    ("scene.yaml", "scenes.yaml", "scene", "no such file"),
    ("run: balls", "run: ../balls", "run", "pattern"),
    ("run: balls", "run: ..", "run", "pattern"),  # another folder than one of its own
    ("train: 10", "train: 10_000_001", "frames.train", "less than or equal to 10000000"),  # scenes of `val` begin there
    ("train: 10", "train: 1, val: 10_000_001", "frames.val", "less than or equal to 10000000"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "message"), CONFIG_WRONG, ids=[w[1][:24] for w in CONFIG_WRONG])
def test_configs_too(
    write: Write, monkeypatch: pytest.MonkeyPatch, old: str, new: str, where: str, message: str
) -> None:
    monkeypatch.chdir(write("scene.yaml", SCENE).parent)
    path = write("config.yaml", CONFIG.replace(old, new))
    with pytest.raises(InputError) as raised:
        load_config(path)
    assert where in str(raised.value) and message in str(raised.value)


def test_a_folder_is_no_file(write: Write) -> None:
    folder = write("scene.yaml", SCENE).parent
    with pytest.raises(InputError, match=r"is a folder; name a file in it \(known: scene.yaml\)"):
        load_scene(folder)


def test_a_good_pair_loads(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write("scene.yaml", SCENE).parent)
    assert load_config(write("config.yaml", CONFIG)).balance.caps == {"night": 0.2}


def test_a_config_that_a_program_wrote_reads_back(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON of a run folder says null where a person leaves a key out."""
    monkeypatch.chdir(write("scene.yaml", SCENE).parent)
    config = load_config(write("config.yaml", CONFIG))
    resolved = config.model_dump_json()
    assert "null" in resolved and load_config(write("config.json", resolved)) == config


def test_key_order_is_not_meaning(write: Write) -> None:
    turned = SCENE.replace(
        "    label: ball\n    count: {integers: [1, 4]}\n", "    count: {integers: [1, 4]}\n    label: ball\n"
    )
    blocks = turned.split("camera:")
    moved = "camera:" + blocks[1].split("\n")[0] + "\n" + blocks[0] + "\n".join(blocks[1].split("\n")[1:])
    assert canonical(load_scene(write("a.yaml", SCENE))) == canonical(load_scene(write("b.yaml", moved)))


def test_a_spec_survives_its_own_json(write: Write) -> None:
    spec = load_scene(write("a.yaml", SCENE))
    assert canonical(SceneSpec.model_validate_json(canonical(spec))) == canonical(spec)


def test_a_law_without_ends_reads_back_as_it_was_written(write: Write) -> None:
    spec = load_scene(write("a.yaml", SCENE + "sensor: {noise: {normal: [0, 1]}}\n"))
    assert spec.model_dump(mode="json")["sensor"]["noise"] == {"normal": [0.0, 1.0]}
    assert SceneSpec.model_validate_json(canonical(spec)) == spec


def test_what_hardly_ever_reaches_0_counts_as_above_it(write: Write) -> None:
    """A normal law lies 10 standard deviations above 0 here, 1.75 in the one that is refused."""
    text = SCENE.replace("camera: {", "camera: {focal_length: {normal: [50, 5]}, ")
    assert load_scene(write("a.yaml", text)).camera.focal_length.support() == (-math.inf, math.inf)
    with pytest.raises(InputError, match="focal_length: it must be above 0"):
        load_scene(write("a.yaml", text.replace("[50, 5]", "[35, 20]")))


TRAPS = [("on", "on"), ("yes", "yes"), ("1e3", 1000.0), ("0o7", "0o7"), ("010", "010"), ("1_000", 1000), ("12:30", "12:30"),
         ("'1'", "1"), ("true", True), (".5", 0.5), ("-.inf", float("-inf")), (".Inf", float("inf")), ("-.INF", float("-inf")), ("~", None), ("2001-01-01", "2001-01-01")]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), TRAPS)
def test_pyyamls_traps_are_closed(write: Write, text: str, value: object) -> None:
    data = read(write("a.yaml", f"{text if text in ('on', 'yes') else 'key'}: {text}")).data
    assert list(data.values()) == [value] and type(next(iter(data.values()))) is type(value)
    assert next(iter(data)) in ("on", "yes", "key")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back(tmp_path_factory: pytest.TempPathFactory, number: float) -> None:
    path = tmp_path_factory.getbasetemp() / "number.yaml"
    path.write_text(f"key: {number!r}")
    assert read(path).data == {"key": number}


@pytest.mark.parametrize("path", [*ROOT.glob("scenes/*.yaml"), *ROOT.glob("configs/*.yaml")], ids=lambda p: p.name)
def test_what_ships_is_well_formed(path: Path) -> None:
    if path.parent.name == "scenes":
        load_scene(path, Catalog.open(ROOT / "assets"))
    else:
        load_config(path)


def test_a_config_may_name_the_engine(write: Write) -> None:
    spec = load_scene(write("a.yaml", SCENE))
    assert with_engine(spec, None) is spec
    assert with_engine(spec, "eevee").render.engine.sample(Draw(0)) == "eevee"
    assert with_engine(spec, "eevee").objects == spec.objects


def test_a_long_list_of_known_words_is_cut() -> None:
    told = did_you_mean("zzz", [f"card{k:03}" for k in range(300)])
    assert told.startswith(" (known: card000, card001") and told.endswith("card059, and 240 more)")
