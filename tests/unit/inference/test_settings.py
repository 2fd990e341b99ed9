from __future__ import annotations

from pathlib import Path

import pytest

from inference.errors import SettingsError
from inference.settings import Settings, available_cores, unknown_variables


def test_defaults_follow_sagemakers_limits() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.max_body_bytes, settings.drain_seconds) == (8080, 6 * 1024 * 1024, 25)
    assert settings.model_dir is None
    assert settings.workers == available_cores()


def test_every_value_is_read() -> None:
    settings = Settings.from_environment(
        {
            "SLIPWAY_MODEL_DIR": "/models/one",
            "SLIPWAY_PORT": "9000",
            "SLIPWAY_WORKERS": "3",
            "SLIPWAY_THREADS": "2",
            "SLIPWAY_QUEUE": "0",
            "SLIPWAY_MAX_BODY_BYTES": "26214400",
            "SLIPWAY_MAX_HELD_BYTES": "52428800",
            "SLIPWAY_MAX_PIXELS": "1000000",
            "SLIPWAY_BODY_SECONDS": "1.5",
            "SLIPWAY_QUEUE_SECONDS": "2",
            "SLIPWAY_LINGER_SECONDS": "3",
            "SLIPWAY_DRAIN_SECONDS": "4",
            "SLIPWAY_IMAGE_URL_HOSTS": "images.example.com, 10.0.0.0/8",
            "SLIPWAY_IMAGE_URL_BYTES": "5",
            "SLIPWAY_IMAGE_URL_SECONDS": "6",
            "SLIPWAY_LOG_LEVEL": "DEBUG",
        }
    )
    assert settings.model_dir == Path("/models/one")
    assert (settings.port, settings.workers, settings.threads, settings.queue) == (9000, 3, 2, 0)
    assert (settings.max_body_bytes, settings.max_held_bytes, settings.max_pixels) == (26214400, 52428800, 1000000)
    assert (settings.body_seconds, settings.queue_seconds) == (1.5, 2)
    assert (settings.linger_seconds, settings.drain_seconds) == (3, 4)
    assert settings.image_url_hosts.hosts == (("images.example.com", None),)
    assert (settings.image_url_bytes, settings.image_url_seconds, settings.log_level) == (5, 6, "debug")


def test_sagemakers_port_is_taken_and_ours_wins() -> None:
    assert Settings.from_environment({"SAGEMAKER_BIND_TO_PORT": "8081"}).port == 8081
    assert Settings.from_environment({"SAGEMAKER_BIND_TO_PORT": "8081", "SLIPWAY_PORT": "8082"}).port == 8082


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLIPWAY_PORT", "http"),
        ("SLIPWAY_PORT", "65536"),
        ("SAGEMAKER_BIND_TO_PORT", "-1"),
        ("SLIPWAY_WORKERS", "0"),
        ("SLIPWAY_WORKERS", "two"),
        ("SLIPWAY_THREADS", "1.5"),
        ("SLIPWAY_QUEUE", "-1"),
        ("SLIPWAY_MAX_BODY_BYTES", "6MB"),
        ("SLIPWAY_MAX_BODY_BYTES", "999999999999"),
        ("SLIPWAY_MAX_PIXELS", "0"),
        ("SLIPWAY_BODY_SECONDS", "0"),
        ("SLIPWAY_BODY_SECONDS", "nan"),
        ("SLIPWAY_DRAIN_SECONDS", "5"),
        ("SLIPWAY_QUEUE_SECONDS", "inf"),
        ("SLIPWAY_IMAGE_URL_HOSTS", "https://images.example.com/"),
        ("SLIPWAY_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_refused_by_a_sentence_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        Settings.from_environment({name: value})
    assert str(refused.value).endswith(".")


def test_an_empty_value_is_no_value() -> None:
    assert (
        Settings.from_environment({"SLIPWAY_PORT": "", "SLIPWAY_MODEL_DIR": "", "SLIPWAY_LOG_LEVEL": ""}).port == 8080
    )


def test_misspelt_variables_are_found() -> None:
    known = {"SLIPWAY_WORKERS": "1", "SLIPWAY_IMAGE_URL_HOSTS": "", "PATH": "/bin"}
    assert unknown_variables({**known, "SLIPWAY_WORKER": "1"}) == ["SLIPWAY_WORKER"]


def test_workers_share_the_cores_among_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.settings.available_cores", lambda: 8)
    assert Settings.from_environment({"SLIPWAY_THREADS": "4"}).workers == 2
    assert Settings.from_environment({"SLIPWAY_THREADS": "16"}).workers == 1


@pytest.mark.parametrize(("quota", "cores"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 64), ("", 64)])
def test_cores_are_cut_to_the_control_groups_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert available_cores(file) == cores
    assert available_cores(tmp_path / "missing") == 64


@pytest.mark.parametrize(
    ("environment", "workers", "threads", "quiet", "batch"),
    [
        ({}, 8, 1, 8, 1),
        ({"SLIPWAY_THREADS": "2"}, 4, 2, 2, 1),
        ({"SLIPWAY_WORKERS": "4"}, 4, 1, 1, 1),
        ({"SLIPWAY_WORKERS": "4", "SLIPWAY_QUIET_THREADS": "6"}, 4, 1, 6, 1),
        ({"SLIPWAY_BATCH": "4"}, 12, 1, 8, 4),
        ({"SLIPWAY_DEVICE": "cuda"}, 16, 1, 8, 8),
        ({"SLIPWAY_DEVICE": "cuda", "SLIPWAY_BATCH": "1"}, 8, 1, 8, 1),
    ],
)
def test_the_layout_of_eight_cores(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], workers: int, threads: int, quiet: int, batch: int
) -> None:
    monkeypatch.setattr("inference.settings.available_cores", lambda: 8)
    settings = Settings.from_environment(environment)
    assert (settings.workers, settings.threads) == (workers, threads)
    assert (settings.quiet_threads, settings.batch) == (quiet, batch)
