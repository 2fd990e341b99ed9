"""Which execution provider of ONNX Runtime runs the network: what the image's device asks for, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inference.errors import DeviceError

Provider = tuple[str, dict[str, Any]]

_CPU: Provider = ("CPUExecutionProvider", {})


@dataclass(frozen=True)
class Execution:
    """Providers in order of preference, the one that has to be there first."""

    providers: tuple[Provider, ...] = (_CPU,)
    fallback: str = ""
    """Why the processor stands in for the device; empty where it does not."""

    @property
    def wanted(self) -> str:
        """Name of the provider that has to be there."""
        return self.providers[0][0]

    @property
    def on_gpu(self) -> bool:
        """Whether the network runs on a GPU."""
        return self.wanted != _CPU[0]


def execution(device: str, *, cpu_fallback: bool) -> Execution:
    """How networks run on a device, `cpu` or `cuda`.

    Raises DeviceError where it is missing, or, if `cpu_fallback` allows it, gives the processor with the reason.
    """
    if device == "cpu":
        return Execution()
    # Nothing of it is needed, nor imported, where there is no GPU to serve on.
    from inference.runtimes import cuda  # noqa: PLC0415

    try:
        cuda.load()
    except DeviceError as error:
        if not cpu_fallback:
            raise
        return Execution(fallback=str(error))
    # What a GPU has no kernel for, such as the arithmetic of shapes, runs on the processor.
    return Execution((("CUDAExecutionProvider", cuda.OPTIONS), _CPU))
