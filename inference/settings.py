"""The server's settings, read once from the environment and refused with a sentence when they make no sense."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from inference.errors import SettingsError
from inference.remote.addresses import NOWHERE, AllowList
from inference.remote.buckets import NO_BUCKETS, Buckets

MIB = 1024 * 1024
LOG_LEVELS = ("debug", "info", "warning", "error")
DEVICES = ("cpu", "cuda")
GPU_BATCH = 8
"""Pictures that go through a GPU together by default; a processor's cores gain nothing from more than one."""
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Settings:
    """What can be set from outside. Sizes are bytes, times are seconds.

    The defaults follow SageMaker's limits: 6 MB of real-time payload, an answer within 60 s, SIGKILL 30 s after SIGTERM
    (AWS: "Custom Inference Code with Hosting Services", "InvokeEndpoint").
    """

    model_dir: Path | None = None
    """The only place to look for the model; unset, /opt/ml/model and then the model beside the package."""
    port: int = 8080
    workers: int = 1
    """Pictures worked on at the same time."""
    threads: int = 1
    """Threads that one inference may use."""
    quiet_threads: int = 1
    """The same while at most half of the workers are busy."""
    batch: int = 1
    """Pictures that may go through the network together."""
    batch_milliseconds: int = 2
    """Time that a picture waits for others to go with."""
    queue: int = 64
    """Requests that may wait for a worker; one more is refused with 503."""
    max_body_bytes: int = 6 * MIB
    max_held_bytes: int = 256 * MIB
    """Memory for the bodies and the answers of all requests together."""
    max_pixels: int = 64_000_000
    color_profiles: bool = True
    """Whether colours become what a picture's ICC profile means, or stay the numbers that they are."""
    max_pictures: int = 64
    """Pictures in one request."""
    max_frames: int = 300
    """Frames of one sequence that are looked at."""
    body_seconds: float = 30.0
    """Time in which a client must have sent its request."""
    queue_seconds: float = 50.0
    """Time after which a waiting request is refused: nobody waits for its answer any more."""
    linger_seconds: float = 10.0
    """Time after SIGTERM in which new requests are still answered, while they keep coming."""
    drain_seconds: float = 25.0
    """Time after SIGTERM at which the process ends, whatever it still does."""
    image_url_hosts: AllowList = NOWHERE
    image_s3_buckets: Buckets = NO_BUCKETS
    image_url_bytes: int = 20 * MIB
    image_url_seconds: float = 10.0
    page: bool = True
    """Whether browsers get a page at /."""
    log_level: str = "info"
    device: str = "cpu"
    """What the network runs on; the image sets it to what it was built for."""
    cpu_fallback: bool = False
    """Whether the processor may stand in for a device that is missing."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Reads SLIPWAY_* and SageMaker's SAGEMAKER_BIND_TO_PORT; raises SettingsError for the first wrong value."""
        port = _integer(environment, "SAGEMAKER_BIND_TO_PORT", cls.port, 0, 65535)
        cores = available_cores()
        device = _choice(environment, "SLIPWAY_DEVICE", cls.device, DEVICES)
        threads = _integer(environment, "SLIPWAY_THREADS", cls.threads, 1, 1024)
        batch = _integer(environment, "SLIPWAY_BATCH", cls.batch if device == "cpu" else GPU_BATCH, 1, 1024)
        # While as many pictures as make a batch wait for the network, the cores decode others.
        workers = max(1, cores // threads) + (batch if batch > 1 else 0)
        # A layout that was chosen is left as it is.
        chosen = environment.get("SLIPWAY_THREADS") or environment.get("SLIPWAY_WORKERS")
        settings = cls(
            model_dir=Path(path) if (path := environment.get("SLIPWAY_MODEL_DIR", "")) else None,
            port=_integer(environment, "SLIPWAY_PORT", port, 0, 65535),
            workers=_integer(environment, "SLIPWAY_WORKERS", workers, 1, 1024),
            threads=threads,
            quiet_threads=_integer(environment, "SLIPWAY_QUIET_THREADS", threads if chosen else cores, 1, 1024),
            batch=batch,
            batch_milliseconds=_integer(environment, "SLIPWAY_BATCH_MILLISECONDS", cls.batch_milliseconds, 0, 10_000),
            queue=_integer(environment, "SLIPWAY_QUEUE", cls.queue, 0, 100_000),
            max_body_bytes=_integer(environment, "SLIPWAY_MAX_BODY_BYTES", cls.max_body_bytes, 1),
            max_held_bytes=_integer(environment, "SLIPWAY_MAX_HELD_BYTES", cls.max_held_bytes, 1),
            max_pixels=_integer(environment, "SLIPWAY_MAX_PIXELS", cls.max_pixels, 1),
            color_profiles=_choice(environment, "SLIPWAY_COLOR_PROFILES", "1", ("0", "1")) == "1",
            max_pictures=_integer(environment, "SLIPWAY_MAX_PICTURES", cls.max_pictures, 1, 10_000),
            max_frames=_integer(environment, "SLIPWAY_MAX_FRAMES", cls.max_frames, 1, 10_000),
            body_seconds=_seconds(environment, "SLIPWAY_BODY_SECONDS", cls.body_seconds),
            queue_seconds=_seconds(environment, "SLIPWAY_QUEUE_SECONDS", cls.queue_seconds),
            linger_seconds=_seconds(environment, "SLIPWAY_LINGER_SECONDS", cls.linger_seconds),
            drain_seconds=_seconds(environment, "SLIPWAY_DRAIN_SECONDS", cls.drain_seconds),
            image_url_hosts=AllowList.parse(environment.get("SLIPWAY_IMAGE_URL_HOSTS", "")),
            image_s3_buckets=Buckets.parse(environment.get("SLIPWAY_IMAGE_S3_BUCKETS", "")),
            image_url_bytes=_integer(environment, "SLIPWAY_IMAGE_URL_BYTES", cls.image_url_bytes, 1),
            image_url_seconds=_seconds(environment, "SLIPWAY_IMAGE_URL_SECONDS", cls.image_url_seconds),
            page=_choice(environment, "SLIPWAY_PAGE", "1", ("0", "1")) == "1",
            log_level=_choice(environment, "SLIPWAY_LOG_LEVEL", cls.log_level, LOG_LEVELS),
            device=device,
            cpu_fallback=_choice(environment, "SLIPWAY_CPU_FALLBACK", "0", ("0", "1")) == "1",
        )
        if settings.linger_seconds > settings.drain_seconds:
            raise SettingsError(
                f"SLIPWAY_LINGER_SECONDS is {settings.linger_seconds:g}, longer than SLIPWAY_DRAIN_SECONDS, "
                f"{settings.drain_seconds:g}: the process would end before it lingered. Shorten the first."
            )
        if settings.max_held_bytes < settings.max_body_bytes:
            raise SettingsError(
                f"SLIPWAY_MAX_HELD_BYTES is {settings.max_held_bytes}, less than SLIPWAY_MAX_BODY_BYTES, "
                f"{settings.max_body_bytes}: one body must fit into the memory for all. Raise the first."
            )
        return settings


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """The SLIPWAY_* variables that no setting reads: most likely misspelt."""
    known = {f"SLIPWAY_{field.name.upper()}" for field in fields(Settings)}
    return sorted(name for name in environment if name.startswith("SLIPWAY_") and name not in known)


def available_cores(quota: Path = CPU_QUOTA) -> int:
    """Cores this process may use: its CPU affinity, cut to the control group's quota (Linux: cgroup v2 `cpu.max`)."""
    cores = len(os.sched_getaffinity(0))
    try:
        limit, period = quota.read_text().split()
        return cores if limit == "max" else max(1, min(cores, int(limit) // int(period)))
    except (OSError, ValueError):
        return cores


def _integer(environment: Mapping[str, str], name: str, default: int, low: int, high: int | None = None) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low or (high is not None and value > high):
        allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise SettingsError(f"{name} is {text!r}; set it to a whole number {allowed}, or leave it out for {default}.")
    return value


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 3600:
        raise SettingsError(
            f"{name} is {text!r}; set it to seconds above 0 and up to 3600, or leave it out for {default:g}."
        )
    return value


def _choice(environment: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = environment.get(name, "").lower() or default
    if value not in choices:
        raise SettingsError(f"{name} is {environment[name]!r}; set it to one of {', '.join(choices)}.")
    return value
