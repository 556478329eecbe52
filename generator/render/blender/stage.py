"""The scene in Blender: camera, world, lamps and objects of one `SceneSample`."""

import bpy
from mathutils import Matrix

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.kept import Kept
from generator.base.scene import LightSample, MeshRef, ObjectSample, SceneSample, Texture, Vector
from generator.render.blender.bodies import LEAST, Body, Cast, weight
from generator.render.blender.camera import animate, place_camera
from generator.render.blender.engines import forget
from generator.render.blender.lamps import build_lamp
from generator.render.blender.materials import Base, build_material
from generator.render.blender.meshes import build_image, build_mesh, load_environment, pixels, triangles
from generator.render.blender.nodes import Tree
from generator.render.blender.textures import Look
from generator.render.blender.world import build_world
from generator.render.patterns import grime_of
from generator.render.photo import cover
from generator.render.shading import glow_of
from generator.render.texels import filled

TRIANGLES, PIXELS, HDR_PIXELS = 2_000_000, 64_000_000, 32_000_000  # kept between frames: about 0.5 GB of each
LASTING = 1_000_000  # weight of bodies: so many triangles are 0.5 GB, most of it Cycles' trees


def worth_keeping(sample: SceneSample, store: AssetStore) -> bool:
    """Whether bodies that last cost less than guests. A triangle of a guest costs half a microsecond of every frame, a
    path among bodies about as much more than among guests, who share one tree (AMD EPYC, Blender 4.5). Only the sample
    may decide, here and for each mesh: the two differ in the last bit."""
    faces = (len(store.mesh(one.mesh).faces) for one in sample.objects)
    return sum(n for n in faces if n >= LEAST) > sample.width * sample.height * sample.render.samples


class Stage:
    """Builds scenes and takes them down again. Meshes, images and panoramas stay, up to a bound that holds between
    frames only: nothing that is on stage is ever removed."""

    def __init__(self, scene: bpy.types.Scene, store: AssetStore) -> None:
        self.scene, self.store = scene, store
        self.meshes: Kept[bpy.types.Mesh] = Kept(TRIANGLES, triangles)
        self.bodies: Kept[Body] = Kept(LASTING, weight)
        self.cast, self.lasting = Cast(), False
        self.images: Kept[bpy.types.Image] = Kept(PIXELS, pixels, spared=0.5)
        self.panoramas: Kept[bpy.types.Image] = Kept(HDR_PIXELS, pixels, spared=0.5)
        self.passing: list[bpy.types.ID] = []
        self.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(self.camera)
        scene.camera = self.camera
        scene.world = bpy.data.worlds.new("world")
        scene.world.use_nodes = True
        scene.world.cycles.sampling_method = "MANUAL"  # "AUTOMATIC" spends 1.9 CPU seconds of every frame on its map
        scene.world.cycles.sample_map_resolution = 512

    def build(self, sample: SceneSample) -> None:
        place_camera(self.scene, self.camera, sample)
        self.passing += animate(self.camera, sample.camera.motion)
        self._world(sample)
        for lamp in [*sample.lights, *self._glowing(sample)]:
            self.passing.append(self._hold(build_lamp(lamp)).data)
        self.scene.eevee.use_raytracing = any(one.material.transmission > 0 for one in sample.objects)
        self.lasting = worth_keeping(sample, self.store)
        number = 0
        for one in sample.objects:
            number += not one.backdrop
            self._object(one, 0 if one.backdrop else number, grime_of(sample, one.name))

    def clear(self) -> None:
        """Remove all that was built for one frame, and what the caches hold above their bounds."""
        self.scene.world.node_tree.nodes.clear()
        self.camera.animation_data_clear()
        bpy.data.batch_remove(self.passing)
        self.passing.clear()
        bodies = [block for body in self.bodies.trim(self.cast.leave()) for block in body.blocks]
        images = [*self.images.trim(), *self.panoramas.trim()]
        if images:
            self.bodies.each(Body.undress)  # an image may be among them that a body shows
            forget(self.scene)  # Cycles keeps images by address, and would show them where a later one comes to lie
        if gone := [*bodies, *self.meshes.trim(), *images]:
            bpy.data.batch_remove(gone)

    def _glowing(self, sample: SceneSample) -> list[LightSample]:
        """In EEVEE, where light does not bounce, lamps in place of the objects that glow."""
        if sample.render.engine != "eevee":
            return []
        lamps = (glow_of(one, self.store.mesh(one.mesh)) for one in sample.objects)
        return [lamp for lamp in lamps if lamp]

    def _world(self, sample: SceneSample) -> None:
        world, panorama, photo = sample.world, None, None
        # EEVEE reads its light from a map of so many pixels. One colour needs few: 6.0 instead of 8.3 CPU seconds a
        # frame in software (160x120, 4 samples), for 0.007 levels in the mean, and 1 at most
        self.scene.world.probe_resolution = "1024" if world.environment else "256"
        if world.environment:
            path = str(self.store.path(world.environment))
            panorama = self.panoramas.get(path, lambda: load_environment(path))
        if world.photo:
            rows = cover(self.store.image(world.photo), sample.width, sample.height, world.mirror)
            photo = build_image(rows)
            self.passing.append(photo)
        build_world(Tree(self.scene.world.node_tree, space="Generated"), world, panorama, photo, self._look)

    def _object(self, one: ObjectSample, number: int, grime: Vector) -> None:
        mesh = self.store.mesh(one.mesh)
        key = one.mesh.model_dump_json()
        own = self._own(mesh, key) if one.material.keep else Look(mesh.color)
        cut = None if mesh.solid is None else self._own(mesh, key).image
        base = Base(one.pose.scale, own, mesh.uv is not None, grime, cut)
        pose = Matrix(one.pose.matrix().tolist())
        lasts = self.lasting and len(mesh.faces) >= LEAST
        if not lasts or one.mesh.deform or one.material.emission > 0 or any(one.motion):
            return self._guest(one, self.meshes.get(key, lambda: build_mesh(mesh)), number, pose, base)
        body = self.cast.next(key, lambda name: self.bodies.get(name, lambda: Body.of(build_mesh(mesh), self.scene)))
        body.dress(one.material, base, self._look)
        body.appear(number, pose)

    def _guest(self, one: ObjectSample, mesh: bpy.types.Mesh, number: int, pose: Matrix, base: Base) -> None:
        """An object for this frame alone. What glows is one: the order of lamps decides which of them a ray asks, and
        must be the frame's own. What moves is one, for its animation's sake, and what is deformed, which is never seen
        again."""
        body = self._hold(bpy.data.objects.new(one.name, mesh))
        material = build_material(one.material, base, self._look)
        self.passing.append(material)
        body.material_slots[0].link = "OBJECT"
        body.material_slots[0].material = material
        body.matrix_world = pose
        body.pass_index = number
        self.passing += animate(body, one.motion)

    def _own(self, mesh: Mesh, key: str) -> Look:
        texture = mesh.texture
        if texture is None:
            return Look(mesh.color)
        return Look(mesh.color, self.images.get("own " + key, lambda: build_image(filled(texture))))

    def _look(self, texture: Texture) -> Look:
        """What a texture of kind image or own shows."""
        if texture.kind == "image":
            return Look((0.5, 0.5, 0.5), self._image(texture.image))
        ref = MeshRef(asset=texture.image, sha256=texture.sha256)
        return self._own(self.store.mesh(ref), ref.model_dump_json())

    def _image(self, asset: str) -> bpy.types.Image:
        return self.images.get(asset, lambda: build_image(self.store.image(asset)))

    def _hold(self, one: bpy.types.Object) -> bpy.types.Object:
        self.scene.collection.objects.link(one)
        self.passing.append(one)
        return one
