"""Where each clause is written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A document's title, and its address where it has one."""

    title: str
    url: str = ""


HOSTING = Source(
    "AWS: Custom Inference Code with Hosting Services",
    "https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html",
)
INVOKE = Source(
    "AWS: InvokeEndpoint",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
)
QUOTAS = Source(
    "AWS: Amazon SageMaker AI endpoints and quotas",
    "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html",
)
LAMBDA_IMAGES = Source(
    "AWS: Create a Lambda function using a container image",
    "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
)
LAMBDA_QUOTAS = Source("AWS: Lambda quotas", "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html")
PROBES = Source(
    "Kubernetes: Configure Liveness, Readiness and Startup Probes",
    "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
)
PODS = Source("Kubernetes: Pod Lifecycle", "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/")
HOOKS = Source(
    "Kubernetes: Container Lifecycle Hooks",
    "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
)
POD_SECURITY = Source(
    "Kubernetes: Pod Security Standards", "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
)
HTTP = Source("RFC 9112: HTTP/1.1", "https://www.rfc-editor.org/rfc/rfc9112")
SEMANTICS = Source("RFC 9110: HTTP Semantics", "https://www.rfc-editor.org/rfc/rfc9110")
SLIPWAY = Source("Slipway: docs/architecture.md")
