from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.errors import ModelError
from inference.modelfiles import ModelFiles
from inference.runtimes.load import load_networks
from inference.runtimes.mock import MockNetwork
from inference.runtimes.network import Network
from inference.runtimes.onnx import OnnxNetwork
from inference.tasks.load import load_task
from tests.contract.tiny_model import LABELS, tiny_onnx


def model(weights: Path | None, side: int = 64, labels: tuple[str, ...] = LABELS) -> ModelFiles:
    return ModelFiles("tiny", "sha256:0", "detect", side, labels, 0.25, 0.45, weights)


def loaded(model: ModelFiles, workers: int = 1, threads: int = 1) -> list[Network]:
    return load_networks(model, load_task(model), workers, threads)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_onnx())
    return path


def test_the_network_is_run(weights: Path) -> None:
    (network,) = loaded(model(weights))
    batch = np.zeros((2, 3, 64, 64), np.float32)
    batch[1, 2, 8:16, 16:24] = 1
    (heads,) = network(batch)
    assert heads.shape == (2, 7, 64)
    assert np.max(heads[0, 4:]) == 0
    assert np.argwhere(heads[1, 4:] == 1).tolist() == [[2, 10]]
    assert heads[1, :4, 10].tolist() == [20, 12, 16, 16]
    assert network.runtime["provider"] == "CPUExecutionProvider"


def test_workers_of_one_thread_share_a_session_and_others_do_not(weights: Path) -> None:
    assert len(set(map(id, loaded(model(weights), 3, 1)))) == 1
    assert len(set(map(id, loaded(model(weights), 2, 2)))) == 2


@pytest.mark.parametrize("content", [b"", b"not a model", tiny_onnx()[:200]])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded") as failed:
        loaded(model(path))
    assert "\n" not in str(failed.value)


def test_a_model_that_is_not_what_its_description_says(weights: Path) -> None:
    with pytest.raises(ModelError, match="320"):
        loaded(model(weights, side=320))
    with pytest.raises(ModelError, match="2 classes"):
        loaded(model(weights, labels=("red", "green")))


def test_a_model_that_answers_with_nonsense(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnnxNetwork, "__call__", lambda *_: (np.full((1, 7, 64), np.nan, np.float32),))
    with pytest.raises(ModelError, match="not finite"):
        loaded(model(weights))


def test_the_mock_finds_one_thing_in_the_middle() -> None:
    (network,) = loaded(model(None))
    assert isinstance(network, MockNetwork)
    (heads,) = network(np.zeros((2, 3, 64, 64), np.float32))
    assert heads.shape == (2, 7, 1)
    assert heads[1, :, 0].tolist() == pytest.approx([32, 32, 32, 32, 0.9, 0, 0])
