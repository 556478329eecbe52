"""One Embree device per process: with one for each mesh, the process dies at about eleven hundred meshes."""

from functools import cache

from embreex import rtcore, rtcore_scene


@cache
def device() -> rtcore.EmbreeDevice:
    return rtcore.EmbreeDevice()


def new_scene() -> rtcore_scene.EmbreeScene:
    """An empty scene for ray queries."""
    return rtcore_scene.EmbreeScene(device())
