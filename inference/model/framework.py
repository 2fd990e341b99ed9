"""Ultralytics, brought in so that it reaches for no network, installs nothing, and uses the processors well."""

import atexit
import os
import shutil
import tempfile
from typing import Any, Final

from inference.model.errors import MissingLibraryError

# Convolutions this small gain nothing from more.
MOST_THREADS: Final = 8

ENVIRONMENT: Final = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    # Threads that wait busily for each other make training ten times slower as soon as other work shares the machine.
    "OMP_WAIT_POLICY": "passive",
}


def yolo() -> Any:
    """The class `ultralytics.YOLO`.

    Must be the first to import torch, which reads the environment once. Raises `MissingLibraryError` when torch or
    ultralytics is not installed.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = settings = tempfile.mkdtemp(prefix="ultralytics-")
        atexit.register(shutil.rmtree, settings, ignore_errors=True)
    try:
        import torch  # noqa: F401, PLC0415
        import ultralytics  # noqa: PLC0415
    except ImportError as error:
        message = (
            f"Training and export need {error.name}, which is not installed here; "
            "use `dagger call model`, which brings it, or install what inference/model/README.md names."
        )
        raise MissingLibraryError(message) from error
    ultralytics.utils.LOGGER.setLevel("ERROR")
    return ultralytics.YOLO


def use_all_processors() -> None:
    """Undo what ultralytics sets whenever it chooses a device: one thread fewer than there are processors."""
    import torch  # noqa: PLC0415

    torch.set_num_threads(min(MOST_THREADS, len(os.sched_getaffinity(0))))
