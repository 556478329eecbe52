"""What can be told of devices without Blender: whether it was the device that failed, not the scene."""

import re

# The words are those of Cycles and its drivers: "System is out of GPU memory", "Out of memory in cuMemAlloc_v2(...)",
# "Illegal address in CUDA queue synchronize (...)", "OPTIX_ERROR_DEVICE_OUT_OF_MEMORY in optixAccelBuild(...)".
_FULL = re.compile(r"out[ _]of[ _](?:\w+[ _])*?memory|available GPU memory was likely exceeded", re.IGNORECASE)
_BROKEN = re.compile(
    r" in (?:(?:CUDA|HIP) queue |(?:cu|hip|optix)[A-Z])|(?:CUDA|HIP|OptiX) (?:context|acceleration structure)"
    r"|oneAPI [\w ]*(?:error|exception)|GPU denoiser \w+ has failed"
)


def full(said: str) -> bool:
    """Whether Blender says that there is no memory left, on a GPU or elsewhere."""
    return bool(_FULL.search(said))


def gave_up(said: str) -> bool:
    """Whether Blender says that its device is full or broken. A broken one (CUDA: "the process must be terminated and
    relaunched") reports the same of every later picture, whatever its scene."""
    return full(said) or bool(_BROKEN.search(said))
