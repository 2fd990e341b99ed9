"""The local cloud: a registry and a control plane inside the engine, for whoever has no AWS account at hand.

The control plane has a Dagger session of its own; like SageMaker it takes the image by digest from the registry and
starts it. Both keep their state in cache volumes, so that one call finds what the call before it left.
"""

import dagger
from dagger import dag

from slipway.toolchain import debian

REGISTRY = "registry:5000"
ENDPOINT = "http://cloud:4566"
GATEWAY = 4567
"""Port of the HTTP and WebSocket APIs."""

LARGEST_BODY = 25 * 2**20
"""Bytes. The most that slipway.toml can allow; the container enforces what it does allow."""

_REGISTRY_CONFIG = """\
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ":5000"}
"""


def registry() -> dagger.Service:
    """An OCI registry whose blobs outlive the call."""
    return (
        debian("docker-registry")
        .with_new_file("/etc/registry.yml", _REGISTRY_CONFIG)
        .with_mounted_cache("/var/lib/registry", dag.cache_volume("slipway-registry"))
        .with_exposed_port(5000)
        .as_service(args=["docker-registry", "serve", "/etc/registry.yml"])
    )


async def cloud(infra: dagger.Container, images: dagger.Service) -> dagger.Service:
    """The control plane: ECR, SageMaker hosting, alarms and roles as AWS documents them.

    Args:
        infra: has `infra/` and the packages of the `localcloud` group.
        images: the registry that stands for ECR's.
    """
    outputs = dag.cache_volume("slipway-outputs")
    return (
        infra.with_service_binding("registry", images)
        .with_mounted_cache("/var/lib/localcloud", dag.cache_volume("slipway-localcloud-2"))
        .with_mounted_cache("/var/lib/localcloud/outputs", outputs)
        .with_exposed_port(4566)
        # Looked at by nobody: the gateway loads with its first client.
        .with_exposed_port(GATEWAY, experimental_skip_healthcheck=True)
        .as_service(
            args=["python3", "-m", "infra.localcloud", "--port", "4566", "--state", "/var/lib/localcloud"]
            + ["--gateway-port", str(GATEWAY)]
            + ["--registry", f"http://{REGISTRY}", "--max-body-bytes", str(LARGEST_BODY)]
            + ["--outputs-volume", await outputs.id()],
            experimental_privileged_nesting=True,
        )
    )
