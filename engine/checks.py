"""What the host must have. Nothing here changes it; every check gives sentences that say what to do."""

import ipaddress
import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.instance import PORT, SUBNET, Instance
from engine.packages import missing

GO = (1, 25)
GO_THAT_FETCHES = (1, 21)
"""The oldest Go that fetches the version which go.mod asks for: https://go.dev/doc/toolchain."""
TO_BUILD = 12 * 10**9
"""Bytes. Go's module and build caches take 6 GB, the images and their making 3 GB, the engine's first module 2 GB."""
TO_START = 3 * 10**9
"""Bytes. An engine with less cannot load a module; its garbage collector has nothing to give back at first."""

KERNEL_PROBE = Path(__file__).with_name("kernel_probe.sh")


def root(uid: int) -> Iterator[str]:
    """Mounts, network interfaces and control groups need root."""
    if uid != 0:
        yield (
            "It must run as root, because it makes mounts, network interfaces and control groups: run it with sudo, or "
            "install Docker, or point _EXPERIMENTAL_DAGGER_RUNNER_HOST at an engine elsewhere."
        )


def machine(system: str, architecture: str) -> Iterator[str]:
    """The engine is built for Linux on amd64 and arm64."""
    if system != "Linux":
        yield f"It runs on Linux, this is {system}: install Docker, or use a Linux virtual machine."
    elif architecture not in ("x86_64", "aarch64"):
        yield f"It runs on x86_64 and aarch64, this is {architecture}: use another machine."


def go(version: str | None, oldest: tuple[int, int] = GO) -> Iterator[str]:
    """The engine's modules need a recent Go.

    Args:
        version: as `go env GOVERSION` prints it, such as "go1.25.3"; None where there is no Go.
        oldest: the version that will do.
    """
    wanted = ".".join(map(str, oldest))
    if version is None:
        yield f"There is no Go on the PATH: install Go {wanted} or newer from https://go.dev/dl."
        return
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < oldest:
        yield f"Go {wanted} or newer is needed, this is {version}: install a newer one from https://go.dev/dl."


def go_version() -> str | None:
    """The version of the Go on the PATH, None where there is none that runs."""
    try:
        done = subprocess.run(
            ["go", "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def packages(absent: Iterable[str], has_apt: bool) -> Iterator[str]:
    """What is absent can be installed only where there is apt."""
    names = " ".join(absent)
    if names and not has_apt:
        yield f"There is no apt-get to install what is missing: install the counterparts of these packages: {names}."


def kernel(filesystems: str, namespaces: Iterable[str], mounts: str) -> Iterator[str]:
    """What /proc tells of the kernel's features.

    Args:
        filesystems: contents of /proc/filesystems.
        namespaces: names in /proc/self/ns.
        mounts: contents of /proc/mounts.
    """
    if not re.search(r"\boverlay$", filesystems, re.MULTILINE):
        yield "The kernel has no overlayfs: run `modprobe overlay`, or use a kernel with CONFIG_OVERLAY_FS."
    lacking = sorted({"mnt", "net", "pid", "ipc", "uts"} - set(namespaces))
    if lacking:
        yield f"The kernel has no {', '.join(lacking)} namespaces: use a kernel with CONFIG_NAMESPACES."
    if not re.search(r"^\S+ /sys/fs/cgroup\S* cgroup2? ", mounts, re.MULTILINE):
        yield "No control groups are mounted: run `mount -t cgroup2 none /sys/fs/cgroup`."


def disk(folder: Path, free: int, needed: int) -> Iterator[str]:
    """Room for the build or for a start, in bytes."""
    if free < needed:
        yield (
            f"{folder} has {free / 1e9:.1f} GB free and {needed / 1e9:.0f} GB are needed: free some, or mount a larger "
            "disk there."
        )


def free_bytes(folder: Path) -> int:
    """Free bytes for a folder that need not exist yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def port(instance: Instance) -> Iterator[str]:
    """The registry that stands in for docker.io listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", instance.registry_port))
        except OSError as error:
            yield (
                f"Port {instance.registry_port} on 127.0.0.1 cannot be had for the registry ({error.strerror}): stop "
                f"what listens there (`ss -ltnp sport = :{instance.registry_port}`), or choose another with {PORT}."
            )


def subnet(instance: Instance, routes: str) -> Iterator[str]:
    """The containers' network must not hide another.

    Args:
        instance: whose network it is.
        routes: contents of /proc/net/route: addresses are little-endian hexadecimal.
    """
    ours = ipaddress.IPv4Network(instance.subnet)
    for line in routes.splitlines()[1:]:
        fields = line.split()
        address, mask = (ipaddress.IPv4Address(bytes.fromhex(fields[index])[::-1]) for index in (1, 7))
        other = ipaddress.IPv4Network((int(address), bin(int(mask)).count("1")))
        if other.prefixlen and fields[0] != instance.bridge and ours.overlaps(other):
            yield (
                f"The containers' network {ours} overlaps {other} on {fields[0]}: choose another with {SUBNET}, such "
                "as 10.199.0.0/16."
            )


def before(instance: Instance, *, running: bool, built: bool) -> list[str]:
    """Every problem that can be found without changing anything.

    Args:
        instance: what is to be started.
        running: whether it is already up, so that its port and network are its own.
        built: whether the binaries and images are there.
    """
    problems = [*root(os.geteuid()), *machine(platform.system(), platform.machine())]
    if platform.system() != "Linux":
        return problems
    problems += go(go_version())
    problems += packages(missing(), shutil.which("apt-get") is not None)
    problems += kernel(
        Path("/proc/filesystems").read_text(),
        (path.name for path in Path("/proc/self/ns").iterdir()),
        Path("/proc/mounts").read_text(),
    )
    if not running:
        problems += disk(instance.state, free_bytes(instance.state), TO_START if built else TO_BUILD)
        problems += port(instance)
        problems += subnet(instance, Path("/proc/net/route").read_text())
    return problems


def probe() -> Iterator[str]:
    """Tries overlayfs, a bridge, a veth pair and NAT for real, in namespaces that vanish with the probe."""
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--propagation", "private", "sh", str(KERNEL_PROBE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        yield f"The kernel or the sandbox around this host refuses what containers need: {said}."
