"""The scene in Blender: camera, world, lamps and objects of one `SceneSample`."""

from math import radians

import bpy
import numpy as np
from mathutils import Matrix, Vector

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.scene import LightSample, ObjectSample, SceneSample, WorldSample
from generator.render.blender.materials import Own, build_material
from generator.render.blender.meshes import Kept, build_image, build_mesh, load_environment, pixels, triangles
from generator.truth.labels import NEAR

SENSOR = 36.0  # mm; only its ratio to the focal length matters
FAR = 1000.0
SPOT = radians(60)
TRIANGLES, PIXELS, HDR_PIXELS = 5_000_000, 64_000_000, 32_000_000  # kept between frames: about 0.5 GB of each


class Stage:
    """Builds scenes and takes them down again; meshes, images and panoramas stay, up to a bound."""

    def __init__(self, scene: bpy.types.Scene, store: AssetStore) -> None:
        self.scene, self.store = scene, store
        self.meshes: Kept[bpy.types.Mesh] = Kept(TRIANGLES, triangles)
        self.images: Kept[bpy.types.Image] = Kept(PIXELS, pixels)
        self.panoramas: Kept[bpy.types.Image] = Kept(HDR_PIXELS, pixels)
        self.passing: list[bpy.types.ID] = []
        self.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(self.camera)
        scene.camera = self.camera
        scene.world = bpy.data.worlds.new("world")
        scene.world.use_nodes = True
        scene.world.cycles.sampling_method = "MANUAL"  # "AUTOMATIC" spends 1.9 CPU seconds of every frame on its map
        scene.world.cycles.sample_map_resolution = 512

    def build(self, sample: SceneSample) -> None:
        self._camera(sample)
        self._world(sample.world)
        for lamp in sample.lights:
            self._lamp(lamp)
        number = 0
        for one in sample.objects:
            number += not one.backdrop
            self._object(one, 0 if one.backdrop else number)

    def clear(self) -> None:
        """Remove all that was built for one frame, and what the caches hold above their bounds."""
        self.scene.world.node_tree.nodes.clear()
        bpy.data.batch_remove(self.passing)
        self.passing.clear()
        gone = [*self.meshes.trim(), *self.images.trim(), *self.panoramas.trim()]
        if gone:
            bpy.data.batch_remove(gone)

    def _camera(self, sample: SceneSample) -> None:
        pinhole = sample.camera.at(sample.width, sample.height)
        lens = self.camera.data
        lens.sensor_fit, lens.sensor_width = "HORIZONTAL", SENSOR
        lens.lens = pinhole.fx * SENSOR / pinhole.width
        lens.shift_x = (pinhole.width / 2 - pinhole.cx) / pinhole.width
        lens.shift_y = (pinhole.cy - pinhole.height / 2) / pinhole.width
        lens.clip_start, lens.clip_end = NEAR, FAR
        blender_from_opencv = np.diag([1.0, -1.0, -1.0, 1.0])
        self.camera.matrix_world = Matrix((pinhole.world_from_camera @ blender_from_opencv).tolist())

    def _world(self, world: WorldSample) -> None:
        tree = self.scene.world.node_tree
        tree.nodes.clear()
        light = tree.nodes.new("ShaderNodeBackground")
        light.inputs["Strength"].default_value = world.strength
        light.inputs["Color"].default_value = (*world.color, 1.0)
        tree.links.new(light.outputs[0], tree.nodes.new("ShaderNodeOutputWorld").inputs["Surface"])
        if not world.environment:
            return
        around = tree.nodes.new("ShaderNodeTexEnvironment")
        path = str(self.store.path(world.environment))
        around.image = self.panoramas.get(path, lambda: load_environment(path))
        turn = tree.nodes.new("ShaderNodeMapping")
        turn.inputs["Rotation"].default_value = (0.0, 0.0, -world.rotation)  # of the ray, against the world's
        tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], turn.inputs["Vector"])
        tree.links.new(turn.outputs["Vector"], around.inputs["Vector"])
        tree.links.new(around.outputs["Color"], light.inputs["Color"])

    def _lamp(self, lamp: LightSample) -> None:
        light = bpy.data.lights.new(lamp.name, lamp.kind.upper())
        light.energy, light.color = lamp.power, lamp.color
        if lamp.kind == "sun":
            light.angle = lamp.size
        elif lamp.kind == "area":
            light.shape, light.size = "SQUARE", lamp.size
        else:
            light.shadow_soft_size = lamp.size
        if lamp.kind == "spot":
            light.spot_size = SPOT
        holder = self._hold(bpy.data.objects.new(lamp.name, light))
        self.passing.append(light)
        holder.visible_camera = False
        aim = Vector(lamp.target) - Vector(lamp.position)
        turn = aim.to_track_quat("-Z", "Y") if aim.length > 0 else Matrix.Identity(3).to_quaternion()
        holder.matrix_world = Matrix.LocRotScale(Vector(lamp.position), turn, None)

    def _object(self, one: ObjectSample, number: int) -> None:
        mesh = self.store.mesh(one.mesh)
        key = one.mesh.model_dump_json()
        body = self._hold(bpy.data.objects.new(one.name, self.meshes.get(key, lambda: build_mesh(mesh))))
        material = build_material(one.material, one.pose.scale, self._own(one, mesh, key), self._image)
        self.passing.append(material)
        body.material_slots[0].link = "OBJECT"
        body.material_slots[0].material = material
        body.matrix_world = Matrix(one.pose.matrix().tolist())
        body.pass_index = number

    def _own(self, one: ObjectSample, mesh: Mesh, key: str) -> Own:
        texture = mesh.texture
        if not one.material.keep or texture is None or mesh.uv is None:
            return Own(mesh.color, None)
        return Own(mesh.color, self.images.get("own " + key, lambda: build_image(texture)))

    def _image(self, asset: str) -> bpy.types.Image:
        return self.images.get(asset, lambda: build_image(self.store.image(asset)))

    def _hold(self, one: bpy.types.Object) -> bpy.types.Object:
        self.scene.collection.objects.link(one)
        self.passing.append(one)
        return one
