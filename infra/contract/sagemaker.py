"""Clauses about SageMaker's surroundings: where the model lies, what memory and network there are, what may be written.

They confine what they start, so they need root and a process that has left the network (`--profile`).
"""

from __future__ import annotations

import json
import shutil
import signal
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.contract.clause import Contract, Findings, expect
from infra.contract.lifetime import stopped, wait_for_port
from infra.contract.load import under_load
from infra.contract.process import DEFAULT_PORT, Command, Running, started
from infra.contract.sandbox import Sandbox
from infra.contract.sources import HOSTING, QUOTAS, SLIPWAY
from infra.contract.target import Target, error_code

LARGER_PAYLOAD = 25 * 1024 * 1024
"""Bytes that newer endpoints take."""
MOUNTED = "judged-where-it-is-mounted"

sagemaker: Contract[Command] = Contract()


@sagemaker.clause(
    "model-mounted",
    "`serve`, as root, without variables, serves on port 8080 the model.tar.gz of /opt/ml/model, read-only",
    HOSTING,
)
def model_mounted(command: Command) -> Findings:
    """Packs the model under another name, unpacks it, mounts it, and asks which model answers."""
    with _unpacked(command) as model:
        sandbox = Sandbox(model=str(model), mount_point=command.mount_point, memory=command.memory)
        with started(command, sandbox=sandbox, SLIPWAY_PORT="", SLIPWAY_MODEL_DIR="") as running:
            running.wait_until_ready()
            running.target.detections()
            name = _model_name(running.target)
            expect(name == MOUNTED, f"The model that answers is {name!r}; wanted the mounted one, {MOUNTED!r}.")
            return {"port": DEFAULT_PORT}


@sagemaker.clause("model-baked", "without a model.tar.gz the model in the image is served", HOSTING, alone=False)
def model_baked(command: Command) -> Findings:
    """An empty /opt/ml/model, and no variable that names another place."""
    with tempfile.TemporaryDirectory() as empty:
        sandbox = Sandbox(model=empty, mount_point=command.mount_point)
        with started(command, sandbox=sandbox, SLIPWAY_MODEL_DIR="") as running:
            running.wait_until_ready()
            running.target.detections()
            return {"model": _model_name(running.target)}


@sagemaker.clause("no-network", "no network is needed: it starts and answers with nothing but loopback", HOSTING)
def no_network(command: Command) -> Findings:
    """In a network namespace of its own."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    others = sorted({line.partition(":")[0].strip() for line in lines} - {"lo"})
    expect(not others, f"This process has the network {others}, so nothing can be judged. Give --profile.")
    with started(command) as running:
        running.wait_until_ready()
        running.target.detections()
    return {}


@sagemaker.clause(
    "memory", "the memory of the smallest instance is enough for full load and the largest bodies", HOSTING
)
def memory(command: Command) -> Findings:
    """Under a limit on private memory, clients send pictures and bodies of the largest size at the same time."""
    with started(command, sandbox=Sandbox(memory=command.memory)) as running:
        running.wait_until_ready()
        target = running.target
        largest = target.picture + bytes(target.max_body - len(target.picture))
        statuses = []
        with under_load(target) as load:
            begin = time.monotonic()
            while time.monotonic() - begin < target.load_seconds:
                statuses.append(target.invoke(largest).status)
        wrong = sorted({*statuses, *load.bad} - {200, 503})
        expect(not wrong and not load.lost, f"With {command.memory} bytes of memory answers were {wrong or load.lost}.")
        expect(200 in statuses, "With little memory no body of the largest size was answered with 200.")
        target.expect_alive()
        return {"peak_mb": _peak_mb(running), "limit_mb": command.memory // 2**20}


@sagemaker.clause(
    "stop-first-process", "as process 1 of a container it obeys SIGTERM, also during the start", HOSTING, alone=False
)
def stop_first_process(command: Command) -> Findings:
    """In a process namespace of its own, as soon as the port is open."""
    with started(command, sandbox=Sandbox(first=True)) as running:
        wait_for_port(running)
        return stopped(running, signal.SIGTERM)


@sagemaker.clause("writes", "nothing but /tmp needs to be writable", SLIPWAY, alone=False)
def writes(command: Command) -> Findings:
    """As root, with every file system but a fresh /tmp mounted read-only."""
    return answered(command, Sandbox(temporary=512 * 2**20))


@sagemaker.clause("payload-setting", "SLIPWAY_MAX_BODY_BYTES raises the limit on bodies to 25 MB", QUOTAS, alone=False)
def payload_setting(command: Command) -> Findings:
    """Sends a body of just that size, and one byte more."""
    with started(command, SLIPWAY_MAX_BODY_BYTES=str(LARGER_PAYLOAD)) as running:
        running.wait_until_ready()
        target = running.target
        filled = target.picture + bytes(LARGER_PAYLOAD - len(target.picture))
        target.detections(filled)
        reply = target.invoke(filled + b"\0")
        expect(reply.status == 413, f"A body of one byte too many is answered with {reply.status}; wanted 413.")
        error_code(reply)
    return {"bytes": LARGER_PAYLOAD}


@sagemaker.clause(
    "stop-stubborn", "the process ends before SIGKILL also beside a client that never finishes", HOSTING, alone=False
)
def stop_stubborn(command: Command) -> Findings:
    """SIGTERM while a request's body has stopped coming; it takes as long as the server takes to give up."""
    return stopped_beside_a_stubborn_client(command, command.stop_seconds)


def stopped_beside_a_stubborn_client(command: Command, seconds: float, drain_seconds: str = "") -> Findings:
    """A client sends half a request; SIGTERM; the process must end within these seconds, with whatever code."""
    with started(command, SLIPWAY_DRAIN_SECONDS=drain_seconds) as running:
        running.wait_until_ready()
        with running.target.socket() as client:
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
            begin = time.monotonic()
            running.signal(signal.SIGTERM)
            code = running.exit_code(seconds)
            return {"seconds": round(time.monotonic() - begin, 2), "exit_code": code}


def answered(command: Command, sandbox: Sandbox) -> Findings:
    """The server starts in this sandbox, answers a picture, and ends with 0."""
    with started(command, sandbox=sandbox) as running:
        running.wait_until_ready()
        running.target.detections()
        peak = _peak_mb(running)
        running.signal(signal.SIGTERM)
        code = running.exit_code(command.stop_seconds)
        expect(code == 0, f"The exit code is {code}; wanted 0. It said: {running.said()[-300:]}")
        return {"peak_mb": peak}


@contextmanager
def _unpacked(command: Command) -> Iterator[Path]:
    """The model, renamed, packed as model.tar.gz and unpacked again: as SageMaker brings it."""
    with tempfile.TemporaryDirectory() as folder:
        renamed, archive, unpacked = (Path(folder) / name for name in ("renamed", "model.tar.gz", "unpacked"))
        shutil.copytree(command.model, renamed)
        description = json.loads((renamed / "model.json").read_text())
        (renamed / "model.json").write_text(json.dumps({**description, "name": MOUNTED}))
        with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
            packed.add(renamed, ".")
        with tarfile.open(archive) as packed:
            packed.extractall(unpacked, filter="data")
        yield unpacked


def _model_name(target: Target) -> str:
    return str(target.send("GET", "/info").json().get("model", {}).get("name"))


def _peak_mb(running: Running) -> int:
    """The most memory that the process has had resident (proc(5): VmHWM)."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))
