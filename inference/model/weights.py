"""Looking into a checkpoint before anything in it may run.

A `.pt` file is a pickle inside a ZIP archive, and loading a pickle calls what it names: **a checkpoint is
a program**. `inspect` therefore replays the pickle with inert stand-ins for everything it names, refuses
names and calls that no checkpoint of ultralytics needs, and reads task, labels and image size on the way.
It needs neither torch nor ultralytics. That narrows the door; it does not make a stranger's file safe, so
`load` is called only in steps that hold no credentials.
"""

import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from inference.model import framework
from inference.model.errors import WeightsError

# The size that ultralytics trains at unless told otherwise.
DEFAULT_IMAGE_SIZE: Final = 640
# The pickle holds structure, not numbers: 0.13 MB for YOLO11n, and below 1 MB for the largest.
LARGEST_PICKLE: Final = 64 * 2**20

# What may be called while a checkpoint is read: plain values and tensors.
VALUES: Final = re.compile(
    r"(builtins|__builtin__)\.(set|frozenset|dict|list|tuple|int|float|bool|complex|str|bytes|bytearray|slice|range)"
    r"|collections\.(OrderedDict|defaultdict)"
    r"|torch\.(\w+Storage|Size|device|dtype|float\d*|bfloat16|half|int\d*|uint8|long|bool)"
    r"|torch\._utils\._rebuild_(tensor|tensor_v2|parameter|parameter_with_state|device_tensor_from_numpy)"
    r"|torch\.(nn\.parameter\.Parameter|torch_version\.TorchVersion|serialization\._get_layout)"
    r"|numpy\.(dtype|ndarray)|numpy\.dtypes\.\w+|numpy\.(core|_core)\.multiarray\.(scalar|_reconstruct)"
    r"|_codecs\.encode|datetime\.(datetime|date|timedelta|timezone)|pathlib\.\w*Path"
    r"|ultralytics\.utils\.IterableSimpleNamespace|types\.SimpleNamespace"
    r"|torchvision\.transforms\.functional\.InterpolationMode"
)
# What may be made empty and given its attributes, never called: the parts of a network, its loss, and how pictures are
# laid before one that classifies.
PARTS: Final = re.compile(
    r"(torch\.nn\.modules|ultralytics\.nn|ultralytics\.utils\.(loss|tal))(\.\w+)+"
    r"|torchvision\.transforms\.transforms\.(Compose|Resize|CenterCrop|ToTensor|Normalize)"
)

TASKS: Final = {
    "DetectionModel": "detect",
    "SegmentationModel": "segment",
    "ClassificationModel": "classify",
    "PoseModel": "pose",
    "OBBModel": "obb",
}


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says about itself; `image_size` is the side it was trained at, in pixels.

    `keypoint_shape` is of poses alone: how many keypoints, and how many numbers for each, 2 or 3.
    """

    path: Path
    name: str
    labels: tuple[str, ...]
    image_size: int
    task: str = "detect"
    keypoint_shape: tuple[int, int] | None = None


def inspect(path: Path) -> Checkpoint:
    """Read task, labels and image size of a checkpoint without running anything in it.

    Raises `WeightsError` when the file is missing, damaged, of another kind, or names what it should not.
    """
    try:
        content = _Reader(path, _pickle_of(path)).load()
    except WeightsError:
        raise
    except Exception as error:  # A damaged pickle can fail in any way at all.
        raise _unusable(path, f"its pickle cannot be read ({error})", "save it again or download it anew") from error
    return _describe(path, content)


def load(checkpoint: Checkpoint) -> Any:
    """The checkpoint as an `ultralytics.YOLO`. This runs what the file says: see the module's text."""
    yolo = framework.yolo()
    try:
        return yolo(str(checkpoint.path))
    except Exception as error:
        reason = f"ultralytics cannot load it ({error})"
        raise _unusable(checkpoint.path, reason, "save it again with a current ultralytics") from error


class _Value:
    """Stands for a plain value or a tensor; takes any arguments, attributes and items, and does nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...
    def __setstate__(self, state: object) -> None:
        self.__dict__.update(_attributes(state))

    def __setitem__(self, key: object, value: object) -> None: ...
    def append(self, item: object) -> None: ...
    def add(self, item: object) -> None: ...


class _Mapping(dict[Any, Any]):
    """Stands for a dictionary that may have attributes of its own."""

    def __setstate__(self, state: object) -> None: ...


class _Uncallable(type):
    def __call__(cls, *_: object, **__: object) -> Any:
        raise pickle.UnpicklingError(f"it calls {cls.__name__}, which a checkpoint only ever fills in")


class _Part(metaclass=_Uncallable):
    """Stands for a part of a network; keeps its attributes."""

    def __setstate__(self, state: object) -> None:
        self.__dict__.update(_attributes(state))


def _attributes(state: object) -> dict[str, Any]:
    return {str(key): value for key, value in state.items()} if isinstance(state, dict) else {}


class _Reader(pickle.Unpickler):
    """Replays a pickle without importing or calling anything it names."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        super().__init__(file)
        self.path = path

    def find_class(self, module: str, name: str) -> type:
        qualified = f"{module}.{name}"
        if VALUES.fullmatch(qualified):
            # Mappings must stay mappings: the attributes of a network hang in them.
            return _Mapping if name in {"OrderedDict", "dict"} else type(qualified, (_Value,), {})
        if PARTS.fullmatch(qualified) and "." not in name:
            return _Uncallable(qualified, (_Part,), {})
        reason = f"it names {qualified}, which no checkpoint of ultralytics needs and which loading would run"
        raise _unusable(self.path, reason, "give a checkpoint that `yolo train` wrote")

    def persistent_load(self, pid: object) -> object:
        """The numbers of a tensor: not needed."""
        return _Value()


def _pickle_of(path: Path) -> IO[bytes]:
    """The structure inside the archive, opened."""
    if not path.is_file():
        raise _unusable(path, "there is no such file", "check the path")
    try:
        archive = zipfile.ZipFile(path)
        broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise _unusable(path, _guess(path), "give the .pt file that `yolo train` wrote") from error
    if broken is not None:
        raise _unusable(path, f"{broken} inside it is damaged", "copy or download it again")
    entries = [entry for entry in archive.infolist() if re.fullmatch(r"[^/]+/data\.pkl", entry.filename)]
    if len(entries) != 1 or any(name.endswith("/constants.pkl") for name in archive.namelist()):
        reason = "it is an archive, but not one of torch.save (a TorchScript export, perhaps)"
        raise _unusable(path, reason, "give the .pt file that `yolo train` wrote")
    if entries[0].file_size > LARGEST_PICKLE:
        reason = f"its structure alone takes {entries[0].file_size} bytes, more than any such model needs"
        raise _unusable(path, reason, "give the .pt file that `yolo train` wrote")
    return archive.open(entries[0])


def _guess(path: Path) -> str:
    """What a file that is no archive seems to be."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        return "the file is empty"
    if start.startswith(b"PK"):
        return "it is cut short or damaged: the archive has no readable directory at its end"
    if start.startswith(b"\x80"):
        return "it is a bare pickle, not an archive of torch.save"
    return f"it is no PyTorch checkpoint: it starts with {start!r}"


def _describe(path: Path, content: object) -> Checkpoint:
    """Check what the replay gave and take out what is needed."""
    again = "give the .pt file that `yolo train` wrote"
    if not isinstance(content, dict):
        raise _unusable(path, "it holds no dictionary, as checkpoints of ultralytics do", again)
    network = content.get("ema") or content.get("model")
    if not isinstance(network, _Part):
        raise _unusable(path, "it holds no network, perhaps only a state dictionary", again)
    kind = type(network).__name__.rpartition(".")[2]
    if kind not in TASKS:
        raise _unusable(path, f"the model in it is a {kind}, and the image serves {', '.join(TASKS)}", again)
    names = getattr(network, "names", None)
    listed = list(names) if isinstance(names, (list, tuple)) else _in_order(names)
    if not listed or not all(isinstance(label, str) and label for label in listed):
        raise _unusable(path, f"its labels are not numbered from 0 without a gap ({names!r})", again)
    arguments = content.get("train_args")
    arguments = arguments if isinstance(arguments, dict) else {}
    size = arguments.get("imgsz", DEFAULT_IMAGE_SIZE)
    size = max(size) if isinstance(size, (list, tuple)) and size else size
    if not isinstance(size, int) or size < 1:
        raise _unusable(path, f"the image size it was trained at is {size!r}", again)
    shape = _keypoint_shape(path, network) if TASKS[kind] == "pose" else None
    return Checkpoint(path, _name(path, arguments), tuple(listed), size, TASKS[kind], shape)


def _in_order(names: object) -> list[Any]:
    if not isinstance(names, dict) or set(names) != set(range(len(names))):
        return []
    return [names[number] for number in range(len(names))]


def _keypoint_shape(path: Path, network: object) -> tuple[int, int]:
    described = getattr(network, "yaml", None)
    shape = described.get("kpt_shape") if isinstance(described, dict) else None
    numbers = list(shape) if isinstance(shape, (list, tuple)) else []
    if [type(number) for number in numbers] != [int, int] or numbers[0] < 1 or numbers[1] not in (2, 3):
        reason = f"the shape of its keypoints is {shape!r}, not their number and 2 or 3 numbers for each"
        raise _unusable(path, reason, "give the .pt file that `yolo train` wrote")
    return (numbers[0], numbers[1])


def _name(path: Path, arguments: dict[str, Any]) -> str:
    """Architecture and data set, `yolo11n-coco`, or the file's own name when it does not tell."""
    parts = [Path(value).stem for key in ("model", "data") if isinstance(value := arguments.get(key), str) and value]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts) if len(parts) == 2 else path.stem)


def _unusable(path: Path, reason: str, remedy: str) -> WeightsError:
    return WeightsError(f"The weights {path} cannot be used: {reason}; {remedy}.")
