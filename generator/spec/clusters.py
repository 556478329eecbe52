"""Cluster files beside the configs: KubeRay manifests and YAML for ``ray up``, checked with the config they run."""

import importlib
import importlib.util
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.base.errors import GeneratorError, InputError, did_you_mean
from generator.base.strict import Fault, Loc
from generator.spec.config import RunConfig
from generator.spec.load import load_config, report, validated
from generator.spec.manifests import GPU, KINDS, Cluster, RayCluster
from generator.spec.yaml import Document, read

VERBS = {"render", "run"}  # those that paint
SCHEMA = "autoscaler/ray-schema.json"  # within the package ray


def is_cluster(data: Any) -> bool:
    """Whether a file describes a cluster rather than a scene or a run."""
    return isinstance(data, dict) and (
        "apiVersion" in data or str(data.get("kind", "")).startswith("Ray") or {"cluster_name", "provider"} <= set(data)
    )


def check_cluster(path: Path) -> str:
    """What a cluster file describes, in a line. Raises InputError with every problem in it, at its line and column."""
    document = read(path)
    document.empty.clear()  # null is a value to Kubernetes and Ray
    if "apiVersion" in document.data or "kind" in document.data:
        return _manifest(document, path)
    return _ray_up(document, path)


def _manifest(document: Document, path: Path) -> str:
    kind = document.data.get("kind")
    if kind not in KINDS:
        report(document, [(("kind",), f"must be {' or '.join(KINDS)}, not {kind!r}{did_you_mean(str(kind), KINDS)}")])
    whole = validated(document, KINDS[kind])
    if isinstance(whole, RayCluster):
        return f"a Ray cluster, {_size(whole.spec)}"
    job = whole.spec
    config, found = _command(path, job.entrypoint)
    faults: list[Fault] = [(("spec", "entrypoint"), text) for text in found]
    if config and job.ray_cluster_spec:
        faults += [(("spec", "rayClusterSpec", *loc), text) for loc, text in _fit(job.ray_cluster_spec, config)]
    report(document, faults)
    size = _size(job.ray_cluster_spec) if job.ray_cluster_spec else "on a cluster that is there"
    return f"a Ray job, {job.entrypoint!r}, {size}"


def _size(cluster: Cluster) -> str:
    groups = [
        f"{one.min_replicas} to {one.max_replicas} x {one.group_name} ({one.cores():g} cores, "
        f"{one.ray.resources.of(GPU):g} GPUs)"
        for one in cluster.worker_group_specs
    ]
    return ", ".join(groups) or "no workers but its head"


def _fit(cluster: Cluster, config: RunConfig) -> Iterator[Fault]:
    """What of a cluster's resources does not go with a config's `farm:`."""
    groups, farm = cluster.worker_group_specs, config.farm
    loc: Loc = ("workerGroupSpecs",) if groups else ("headGroupSpec",)
    gpus = sum(
        one.ray.resources.of(GPU) * one.max_replicas for one in groups
    ) + cluster.head_group_spec.ray.resources.of(GPU)
    cores = sum(one.cores() * one.max_replicas for one in groups) + cluster.head_group_spec.cores()
    if farm.device == "gpu" and not gpus:
        yield loc, f"farm.device is gpu, but no container asks for {GPU}"
    if farm.gpu_share and not gpus:
        yield loc, f"farm.gpu_share is {farm.gpu_share:g}, but no container asks for {GPU}"
    if cores < (1 if farm.workers == "auto" else farm.workers):
        yield (
            loc,
            f"farm.workers is {farm.workers}, but all containers have {cores:g} cores together, and each needs one",
        )
    if gpus and farm.gpu_share and farm.workers != "auto" and farm.workers * farm.gpu_share > gpus:
        yield loc, f"farm.workers times farm.gpu_share is more than the {gpus:g} GPUs of all containers together"
    shared = all(one.ray.volume_mounts for one in [cluster.head_group_spec, *groups])
    if "://" not in config.output and not shared:
        folder = config.output or f"runs/{config.run}"
        yield (
            loc,
            (
                f"frames would go to {folder!r} within the pods, and with them; give the config an "
                "`output` at a URL, or mount a volume (volumeMounts) in head and workers"
            ),
        )


def _command(path: Path, command: str) -> tuple[RunConfig | None, list[str]]:
    """The config that a command paints, if it does, and what is wrong with the command."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return None, [f"is no command of a shell: {error}"]
    if "generator" not in words:
        return None, []
    verb, *rest = words[words.index("generator") + 1 :] or [""]
    if verb not in VERBS:
        near = did_you_mean(verb, VERBS)
        return None, [f"`generator {verb}` paints nothing: use render or run{near}"] if near or not verb else []
    found = [] if "--address" in rest else ["has no `--address auto`: it would start a cluster of its own in one pod"]
    names = [word for word in rest if word.endswith((".yaml", ".yml"))]
    if len(names) != 1:
        return None, [*found, f"`generator {verb}` needs the name of one config"]
    config = next((file for root in (Path(), *path.resolve().parents) if (file := root / names[0]).is_file()), None)
    if config is None:
        known = [file.as_posix() for file in sorted(Path(names[0]).parent.glob("*.yaml"))]
        return None, [*found, f"no such config {names[0]!r}{did_you_mean(names[0], known)}"]
    try:
        return load_config(config), found
    except (InputError, GeneratorError) as error:
        return None, [*found, f"{names[0]} has mistakes: {str(error).splitlines()[0]}"]


def _ray_up(document: Document, path: Path) -> str:
    data = document.data
    faults = [*_against_schema(data), *_nodes(data)]
    for key in [key for key in data if key.endswith("_commands") and isinstance(data[key], list)]:
        for place, command in enumerate(data[key]):
            faults += [((key, place), text) for text in _command(path, str(command))[1]]
    report(document, faults)
    return f"for `ray up`: {data['cluster_name']}, on {data['provider']['type']}"


def _nodes(data: dict[str, Any]) -> Iterator[Fault]:
    """What Ray's schema cannot say: machines of one's own are counted, and workers must find their head."""
    provider = data.get("provider")
    if isinstance(provider, dict) and provider.get("type") == "local" and "coordinator_address" not in provider:
        for key in ("head_ip", "worker_ips"):
            if key not in provider:
                yield ("provider",), f"{key} is missing: a local provider is told its machines"
        count = len(provider.get("worker_ips") or ())
        for key in ("min_workers", "max_workers"):
            if isinstance(data.get(key), int) and data[key] > count:
                yield (key,), f"must be at most {count}, the number of worker_ips"
    for key, wanted in (("head_start_ray_commands", "--head"), ("worker_start_ray_commands", "--address")):
        commands = data.get(key)
        if isinstance(commands, list) and not any("ray start" in str(one) and wanted in str(one) for one in commands):
            yield (key,), f"has no `ray start` with {wanted}"


def _against_schema(data: dict[str, Any]) -> Iterator[Fault]:
    """Faults by Ray's own schema, which its package carries; nothing where that or `jsonschema` is not installed. Ray
    itself is not imported."""
    spec = importlib.util.find_spec("ray")
    files = [Path(root) / SCHEMA for root in (spec.submodule_search_locations or ())] if spec else []
    if not any(map(Path.is_file, files)) or not importlib.util.find_spec("jsonschema"):
        return
    jsonschema = importlib.import_module("jsonschema")
    if data.get("provider", {}).get("type") == "local":  # Ray itself takes it out before it looks at its schema
        data = {key: value for key, value in data.items() if key != "min_workers"}
    schema = json.loads(next(filter(Path.is_file, files)).read_text())
    for error in jsonschema.Draft7Validator(schema).iter_errors(data):
        loc = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            for key in sorted(set(error.instance) - set(known)):
                yield (*loc, key), f"unknown key{did_you_mean(key, known)}"
        else:
            yield loc, error.message
