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
HTTP = Source("RFC 9112: HTTP/1.1", "https://www.rfc-editor.org/rfc/rfc9112")
SEMANTICS = Source("RFC 9110: HTTP Semantics", "https://www.rfc-editor.org/rfc/rfc9110")
SLIPWAY = Source("Slipway: docs/architecture.md")
