"""The only place that imports bpy. Scenes are built from arrays through `bpy.data`, without operators or importers."""

from generator.base.processes import lone_core

# Among several cores one of Blender's threads has nothing to do, and waits busily for that: in 20 seconds of painting
# it spends 16 CPU seconds, most of them in sched_yield.
with lone_core():
    import bpy as bpy
