"""The only place that imports bpy. Scenes are built from arrays through `bpy.data`, without operators or importers."""
