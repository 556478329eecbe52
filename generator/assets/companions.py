"""Files that a mesh names: OBJ → MTL → textures, glTF → buffers and images."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

_MAP = re.compile(r"^\s*map_K[ad]\s+(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_NUMBERS = r"(?:\s+[-+.\deE]+){1,3}"
_OPTION = re.compile(
    rf"-(?:blendu|blendv|cc|clamp)\s+(?:on|off)\s+|-(?:mm|o|s|t){_NUMBERS}\s+|-(?:bm|boost|texres)\s+\S+\s+"
    r"|-(?:imfchan|type|colorspace)\s+\S+\s+",
    re.IGNORECASE,
)


def companions(path: Path) -> list[Path]:
    """Files beside a mesh that it needs, inside its own folder."""
    root = path.parent.resolve()
    found = [path.parent / name for name in sorted(named(path))]
    return [one for one in found if one.is_file() and one.resolve().is_relative_to(root)]


def missing_files(path: Path) -> list[str]:
    """Files that a mesh names and that are not beside it."""
    return sorted(name for name in named(path) if not (path.parent / name).is_file())


def named(path: Path) -> set[str]:
    """All files that a mesh names, relative to its folder."""
    reader = {".obj": _of_obj, ".gltf": _of_gltf}.get(path.suffix.lower())
    return reader(path) if reader else set()


def texture_name(text: str) -> str:
    """The file in what an MTL says after ``map_Kd``: options come first, and the name may hold spaces."""
    rest = text.strip()
    while option := _OPTION.match(rest):
        rest = rest[option.end() :]
    return rest


def _of_obj(path: Path) -> set[str]:
    libraries = set(re.findall(r"^mtllib\s+(.+?)\s*$", path.read_text("utf-8", "replace"), re.MULTILINE))
    found = set(libraries)
    for name in libraries:
        if (path.parent / name).is_file():
            text = (path.parent / name).read_text("utf-8", "replace")
            found |= {texture_name(one) for one in _MAP.findall(text)}
    return found


def _of_gltf(path: Path) -> set[str]:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, UnicodeDecodeError):
        return set()
    uris = [part.get("uri", "") for key in ("buffers", "images") for part in data.get(key, [])]
    return {unquote(uri) for uri in uris if uri and not uri.startswith("data:")}
