"""Golden messages: what a person reads who made one mistake in a scene, word for word."""

from pathlib import Path

import pytest
from test_spec import CONFIG, SCENE, Write

from generator.assets.catalog import Catalog
from generator.base.errors import InputError
from generator.spec.load import load_config, load_scene

LOOK = "material: {color: {gray: {ref: tone}}}"
PLACE = "place: {on: stage, area: [1, 1]}"
POWER = "power: 5}"
CAMERA = "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}}"
NIGHT = "night: {world.strength: {below: 0.2}}"
STRENGTH = "strength: {log_uniform: [0.05, 3.0]}"
# (what to replace, by what, every line that must be told)
WRONG: list[tuple[str, str, tuple[str, ...]]] = [
    (LOOK, "material: {roughness: 1.2}", ('14:16: objects.balls.material.roughness: it must be within 0..1, but can be 1.2',)),
    (LOOK, "material: {rougness: 1}", ("14:16: objects.balls.material.rougness: unknown key (did you mean 'roughness'?)",)),
    (LOOK, "material: {metallic: {uniform: [-1, 1]}}", ('14:16: objects.balls.material.metallic: it must be within 0..1, but can be -1',)),
    (LOOK, "material: {textures: [{kind: marble}]}", ("14:27: objects.balls.material.textures[0]: unknown kind 'marble' (known: checker, gradient, image, noise, own, stripes, voronoi)",)),
    (LOOK, "material: {textures: [{kind: image}]}", ('14:27: objects.balls.material.textures[0]: kind image needs `image`, such as {pick: texture/*}',)),
    (LOOK, "material: {textures: [{kind: own}]}", ('14:27: objects.balls.material.textures[0]: kind own needs `of`, such as {pick: mugs/*}',)),
    (LOOK, "material: {textures: [{image: {pick: texture/*}}]}", ('14:27: objects.balls.material.textures[0]: `image` is for kind: image; add that, or leave `image` out',)),
    (LOOK, "material: {textures: [{kind: {pick: [noise, image]}, image: texture/*, of: mug/*}]}", ('14:27: objects.balls.material.textures[0]: `of` is for kind: own; add that, or leave `of` out',)),
    (LOOK, "material: {textures: [{kind: noise, scale: 0}]}", ('14:41: objects.balls.material.textures[0].scale: it must be above 0, but can be 0',)),
    (LOOK, "material: {color: [1, 2, 0]}", ('14:16: objects.balls.material.color: green must be within 0..1, but can be 2',)),
    (LOOK, "material: {color: red}", ('14:16: objects.balls.material.color: must be [r, g, b] in sRGB 0..1, "#rrggbb" or a distribution such as {hsv: [0.1, 0.5, 0.9]}, not \'red\'',)),
    (LOOK, "material: {color: {hsl: [0, 1, 1]}}", ("14:24: objects.balls.material.color.hsl: unknown color distribution 'hsl' (did you mean 'hsv'?)",)),
    (LOOK, "material: {ior: 0.5}", ('14:16: objects.balls.material.ior: it must be 1 or above, but can be 0.5',)),
    (LOOK, "material: {shift: {hu: 0.1}}", ("14:24: objects.balls.material.shift.hu: unknown key (did you mean 'hue'?)",)),
    (LOOK, "deform: [{kind: bend}]", ('14:14: objects.balls.deform[0].amount: is missing',)),
    (LOOK, "deform: [{kind: band, amount: 3}]", ("14:14: objects.balls.deform[0]: unknown kind 'band' (did you mean 'bend'?)",)),
    (LOOK, "deform: [{kind: bend, amount: 3, axis: w}]", ("14:14: objects.balls.deform[0]: unknown axis 'w' (known: x, y, z)",)),
    (PLACE, "place: {in: frustrum}", ("13:13: objects.balls.place.in: must be frustum, background or {box: [[x, y, z], [x, y, z]]}, not 'frustrum' (did you mean 'frustum'?)",)),
    (PLACE, "place: {on: stage, size: 0.2}", ('13:5: objects.balls.place: size is for `in: frustum`, `in: background` and `before:`; elsewhere use `scale`',)),
    (PLACE, "place: {in: frustum, depth: [2, 1]}", ('13:5: objects.balls.place: depth must be [near, far] with 0 < near <= far',)),
    (PLACE, "place: {before: bals}", ("13:13: objects.balls.place.before: no group 'bals' (did you mean 'balls'?)",)),
    (PLACE, "place: {on: balls}", ("13:13: objects.balls.place.on: 'balls' would rest on or hide itself, through 'balls'",)),
    (PLACE, "place: {on: stage, at: [0, 0, 0]}", ('13:5: objects.balls.place: needs exactly one of `on: stage`, `on: GROUP`, `in: frustum`, `in: background`, `in: {box: ...}`, `before: GROUP`, `at: POSITION`',)),
    (PLACE, "place: {in: {box: [[0, 0, 1], [1, 1, 0]]}}", ('13:13: objects.balls.place.in: the first corner must not lie above the second in any coordinate',)),
    (PLACE, "place: {on: stage, gap: -1}", ('13:24: objects.balls.place.gap: must be greater than or equal to 0, not -1',)),
    (PLACE, "place: {on: stage, overlap: 2}", ('13:24: objects.balls.place.overlap: must be less than or equal to 1, not 2',)),
    (PLACE, PLACE + "\n    curriculum: {depth: [1, 2]}", ('9:3: objects.balls: curriculum needs `place: {in: frustum}` without `size`',)),
    (PLACE, PLACE + "\n    curriculum: {views: 40, depth: [1, 2]}", ('14:18: objects.balls.curriculum.views: must be 12, 42, 162 or 642, not 40',)),
    (PLACE, PLACE + "\n    scale: 0", ('14:5: objects.balls.scale: it must be above 0, but can be 0',)),
    (PLACE, PLACE + "\n    scale: [1, -1, 1]", ('14:16: objects.balls.scale[1]: it must be above 0, but can be -1',)),
    (PLACE, PLACE + "\n    scale: [1, 1]", ('14:5: objects.balls.scale[2]: is missing',)),
    (PLACE, "place: {in: frustum, size: -0.2}", ('13:26: objects.balls.place.size: it must be above 0, but can be -0.2',)),
    ("count: {integers: [1, 4]}", "count: {poisson: -1}", ('12:5: objects.balls.count: the mean must not be below 0, but can be -1',)),
    ("count: {integers: [1, 4]}", "count: {uniform: [-3, -1]}", ('12:5: objects.balls.count: it must be 0 or above, but can be -3',)),
    ("count: {integers: [1, 4]}", "count: {pick: []}", ('12:5: objects.balls.count: needs at least one value to pick from',)),
    ("count: {integers: [1, 4]}", "count: {pick: {1: -1}}", ('12:5: objects.balls.count: weights must be one number >= 0 for each value, not all 0',)),
    ("count: {integers: [1, 4]}", "count: {truncated: {uniform: [0, 1]}, to: [2, 3]}", ('12:5: objects.balls.count.of: is missing', '12:13: objects.balls.count.truncated: must be a list', '12:43: objects.balls.count.to: unknown key (known: of, truncated)')),
    ("count: {integers: [1, 4]}", "count: {mixture: []}", ('12:5: objects.balls.count: needs at least one part with a weight above 0',)),
    ("count: {integers: [1, 4]}", "count: {ratio: [1, {uniform: [-1, 1]}]}", ('12:5: objects.balls.count: the divisor can be 0; keep it away from there, as {uniform: [1, 2]} or `truncated` do',)),
    ("count: {integers: [1, 4]}", "count: {integers: [1, 4], uniform: [0, 1]}", ('12:5: objects.balls.count: names several distributions: integers, uniform',)),
    ("count: {integers: [1, 4]}", "count: .nan", ("12:5: objects.balls.count: must be a number or a distribution such as {uniform: [0, 1]}, not '.nan'",)),
    (POWER, "power: -5}", ('16:79: lights.lamps.power: it must be 0 or above, but can be -5',)),
    (POWER, "power: 5, kind: emissive}", ('16:3: lights.lamps: kind emissive needs `shape`, such as {shape: sphere}',)),
    (POWER, "power: 5, kind: emissive, shape: {shape: sphere}, size: {normal: [0.1, 0.1]}}", ('16:3: lights.lamps: kind emissive needs a `size` that is always above 0, as {uniform: [0.1, 0.3]} is',)),
    (POWER, "power: 5, shape: {shape: sphere}}", ('16:3: lights.lamps: `shape` is for kind: emissive; add that, or leave `shape` out',)),
    (POWER, "power: 5, kind: laser}", ("16:3: lights.lamps: unknown kind 'laser' (known: area, emissive, point, spot, sun)",)),
    (POWER, "power: 5, temperature: 100}", ('16:89: lights.lamps.temperature: it must be within 500..40000, but can be 100',)),
    (POWER, "power: 5, cone: 270}", ('16:89: lights.lamps.cone: it must be within 0..180, but can be 270',)),
    (POWER, "power: 5, shadow: 2}", ('16:89: lights.lamps.shadow: it must be within 0..1, but can be 2',)),
    ("lamps: {count", "balls: {count", ('16:3: lights.balls: a group of `objects` has this name too; give one of them another',)),
    (CAMERA, "camera: {aim: [0, 0, 0]}", ('17:1: camera.position: is missing',)),
    (CAMERA, "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}, focal_length: 0}", ('17:70: camera.focal_length: it must be above 0, but can be 0',)),
    (CAMERA, "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}, focal_length: {normal: [35, 20]}}", ('17:70: camera.focal_length: it must be above 0, but can be -inf; cut off its tail, as {normal: [1, 0.5], clip: [0.1, .inf]} does',)),
    (CAMERA, "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}, lens: fisheye}", ("17:70: camera.lens.kind: must be 'pinhole', 'brown', 'equidistant' or 'kannala_brandt', not 'fisheye'",)),
    (CAMERA, "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}, lens: {brown: [1, 2, 3, 4, 5, 6]}}", ('17:77: camera.lens.brown: takes at most 5, not 6',)),
    (CAMERA, "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}, views: 0}", ('17:70: camera.views: must be greater than or equal to 1, not 0',)),
    (CAMERA, "camera: {position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}, shift: 0.1}", ('17:70: camera.shift: must be a list',)),
    (CAMERA, CAMERA + "\nrender: {engine: blender}", ("18:1: render: unknown engine 'blender' (known: cycles, eevee)",)),
    (CAMERA, CAMERA + "\nrender: {samples: 0}", ('18:10: render.samples: it must be 1 or above, but can be 0',)),
    (CAMERA, CAMERA + "\nrender: {blending: soft}", ("18:1: render: unknown blending 'soft' (known: darken, gaussian, multiply, none, poisson)",)),
    (CAMERA, CAMERA + "\nsensor: {jpeg: 200}", ('18:10: sensor.jpeg: it must be within 0..100, but can be 200',)),
    (CAMERA, CAMERA + "\nsensor: {rescale: 0}", ('18:10: sensor.rescale: it must be within 0.01..1, but can be 0',)),
    (CAMERA, CAMERA + "\nsensor: {gamma: 0}", ('18:10: sensor.gamma: it must be above 0, but can be 0',)),
    (CAMERA, CAMERA + "\nphysics: {drop: [bals]}", ("18:18: physics.drop[0]: no group 'bals' (did you mean 'balls'?)",)),
    (CAMERA, CAMERA + "\nphysics: {drop: []}", ('18:11: physics.drop: needs at least 1',)),
    (CAMERA, CAMERA + "\npools: {train: 0.5, vall: 0.5}", ("18:21: pools.vall: no split 'vall' (did you mean 'val'?)",)),
    (CAMERA, CAMERA + "\npools: {train: 0}", ('18:1: pools: at least one share must be above 0',)),
    (CAMERA, CAMERA + "\nroom: {size: [0, 3]}", ('18:15: room.size[0]: it must be above 0, but can be 0',)),
    (STRENGTH, "strength: -1", ('7:3: world.strength: it must be 0 or above, but can be -1',)),
    (STRENGTH, "photo: {pick: pictures/*}", ("7:3: world.photo: no image matches 'pictures/*' (known: texture/brick, texture/grass, texture/gravel)", '19:11: edge_cases.night.world.strength: never holds: the scene draws world.strength from 1 to 1')),
    (STRENGTH, "pattern: {kind: dots}", ("7:3: world.pattern: unknown kind 'dots' (known: checker, gradient, image, noise, own, stripes, voronoi)",)),
    (STRENGTH, "rotation: north", ("7:3: world.rotation: must be a number or a distribution such as {uniform: [0, 1]}, not 'north'",)),
    ("classes: [ball]", "classes: [ball, ball]", ('2:1: classes: a name stands there twice',)),
    ("classes: [ball]", "classes: []", ('2:1: classes: needs at least 1', "11:5: objects.balls.label: unknown class 'ball' (known: none)")),
    ("stage: {size: [2, 2]}", "stage:", ('4:1: stage: is empty: give it a value or remove it', '13:5: objects.balls.place: `on: stage` needs a `stage:`')),
    ("below: 0.2", "below: ", ('19:28: edge_cases.night.world.strength.below: is empty: give it a value or remove it',)),
    (CAMERA, "camera: {position: [0, ~, 1], motion: null}", ('17:24: camera.position[1]: is empty: give it a value or remove it', '17:31: camera.motion: is empty: give it a value or remove it')),
    ("scene: balls", "scene: 3 balls", ("1:1: scene: must match pattern '^[A-Za-z][A-Za-z0-9_-]*$', not '3 balls'",)),
    ("stage: {size: [2, 2]}\n", "", ('12:5: objects.balls.place: `on: stage` needs a `stage:`',)),
    ("{shape: sphere,", "{shape: 'zz*',", ("10:13: objects.balls.asset.shape: no shape matches 'zz*'",)),
    ("asset: {shape: sphere, radius: {uniform: [0.05, 0.1]}}", "asset: 5", ('10:5: objects.balls.asset: must be {pick: GLOB} or {shape: NAME}, not 5',)),
    ("world.strength: {below: 0.2}", "sensor.monochrome: {above: 0.5}", ('19:11: edge_cases.night.sensor.monochrome: never holds: the scene draws sensor.monochrome from 0 to 0',)),
    ("world.strength: {below: 0.2}", "objects.balls.count: {above: 4}", ('19:11: edge_cases.night.objects.balls.count: never holds: the scene draws objects.balls.count from 1 to 4',)),
    ("asset: {shape: sphere, radius: {uniform: [0.05, 0.1]}}", "asset: {pick: [mug/*, {shape: box}]}", ('10:13: objects.balls.asset.pick: must be a glob, a list of globs or {GLOB: WEIGHT}; give shapes a group of their own',)),
    ("asset: {shape: sphere,", "asset: {shape: sphere, 3: 4,", ('10:28: objects.balls.asset[3]: no parameter of sphere (known: radius, subdivisions)',)),
    ("{gray: {ref: tone}}", "{gray: {ref: [tone]}}", ("14:31: objects.balls.material.color.gray.ref: no shared value ['tone'] (under shared: tone)",)),
    ("{gray: {ref: tone}}", "{gray: {ref: {uniform: [0, 1]}}}", ("14:31: objects.balls.material.color.gray.ref: no shared value {'uniform': [0, 1]} (under shared: tone)",)),
    (CAMERA, CAMERA + "\nphysics: {drop: [[balls]]}", ('18:11: physics.drop: needs at least 1', '18:18: physics.drop[0]: must be a text')),
    ("below: 0.2", "belo: 0.2", ("19:28: edge_cases.night.world.strength.belo: unknown key (did you mean 'below'?)",)),
    (NIGHT, "night: {count.bal: {at_least: 1}}", ("19:11: edge_cases.night.count.bal: no class 'bal' (did you mean 'ball'?)",)),
    (NIGHT, "night: {any: [{count.bal: {at_least: 1}}]}", ("19:18: edge_cases.night.any[0].count.bal: no class 'bal' (did you mean 'ball'?)",)),
    (NIGHT, "night: {not: [{some: {class: bal}}]}", ("19:25: edge_cases.night.not[0].some.class: no class 'bal' (did you mean 'ball'?)",)),
    (NIGHT, NIGHT + "\nkeep: [{count.bal: {at_least: 1}}]", ("20:9: keep[0].count.bal: no class 'bal' (did you mean 'ball'?)",)),
    (NIGHT, NIGHT + "\nkeep: [{some: {class: bal}}]", ("20:16: keep[0].some.class: no class 'bal' (did you mean 'ball'?)",)),
    (NIGHT, NIGHT + "\nkeep: [{not: [nigth]}]", ("20:8: keep[0]: no edge case 'nigth' (did you mean 'night'?)",)),
    (NIGHT, "night: {not: [night]}\nkeep: [{all: [night]}]", ('19:3: edge_cases.night: is made of itself',)),
    (NIGHT, "night: {}", ('19:3: edge_cases.night: must name at least one fact, `some`, `all`, `any` or `not`',)),
]  # fmt: skip


def test_there_are_enough_of_them() -> None:
    assert len(WRONG) >= 60


@pytest.mark.parametrize(("old", "new", "lines"), WRONG, ids=[new[-40:] for _, new, _ in WRONG])
def test_a_mistake_is_told_word_for_word(write: Write, old: str, new: str, lines: tuple[str, ...]) -> None:
    assert old in SCENE
    path: Path = write("scene.yaml", SCENE.replace(old, new, 1))
    with pytest.raises(InputError) as raised:
        load_scene(path, Catalog.open())
    told = [line.removeprefix(f"{path}:") for line in str(raised.value).splitlines()]
    assert len(told) == len(lines)
    assert all(line.startswith(start) for line, start in zip(told, lines, strict=True)), told


# what a key that takes values of several kinds is told: once, of the kind that was given, else of all of them
KINDS = [
    ("train: {real_share: 1.5}", "train.real_share: must be less than or equal to 1, not 1.5"),
    ("train: {rate: -1}", "train.rate: must be greater than 0, not -1"),
    ("train: {rate: fast}", "train.rate: must be a number or 'auto', not 'fast'"),
    ("train: {parallel: 1.5}", "train.parallel: must be a whole number or 'auto', not 1.5"),
    ("train: {smallest: {ball: 2}}", "train.smallest.ball: must be less than or equal to 1, not 2"),
    ("train: {smallest: [1]}", "train.smallest: must be a number, 'match' or a mapping of keys to values"),
    ("farm: {recycle_mb: -1}", "farm.recycle_mb: must be greater than or equal to 0, not -1"),
    ("train:", "train: is empty: give it a value or remove it"),
    ("balance: {evenness: }", "balance.evenness: is empty: give it a value or remove it"),
    ("seed: 99999999999999999999", "seed: must be less than or equal to 9223372036854775807, not 99999999999999999999"),
    ("balance: {quotas: [{by: [clas]}]}", "balance.quotas[0].by[0]: nothing is called 'clas' (did you mean 'class'?)"),
    ("balance: {quotas: [{by: [class], cells: {bal: 0.1}}]}", "balance.quotas[0].cells.bal: class is never 'bal' (did you mean 'ball'?)"),
    ("balance: {quotas: [{by: [class, size], cells: {ball/smal: 0.1}}]}", "balance.quotas[0].cells.ball/smal: size is never 'smal' (did you mean 'small'?)"),
    ("balance: {quotas: [{by: [near], bins: {near: {close: {distnce: {below: 1}}}}}]}", "balance.quotas[0].bins.near.close.distnce: unknown fact 'distnce' of an object (did you mean 'distance'?)"),
    ("balance: {quotas: [{by: [night, size], cells: {night/small: 0.6, none/small: 0.6}}]}", "balance.quotas[0].cells: floors add up to 1.2: no object is in two cells, so they must not exceed 1"),
    ("frames: {train: many}", "frames.train: must be a whole number, not 'many'"),
    ("train: {rare: {bal: 0.5, night: 0.2}}", "train.rare.bal: no class or edge case 'bal' in the scene (did you mean 'ball'?)"),
    ("train: {paste: {bal: 0.5}}", "train.paste.bal: no class 'bal' in the scene (did you mean 'ball'?)"),
    ("train: {smallest: {default: 0.1, bal: 0.5}}", "train.smallest.bal: no class 'bal' in the scene (did you mean 'ball'?)"),
    ("train: {axes: {time: [night, day]}}", "train.axes.time[1]: no edge case 'day' in the scene (known: night)"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "told"), KINDS, ids=[more for more, _ in KINDS])
def test_a_key_of_several_kinds_is_told_of_once(
    write: Write, monkeypatch: pytest.MonkeyPatch, more: str, told: str
) -> None:
    monkeypatch.chdir(write("scene.yaml", SCENE).parent)
    kept = [line for line in CONFIG.splitlines() if not line.startswith(more.partition(":")[0] + ":")]
    with pytest.raises(InputError) as raised:
        load_config(write("config.yaml", "\n".join([*kept, more])))
    assert [problem.path + ": " + problem.message for problem in raised.value.problems] == [told]


@pytest.mark.parametrize(("train", "real"), [
    ("rare: {foggy: 0.5}, axes: {time: [noon, night]}", "test: {labels: t.json}, train: {labels: r.json, tags: tags.csv}"),
    ("paste: {sphere: 0.5}, smallest: {sphere: 0.1}, arms: [mixed]", "test: {labels: t.json}, classes: [sphere]"),
    ("rare: {sphere: 0.5}, harmonize: {real: {rules: [{rename: {orb: sphere}}]}}", "test: {labels: t.json}"),
])  # fmt: skip
def test_names_that_photographs_bring_are_known(
    write: Write, monkeypatch: pytest.MonkeyPatch, train: str, real: str
) -> None:
    monkeypatch.chdir(write("scene.yaml", SCENE).parent)
    config = load_config(write("config.yaml", f"{CONFIG}\ntrain: {{{train}}}\nreal: {{{real}}}\n"))
    assert config.train and config.train.arms


def test_frames_of_a_split_without_a_pool_are_told_of(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = write("scene.yaml", SCENE + "pools: {train: 1}\n")
    monkeypatch.chdir(scene.parent)
    config = write("config.yaml", CONFIG.replace("{train: 10}", "{train: 10, val: 4}"))
    with pytest.raises(InputError) as raised:
        load_config(config)
    cure = "give it a share there, or ask for no frames of it"
    assert str(raised.value) == f"{config}:3:21: frames.val: the scene's `pools` leave no files for val: {cure}"
    assert load_config(write("config.yaml", CONFIG)).frames.val == 0
    scene.write_text(scene.read_text().replace("environment: {pick: hdri/*}", ""))  # nothing is picked
    write("config.yaml", CONFIG.replace("{train: 10}", "{train: 10, val: 4}"))
    assert load_config(config).frames.val == 4
