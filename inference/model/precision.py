"""`python -m inference.model.precision`: an exported model in half precision or with 8-bit convolutions.

It is a program of its own, so that it can be edited without repeating what the others make. What the precision costs is
for `parity` to say, which compares the converted model with ultralytics as it does any other.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference.model import answers, description, directory, held
from inference.model.errors import InputError, StepError
from inference.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.runtimes.network import Network, Outputs

CALIBRATION: Final = 32
"""Pictures on which the range of each activation is measured; parity is judged on others."""
EXACT: Final = ("/dfl/",)
"""Parts of ultralytics' heads that stay as they are: a rounded bin of a box's distance is a pixel or more."""


class Recorder:
    """A network that keeps what it is given."""

    def __init__(self, network: "Network") -> None:
        self.runtime = network.runtime
        self.batches: list[NDArray[np.float32]] = []
        self._network = network

    def __call__(self, batch: "NDArray[np.float32]") -> "Outputs":
        """Runs the network that it stands before."""
        self.batches.append(batch.copy())
        return self._network(batch)


def convert(folder: Path, out: Path, precision: str, pictures: Path | None = None) -> str:
    """Write the model directory `folder` in another precision into `out`; its new name.

    `fp16` halves weights and arithmetic, for GPUs; `int8` rounds convolutions to 8 bits after a look at the inputs that
    pictures make, of which each channel of the weights and each activation gets a scale of its own. Inputs and outputs
    stay FP32. Raises `InputError` for a directory or pictures that cannot be used.
    """
    pipeline = directory.load(folder)
    network = _half(folder) if precision == "fp16" else _eight_bits(folder, pipeline, pictures)
    out.mkdir(parents=True, exist_ok=True)
    (out / description.NETWORK).write_bytes(network.SerializeToString(deterministic=True))
    described: dict[str, Any] = json.loads((folder / description.FILE).read_text())
    described["name"] = f"{described['name']}-{precision}"
    described |= {"sha256": description.sha256_of(out / description.NETWORK), "precision": precision}
    (out / description.FILE).write_text(json.dumps(described, indent=2) + "\n")
    return str(described["name"])


def _half(folder: Path) -> Any:
    import onnx  # noqa: PLC0415
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415

    return convert_float_to_float16(onnx.load(folder / description.NETWORK), keep_io_types=True)


def _eight_bits(folder: Path, pipeline: Pipeline, pictures: Path | None) -> Any:
    import onnx  # noqa: PLC0415
    from onnxruntime import quantization  # noqa: PLC0415

    network = onnx.load(folder / description.NETWORK)
    name = network.graph.input[0].name
    inputs = iter(_inputs(pipeline, pictures))

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        """Hands one input after the other to the calibration."""

        def get_next(self) -> dict[str, Any] | None:
            """The next one, None after the last."""
            batch = next(inputs, None)
            return None if batch is None else {name: batch}

    with tempfile.TemporaryDirectory(prefix="quantize-") as scratch:
        target = Path(scratch, description.NETWORK)
        quantization.quantize_static(
            str(folder / description.NETWORK),
            str(target),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[node.name for node in network.graph.node if any(part in node.name for part in EXACT)],
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return onnx.load(target)


def _inputs(pipeline: Pipeline, pictures: Path | None) -> "Iterator[NDArray[np.float32]]":
    """What the network is given for pictures, by the very code that serves."""
    recorder = Recorder(pipeline.networks[0])
    recorded = replace(pipeline, networks=[recorder])
    with tempfile.TemporaryDirectory(prefix="calibration-") as scratch:
        side = pipeline.model.image_size
        paths = (
            held.given(pictures) if pictures else held.write(Path(scratch), CALIBRATION, side, held.FIRST_CALIBRATION)
        )
        for path in paths[:CALIBRATION]:
            answers.answer(recorded, path, description.CONFIDENCE)
    return iter(recorder.batches)


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert; return the process's exit code: 0 done, 2 a mistake in what was given, 1 anything else."""
    parser = argparse.ArgumentParser(prog="python -m inference.model.precision", description=convert.__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the exported model directory")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--precision", choices=("fp16", "int8"), required=True)
    parser.add_argument("--pictures", type=Path, help="folder of pictures to calibrate int8 on (drawn shapes)")
    given = parser.parse_args(arguments)
    try:
        if given.out.resolve() == given.model.resolve():
            raise InputError(f"{given.out} is the model to convert; name another folder with --out.")
        print(f"converted: {convert(given.model, given.out, given.precision, given.pictures)}")
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.filename or 'A file'} cannot be used: {error.strerror}; free or fix it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
