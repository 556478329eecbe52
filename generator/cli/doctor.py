"""`doctor`: what this machine can do, and what it lacks."""

import shutil
import subprocess
import sys
from importlib import metadata

import typer

from generator.base.processes import cores
from generator.cli.console import console

PACKAGES = ("bpy", "numpy", "embreex", "trimesh", "ray", "torch", "torchvision", "pycocotools", "pyarrow", "OpenEXR")
GPU = "torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu'"
PAINTS = """
from generator.render.blender.engines import choose_device
from generator.render.devices import unused
device = choose_device("auto")
print(device + (f" ({told})" if device == "cpu" and (told := unused("Cycles")) else ""))
"""
PROBES = {
    "Blender": "import bpy; print(bpy.app.version_string)",
    "painting on": PAINTS,
    "training on": f"import torch; print({GPU})",
}


def doctor() -> None:
    """Look at this machine: versions, Blender's libraries, GPUs, disk. Exit code 1 when it cannot paint or train."""
    console.print(f"python {sys.version.split()[0]}, {cores()} cores, {disk()} GB of disk free here")
    for name in PACKAGES:
        console.print(f"  {name} {version(name)}", highlight=False)
    failed = False
    for what, code in PROBES.items():
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        lines = (result.stdout if result.returncode == 0 else result.stderr).strip().splitlines() or [""]
        failed |= result.returncode != 0
        console.print(f"[{'green' if result.returncode == 0 else 'red'}]{what}[/]: {lines[-1]}", highlight=False)
    if failed:
        console.print("Debian packages that Blender needs: see scripts/install")
        raise typer.Exit(1)


def version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "is missing: pip install -e ."


def disk() -> int:
    return shutil.disk_usage(".").free // 2**30


def register(app: typer.Typer) -> None:
    app.command()(doctor)
