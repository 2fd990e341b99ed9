"""What a host must have, and the sentences for what it lacks."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import checks
from engine.instance import Instance

NAMESPACES = ("mnt", "net", "pid", "ipc", "uts", "cgroup")
MOUNTS = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
FILESYSTEMS = "nodev\tproc\nnodev\toverlay\n\text4\n"
ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        (checks.root(1000), "must run as root"),
        (checks.machine("Darwin", "arm64"), "runs on Linux, this is Darwin"),
        (checks.machine("Linux", "riscv64"), "this is riscv64"),
        (checks.go(None), "no Go on the PATH: install Go 1.25"),
        (checks.go("go1.24.9"), "Go 1.25 or newer is needed, this is go1.24.9"),
        (checks.go("devel +abc"), "this is devel"),
        (checks.packages(["runc", "git"], has_apt=False), "these packages: runc git"),
        (checks.kernel("nodev\tproc\n", NAMESPACES, MOUNTS), "no overlayfs"),
        (checks.kernel(FILESYSTEMS, ("mnt", "pid", "uts", "ipc"), MOUNTS), "no net namespaces"),
        (checks.kernel(FILESYSTEMS, NAMESPACES, "proc /proc proc rw 0 0\n"), "No control groups"),
        (checks.disk(Path("/var"), 10**9, checks.TO_BUILD), "1.0 GB free and 12 GB are needed"),
    ],
)
def test_tells_what_is_missing_and_what_to_do(problems: Iterator[str], words: str) -> None:
    (sentence,) = problems
    assert words in sentence
    assert ": " in sentence, "a reason without advice"


@pytest.mark.parametrize(
    "problems",
    [
        checks.root(0),
        checks.machine("Linux", "x86_64"),
        checks.machine("Linux", "aarch64"),
        checks.go("go1.25.0"),
        checks.go("go1.26.8"),
        checks.go("go2.0"),
        checks.packages([], has_apt=False),
        checks.packages(["runc"], has_apt=True),
        checks.kernel(FILESYSTEMS, NAMESPACES, MOUNTS),
        checks.kernel(FILESYSTEMS, NAMESPACES, "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"),
        checks.disk(Path("/var"), checks.TO_START, checks.TO_START),
    ],
)
def test_says_nothing_about_a_fit_host(problems: Iterator[str]) -> None:
    assert list(problems) == []


def test_a_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (sentence,) = checks.port(Instance(registry_port=taken))
        assert f"Port {taken} on 127.0.0.1 cannot be had" in sentence
    assert list(checks.port(Instance(registry_port=taken))) == []


@pytest.mark.parametrize(
    ("interface", "destination", "mask", "overlaps"),
    [
        ("tun0", "0000570A", "0000FFFF", True),  # 10.87.0.0/16
        ("tun0", "0000000A", "000000FF", True),  # 10.0.0.0/8
        ("tun0", "0000580A", "0000FFFF", False),  # 10.88.0.0/16
        ("eth0", "00000000", "00000000", False),  # the default route
        ("dagger0", "0000570A", "0000FFFF", False),  # our own
    ],
)
def test_an_overlapping_network_is_named(interface: str, destination: str, mask: str, overlaps: bool) -> None:
    routes = f"{ROUTES}{interface}\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n"
    problems = list(checks.subnet(Instance(), routes))
    assert len(problems) == overlaps
    assert all(interface in problem for problem in problems)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(checks, "go_version", lambda: None)
    monkeypatch.setattr(checks, "free_bytes", lambda folder: 0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        instance = Instance(registry_port=other.getsockname()[1], subnet="198.51.100.0/24")
        told = "\n".join(checks.before(instance, running=False, built=False))
    for words in ("root", "no Go", "0.0 GB free", "Port"):
        assert words in told


def test_a_running_engine_may_have_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "free_bytes", lambda folder: 0)
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        own.listen()
        instance = Instance(registry_port=own.getsockname()[1])
        told = "\n".join(checks.before(instance, running=True, built=True))
    assert "Port" not in told
    assert "GB free" not in told


def test_free_bytes_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert checks.free_bytes(tmp_path / "a" / "b") > 0
