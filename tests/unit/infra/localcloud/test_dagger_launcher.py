"""Which layers are sent to the engine; that it then runs them is tested in tests/pipeline."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.localcloud.launchers.dagger import DaggerLauncher, _told
from infra.localcloud.registry import DOCKER_MANIFEST, Manifest, Registry
from infra.localcloud.state import State

LAYERS = {f"sha256:{letter * 64}" for letter in "abc"}
BODY = json.dumps({"config": {"digest": "sha256:0"}, "layers": [{"digest": layer} for layer in sorted(LAYERS)]})
MANIFEST = Manifest("r", "sha256:m", DOCKER_MANIFEST, BODY.encode())


class Recorder(DaggerLauncher):
    """An engine that has some layers and notes which ones it was not sent."""

    def __init__(self, directory: Path, has: set[str], names_them: bool = True) -> None:
        super().__init__(Registry("http://127.0.0.1:1"), State(directory), None)
        self.has = has
        self.names_them = names_them
        self.left_out: list[set[str]] = []

    async def _send(self, client: Any, manifest: Manifest, left_out: set[str]) -> Any:
        del client, manifest
        self.left_out.append(set(left_out))
        for digest in sorted(left_out - self.has):
            raise RuntimeError(f"content digest {digest}: not found" if self.names_them else "something else")
        return "the image"


@pytest.mark.parametrize(
    ("has", "left_out"),
    [
        (LAYERS, [LAYERS]),
        (LAYERS - {"sha256:" + "b" * 64}, [LAYERS, LAYERS - {"sha256:" + "b" * 64}]),
        (set(), [LAYERS, LAYERS - {"sha256:" + "a" * 64}, set()]),
    ],
)
async def test_only_what_the_engine_lacks_is_sent(tmp_path: Path, has: set[str], left_out: list[set[str]]) -> None:
    launcher = Recorder(tmp_path, has)
    client: Any = None
    assert await launcher._send_missing(client, MANIFEST) == "the image"
    assert launcher.left_out == left_out


async def test_an_error_that_names_no_layer_sends_everything(tmp_path: Path) -> None:
    launcher = Recorder(tmp_path, set(), names_them=False)
    client: Any = None
    assert await launcher._send_missing(client, MANIFEST) == "the image"
    assert launcher.left_out == [LAYERS, set()]


def test_the_reason_of_an_exit_has_the_last_lines_and_no_trace() -> None:
    class ExecError(Exception):
        stdout = "\n".join(f"line {number}" for number in range(10))
        stderr = "the weights are missing"

    error = ExecError("exit code: 1 [traceparent:00-00]")
    told = _told(error, "")
    assert told == "the container ended: exit code: 1: line 6 | line 7 | line 8 | line 9 | the weights are missing"
    assert _told(error, "recorded\n") == "the container ended: exit code: 1: recorded"
