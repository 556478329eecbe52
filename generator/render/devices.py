"""What can be told of devices without Blender: which a machine shows, and whether one failed rather than the scene."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

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


HIDING = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")  # as Ray and people set them
NVIDIA, DISPLAY = "0x10de", "0x03"  # vendor and class of a PCI device
CURE = (
    "look at what nvidia-smi says (in a container, NVIDIA_DRIVER_CAPABILITIES must name compute and graphics), or set "
    "farm.device: cpu if it is meant so"
)
SLOW = "EEVEE draws in software here, at seconds a frame: engine: cycles is several times as fast without a GPU"


def shown(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> str:
    """What shows that this machine has a GPU, whether or not anything can use it; nothing where it has none, or all are
    hidden from this process."""
    for name in HIDING:
        if (value := environment.get(name)) is not None:
            return f"{name}={value}" if value not in ("", "-1", "NoDevFiles") else ""
    if found := nvidia(root):
        return str(found[0])
    tool = shutil.which("nvidia-smi", path=environment.get("PATH"))
    return tool if tool and any(map(_nvidia, (root / "sys/bus/pci/devices").glob("*"))) else ""


def nvidia(root: Path = Path("/")) -> list[Path]:
    """The GPUs that NVIDIA's driver shows here: in a container, only those that it was given."""
    return sorted((root / "dev").glob("nvidia[0-9]*"))


def _nvidia(device: Path) -> bool:
    vendor, kind = ((device / name) for name in ("vendor", "class"))
    return vendor.is_file() and vendor.read_text().startswith(NVIDIA) and kind.read_text().startswith(DISPLAY)


def unused(engine: str, where: str = "") -> str:
    """A warning that an engine paints without a GPU although one is shown; nothing where that is as it should be."""
    where = where or shown()
    return f"{engine} paints on the CPU although {where} shows a GPU, which it cannot use: {CURE}" if where else ""


def undivided(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> str:
    """A warning that EEVEE leaves all GPUs but one alone. Blender asks EGL for its default display (and Mesa for one
    without a surface), never for a certain device, and no variable that is documented makes NVIDIA's library choose."""
    count = len(nvidia(root))
    if count < 2 or not environment.get("CUDA_VISIBLE_DEVICES"):
        return ""
    return (
        f"EEVEE draws on EGL's default device, whichever of the {count} GPUs a worker holds: all but one are idle; "
        "start one container with one GPU each, as the pods of configs/cluster/kuberay.yaml are"
    )
