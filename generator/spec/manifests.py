"""A run as a KubeRay manifest: what KubeRay reads of ``ray.io/v1``, and of pods what must be right to start one.

Source: the Go types of KubeRay's operator (``ray-operator/apis/ray/v1``) and Kubernetes' core API. Of a pod, only its
containers are looked into.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from generator.base.strict import Strict, nested

GPU = "nvidia.com/gpu"
Replicas = Annotated[int, Field(ge=0)]
NUMBERS = {
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}


class Part(Strict):
    """Keys in Kubernetes' spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Resources(Part):
    """What a container gets. Quantities as Kubernetes writes them: 500m, 2, 8Gi."""

    requests: dict[str, str | int | float] = Field(default_factory=dict)
    limits: dict[str, str | int | float] = Field(default_factory=dict)
    claims: Any = None

    @field_validator("requests", "limits")
    @classmethod
    def _numbers(cls, value: dict[str, str | int | float]) -> dict[str, str | int | float]:
        wrong = [((name,), f"{quantity!r} is no quantity, such as 500m, 2 or 8Gi")
                 for name, quantity in value.items() if number(quantity) is None]  # fmt: skip
        if wrong:
            raise nested([(place, text) for place, text in wrong])
        return value

    def of(self, name: str) -> float:
        """Kubernetes takes a limit for the request where that is missing."""
        return number(self.requests.get(name, self.limits.get(name, 0))) or 0.0


class Container(Part):
    """One container of a pod; what is not named here only has to be spelt right."""

    name: str
    image: Annotated[str, Field(min_length=1)]
    resources: Resources = Resources()
    volume_mounts: list[Any] = Field(default_factory=list)
    command: Any = None
    args: Any = None
    env: Any = None
    env_from: Any = None
    image_pull_policy: Literal["Always", "Never", "IfNotPresent"] | None = None
    lifecycle: Any = None
    liveness_probe: Any = None
    ports: Any = None
    readiness_probe: Any = None
    resize_policy: Any = None
    restart_policy: Any = None
    security_context: Any = None
    startup_probe: Any = None
    stdin: Any = None
    stdin_once: Any = None
    termination_message_path: Any = None
    termination_message_policy: Any = None
    tty: Any = None
    volume_devices: Any = None
    working_dir: Any = None


class Pod(BaseModel):
    """A pod's spec."""

    containers: Annotated[list[Container], Field(min_length=1)]


class Template(Part):
    """A pod's template."""

    metadata: Any = None
    spec: Pod


class Group(Part):
    """What head and workers have in common."""

    template: Template
    ray_start_params: dict[str, str] = Field(default_factory=dict)  # a number must be quoted: Go reads text here
    labels: Any = None
    resources: Any = None

    @property
    def ray(self) -> Container:
        """The first container runs Ray."""
        return self.template.spec.containers[0]

    def cores(self) -> float:
        given = self.ray_start_params.get("num-cpus", "")
        return float(given) if given.isdigit() else self.ray.resources.of("cpu")


class Head(Group):
    """The pod that the driver runs on."""

    service_type: str | None = None
    head_service: Any = None
    enable_ingress: bool | None = None


class Workers(Group):
    """Pods of one kind."""

    group_name: str
    replicas: Replicas | None = None
    min_replicas: Replicas = 0
    max_replicas: Replicas = 2**31 - 1
    num_of_hosts: Annotated[int, Field(ge=1)] = 1
    idle_timeout_seconds: int | None = None
    scale_strategy: Any = None
    suspend: bool | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Workers":
        wanted = self.min_replicas if self.replicas is None else self.replicas
        if not self.min_replicas <= wanted <= self.max_replicas:
            raise ValueError("minReplicas, replicas and maxReplicas must not decrease in this order")
        return self


class Cluster(Part):
    """A RayCluster's spec."""

    head_group_spec: Head
    worker_group_specs: list[Workers] = Field(default_factory=list)
    ray_version: str | None = None
    enable_in_tree_autoscaling: bool | None = None
    autoscaler_options: Any = None
    head_service_annotations: Any = None
    auth_options: Any = None
    gcs_fault_tolerance_options: Any = None
    managed_by: str | None = None
    suspend: bool | None = None
    upgrade_strategy: Any = None


class Job(Part):
    """A RayJob's spec."""

    entrypoint: Annotated[str, Field(min_length=1)]
    ray_cluster_spec: Cluster | None = None
    cluster_selector: dict[str, str] | None = None
    active_deadline_seconds: Annotated[int, Field(gt=0)] | None = None
    backoff_limit: Replicas = 0
    deletion_strategy: Any = None
    entrypoint_num_cpus: float | None = None
    entrypoint_num_gpus: float | None = None
    entrypoint_resources: str | None = None
    job_id: str | None = None
    managed_by: str | None = None
    metadata: dict[str, str] | None = None
    pre_running_deadline_seconds: int | None = None
    runtime_env_yaml: Annotated[str | None, Field(alias="runtimeEnvYAML")] = None
    schedule: str | None = None
    shutdown_after_job_finishes: bool = False
    submission_mode: Literal["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"] = "K8sJobMode"
    submitter_config: Any = None
    submitter_pod_template: Any = None
    suspend: bool = False
    ttl_seconds_after_finished: Replicas = 0

    @model_validator(mode="after")
    def _somewhere(self) -> "Job":
        if (self.ray_cluster_spec is None) == (self.cluster_selector is None):
            raise ValueError("needs either a rayClusterSpec or a clusterSelector")
        return self


class Metadata(BaseModel):
    """Kubernetes' own; a name is all that is needed."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=63)]


class Manifest(Part):
    """What every kind begins with."""

    api_version: Literal["ray.io/v1"]
    kind: str
    metadata: Metadata


class RayJob(Manifest):
    """A cluster for as long as one command runs, or a command on a cluster that is there."""

    spec: Job


class RayCluster(Manifest):
    """A cluster that stays."""

    spec: Cluster


KINDS: dict[str, type[RayJob] | type[RayCluster]] = {"RayJob": RayJob, "RayCluster": RayCluster}


def number(quantity: str | int | float) -> float | None:
    """A quantity of Kubernetes as a number; None when it is none."""
    text = str(quantity)
    digits = text.rstrip("mkMGTKi")
    unit = NUMBERS.get(text[len(digits) :])
    try:
        return None if unit is None else float(digits) * unit
    except ValueError:
        return None
