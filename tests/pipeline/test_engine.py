"""Our engine, started, killed and taken down for real. A second instance is used: nobody else's engine is touched."""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from engine import residue, supervisor
from engine.instance import Instance, from_environment
from engine.paths import BIN, SOURCE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an engine of our own needs root")

NAME = {"SLIPWAY_ENGINE_INSTANCE": "pipeline"}

SERVER = r"""
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 5) or die $!;
while (my $client = $server->accept) { <$client>; print $client "HTTP/1.0 200 OK\r\n\r\n"; close $client }
"""


def engine(*arguments: str, name: Mapping[str, str] = NAME) -> str:
    """Runs `python -m engine`; it returns only if nothing that it started holds on to its output."""
    done = subprocess.run(
        [shutil.which("python3") or "python3", "-m", "engine", *arguments],
        cwd=SOURCE.parent,
        env={**os.environ, **name},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(instance: Instance, question: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(BIN / "dagger"), "query", "-s", "-M"],
        input=question,
        cwd="/",
        env={**os.environ, "_EXPERIMENTAL_DAGGER_RUNNER_HOST": instance.runner_host},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def drawn(instance: Instance, mark: str) -> str:
    """A random number drawn in a container: the same one again only if the step was cached."""
    question = (
        '{container{from(address:"debian:trixie-slim"){withEnvVariable(name:"MARK",value:"%s")'
        '{withExec(args:["cat","/proc/sys/kernel/random/uuid"]){stdout}}}}}'
    )
    done = ask(instance, question % mark)
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)["container"]["from"]["withEnvVariable"]["withExec"]["stdout"]
    return str(uuid.UUID(output.strip()))


def pids(instance: Instance) -> list[int]:
    """Processes of the instance: those that share the engine's mount namespace, or name the instance's folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes() + (folder / "mountinfo").read_bytes()
            except OSError:
                continue
            if f"{instance.home}/".encode() in words or f"{instance.home} ".encode() in words:
                found.append(int(folder.name))
    return found


def engine_pid(instance: Instance) -> int:
    return next(
        pid
        for pid in pids(instance)
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(f"{BIN / 'engine'}\0".encode())
    )


def await_(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def traces(instance: Instance) -> dict[str, object]:
    """Everything of the instance that a host can show."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    start = instance.subnet.removesuffix("0.0/16")
    with socket.socket() as probe:
        listening = probe.connect_ex(("127.0.0.1", instance.registry_port)) == 0
    return {
        "processes": bool(pids(instance)),
        "interfaces": bool(re.search(rf" {instance.bridge}\b", links)),
        "rules": any(f'"{instance.network}\\"' in line or start in line for line in rules.splitlines()),
        "control groups": bool(residue.control_groups(instance)),
        "socket": str(instance.socket) in Path("/proc/net/unix").read_text() or instance.run.exists(),
        "port": listening,
    }


def host() -> dict[str, object]:
    """What the host shows of everybody, apart from other engines' containers, which come and go."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    passing = re.compile(r"CNI-[0-9a-f]{24}|-A CNI-FORWARD -[sd] ")
    return {
        "mounts": sorted(line.split(" - ")[0].split(" ", 4)[4] for line in Path("/proc/self/mountinfo").open()),
        "interfaces": sorted(
            name for name in re.findall(r"^\d+: ([^@:]+)", links, re.MULTILINE) if not name.startswith("veth")
        ),
        "loose veths": [line for line in links.splitlines() if ": veth" in line and " master " not in line],
        "rules": sorted(line for line in saved.splitlines() if line.startswith("-A") and not passing.search(line)),
        "/run": sorted(path.name for path in Path("/run").iterdir()),
        "/etc": sorted(path.name for path in Path("/etc").iterdir()),
        "resolver": Path("/etc/resolv.conf").read_text(),
        "cli": shutil.which("dagger"),
    }


@pytest.fixture
def instance() -> Instance:
    """The instance, running; what a test leaves of it, the next one brings up again."""
    engine("up")
    return from_environment(NAME)


@pytest.fixture(scope="module", autouse=True)
def gone_afterwards() -> Iterator[None]:
    yield
    if from_environment(NAME).home.exists():
        engine("down", "--purge")
    assert not from_environment(NAME).home.exists()


def test_the_second_run_is_quick_and_changes_nothing(instance: Instance) -> None:
    before = supervisor.pid(instance)
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = engine("up")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Of the CPU: other tests may keep it busy.
    assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < 2
    assert "is running at" in said
    assert supervisor.pid(instance) == before


def test_two_runs_at_once_start_one_engine() -> None:
    engine("down")
    runs = [
        subprocess.Popen(
            ["python3", "-m", "engine", "up"],
            cwd=SOURCE.parent,
            env={**os.environ, **NAME},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = sorted(run.communicate(timeout=120)[0].splitlines()[-1] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert "is running at" in said[0]
    assert "is up at" in said[1]


def test_a_killed_engine_is_back_by_itself_with_its_cache(instance: Instance) -> None:
    mark = str(uuid.uuid4())
    first = drawn(instance, mark)
    assert drawn(instance, mark) == first
    victim = engine_pid(instance)
    os.kill(victim, signal.SIGKILL)
    await_(lambda: not Path(f"/proc/{victim}").exists(), "the engine did not die")
    await_(lambda: ask(instance, "{version}").returncode == 0, "the supervisor did not start it again")
    assert engine_pid(instance) != victim
    assert drawn(instance, mark) == first
    assert drawn(instance, str(uuid.uuid4())) != first


def test_a_killed_supervisor_takes_all_with_it_and_the_next_start_has_the_cache(instance: Instance) -> None:
    mark = str(uuid.uuid4())
    first = drawn(instance, mark)
    victim = supervisor.pid(instance)
    assert victim
    os.kill(victim, signal.SIGKILL)
    await_(lambda: not pids(instance), "something outlived its supervisor")
    assert instance.socket.exists(), "the stale socket is part of what is tested"
    assert "is up at" in engine("up")
    assert drawn(instance, mark) == first


def test_the_registry_is_started_again(instance: Instance) -> None:
    victim = next(pid for pid in pids(instance) if b"docker-registry" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(victim, signal.SIGKILL)
    await_(lambda: not Path(f"/proc/{victim}").exists(), "the registry did not die")
    await_(lambda: bool(traces(instance)["port"]), "the registry did not come back")


def test_a_container_reaches_a_service_by_name_and_the_network(instance: Instance) -> None:
    script = (
        "s=$(container | from debian:trixie-slim | with-exec -- apt-get update -qq"
        f" | with-new-file /server.pl '{SERVER}' | with-exposed-port 8000 | as-service --args perl,/server.pl);"
        " container | from debian:trixie-slim | with-service-binding web $s"
        " | with-exec -- bash -c 'exec 3<>/dev/tcp/web/8000; echo \"GET / HTTP/1.0\r\n\r\" >&3; head -1 <&3' | stdout"
    )
    done = subprocess.run(
        [str(BIN / "dagger"), "-s", "-M", "-c", script],
        cwd="/",
        env={**os.environ, "_EXPERIMENTAL_DAGGER_RUNNER_HOST": instance.runner_host},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "200 OK" in done.stdout, done.stdout + done.stderr


def test_taking_one_engine_down_leaves_another_whole(instance: Instance) -> None:
    def mounts() -> list[str]:
        lines = Path(f"/proc/{engine_pid(instance)}/mountinfo").read_text().splitlines()
        return sorted({line.split()[4] for line in lines} & places)

    places = {"/etc", "/run", "/run/dagger", "/var/lib/cni"}
    before = mounts()
    assert set(before) == places
    other = {"SLIPWAY_ENGINE_INSTANCE": "pipeline2"}
    engine("up", name=other)
    drawn(from_environment(other), "x")
    engine("down", "--purge", name=other)
    assert not any(traces(from_environment(other)).values())
    assert mounts() == before
    drawn(instance, str(uuid.uuid4()))


def test_down_leaves_nothing_and_keeps_the_cache() -> None:
    chosen = from_environment(NAME)
    engine("down")
    before = host()
    engine("up")
    mark = str(uuid.uuid4())
    first = drawn(chosen, mark)
    assert all(traces(chosen).values()), "a trace that is not there while it runs proves nothing"
    assert host()["resolver"] == before["resolver"], "the engine must not change the host's resolver"
    engine("down")
    assert not any(traces(chosen).values()), traces(chosen)
    # Another engine may be hanging a container on its bridge just now.
    await_(lambda: host() == before, "something was left")
    engine("up")
    assert drawn(chosen, mark) == first
    engine("down", "--purge")
    assert not chosen.home.exists()
    await_(lambda: host() == before, "the purge left something")
