"""Clauses about the process: how it starts, how it fails, how it ends."""

from __future__ import annotations

import hashlib
import signal
import socket
import threading
import time
from pathlib import Path

from infra.contract.clause import Contract, Findings, expect
from infra.contract.load import under_load
from infra.contract.ports import free_port
from infra.contract.process import Command, Running, model_copy, started
from infra.contract.sources import HOSTING, SLIPWAY
from infra.contract.target import FAILURES, Target

LOADED_AFTER_SIGNAL = 2.0
"""Seconds for which clients go on after the signal: a load balancer needs some time to hear of it."""

lifetime: Contract[Command] = Contract()
ending: Contract[Running] = Contract()


@ending.clause("stop-idle", "an idle server ends with 0 soon after SIGTERM", HOSTING)
def stop_idle(running: Running) -> Findings:
    """The server that was asked all the rest, with an idle connection open."""
    connection = running.target.connect()
    running.target.send_on(connection, "GET", "/ping")
    findings = stopped(running, signal.SIGTERM)
    connection.close()
    return findings


@lifetime.clause("listen", "the port is open while the model is loaded, and GET /ping is not 200 before it is", HOSTING)
def listen(command: Command) -> Findings:
    """Watches /ping from the start: only 503 before 200, and a picture is answered right after."""
    with started(command) as running:
        begin, early = time.monotonic(), set()
        status = 0
        while status != 200 and time.monotonic() - begin < running.target.start_seconds:
            try:
                status = running.target.ping().status
            except FAILURES:
                expect(running.process.poll() is None, f"The process ended: {running.said()[-300:]}")
                time.sleep(0.005)
                continue
            if status != 200:
                early.add(status)
        seconds = time.monotonic() - begin
        expect(early <= {503}, f"Before it was ready GET /ping answered {sorted(early)}; wanted 503.")
        first = running.target.invoke()
        expect(first.status == 200, f"Right after the first good /ping the answer is {first.status}; wanted 200.")
        return {"ready_after_s": round(seconds, 2), "first_answer_ms": round(first.seconds * 1000, 1)}


@lifetime.clause("stop-interrupt", "SIGINT stops the server like SIGTERM", SLIPWAY, alone=False)
def stop_interrupt(command: Command) -> Findings:
    """What Ctrl-C sends."""
    with started(command) as running:
        running.wait_until_ready()
        return stopped(running, signal.SIGINT)


@lifetime.clause(
    "stop-under-load", "SIGTERM under full load loses no request, and the process ends with 0 in 30 s", HOSTING
)
def stop_under_load(command: Command) -> Findings:
    """Clients go on after the signal until their connections are refused; every request that was sent is answered."""
    with started(command) as running:
        running.wait_until_ready()
        target = running.target
        with under_load(target) as load:
            time.sleep(min(1.0, target.load_seconds))
            before, pings = len(load.replies), Pings(target)
            running.signal(signal.SIGTERM)
            begin = time.monotonic()
            pings.start()
            pings.join(LOADED_AFTER_SIGNAL)
        code = running.exit_code(command.stop_seconds - LOADED_AFTER_SIGNAL)
        seconds = time.monotonic() - begin
        pings.join()
        expect(
            not load.lost, f"{len(load.lost)} requests got no answer, the first: {load.lost[0] if load.lost else ''}."
        )
        expect(not load.bad, f"Requests were answered with {sorted(set(load.bad))}; wanted 200.")
        expect(pings.good_after_signal == 0, "GET /ping was still 200 after the signal; wanted 503, or no connection.")
        expect(code == 0, f"The exit code is {code}; wanted 0.")
        return {"seconds": round(seconds, 2), "answered_after_signal": len(load.replies) - before}


@lifetime.clause("stop-while-loading", "SIGTERM during the start ends the process with 0", HOSTING, alone=False)
def stop_while_loading(command: Command) -> Findings:
    """As soon as the port is open."""
    with started(command) as running:
        wait_for_port(running)
        return stopped(running, signal.SIGTERM)


@lifetime.clause("model-read-only", "the model directory is not written to", HOSTING, alone=False)
def model_read_only(command: Command) -> Findings:
    """Compares every file of it before and after."""
    with model_copy(command) as model:
        before = _fingerprint(model)
        for path in [model, *model.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        with started(command, model) as running:
            running.wait_until_ready()
            running.target.detections()
        after = _fingerprint(model)
        for path in [model, *model.rglob("*")]:
            path.chmod(0o755)
        expect(before == after, f"The model directory changed: {sorted(set(before.items()) ^ set(after.items()))[:3]}.")
        return {"files": len(before)}


@lifetime.clause("model-missing", "without a model the process ends with an error and a sentence", HOSTING, alone=False)
def model_missing(command: Command) -> Findings:
    """An empty model directory."""
    with model_copy(command) as model, started(command, model / "nothing") as running:
        return _failed(command, running, "model")


@lifetime.clause(
    "model-broken", "with a broken model the process ends with an error and a sentence", HOSTING, alone=False
)
def model_broken(command: Command) -> Findings:
    """Weights cut in half: the hash of model.json tells; and a description that is no JSON."""
    # A mock is a model.json alone.
    for name in sorted({"model.onnx", "model.json"} & {path.name for path in command.model.iterdir()}):
        with model_copy(command) as model:
            path = model / name
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            with started(command, model) as running:
                findings = _failed(command, running, name)
    return findings


@lifetime.clause(
    "port-taken", "on a port that is taken the process ends with an error and a sentence", SLIPWAY, alone=False
)
def port_taken(command: Command) -> Findings:
    """Another listener is there first."""
    with socket.create_server(("0.0.0.0", free_port())) as taken:  # noqa: S104 - where the server wants to listen
        port = str(taken.getsockname()[1])
        with started(command, SLIPWAY_PORT=port) as running:
            return _failed(command, running, port)


@lifetime.clause(
    "wrong-setting", "a setting that makes no sense ends the process with an error that names it", SLIPWAY, alone=False
)
def wrong_setting(command: Command) -> Findings:
    """A number of workers that is none."""
    with started(command, SLIPWAY_WORKERS="many") as running:
        return _failed(command, running, "SLIPWAY_WORKERS")


@lifetime.clause(
    "wrong-word", "any word other than `serve` ends the process with an error and a sentence", HOSTING, alone=False
)
def wrong_word(command: Command) -> Findings:
    """What SageMaker sends to a container for training."""
    with started(command, words=[*command.words[:-1], "train"]) as running:
        return _failed(command, running, "serve")


class Pings(threading.Thread):
    """Pings until connections are refused, counting good answers later than a moment after the signal."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.good_after_signal = 0
        self._target = target

    def run(self) -> None:
        """Begins a moment after the signal: it takes its time to arrive."""
        time.sleep(0.25)
        while True:
            try:
                self.good_after_signal += self._target.ping().status == 200
            except FAILURES:
                return
            time.sleep(0.02)


def stopped(running: Running, number: signal.Signals) -> Findings:
    """Sends the signal; the process must end with 0 in time."""
    begin = time.monotonic()
    running.signal(number)
    code = running.exit_code(running.command.stop_seconds)
    seconds = time.monotonic() - begin
    expect(code == 0, f"After {number.name} the exit code is {code}; wanted 0. It said: {running.said()[-300:]}")
    return {"seconds": round(seconds, 2)}


def _failed(command: Command, running: Running, word: str) -> Findings:
    code = running.exit_code(command.fail_seconds)
    said = running.said()
    expect(code > 0, f"The exit code is {code}; wanted one above 0.")
    expect(word in said, f"What it says does not name {word}: {said[-300:]}")
    expect("Traceback" not in said, f"It ends with a traceback instead of a sentence: {said[-300:]}")
    return {"exit_code": code}


def wait_for_port(running: Running) -> None:
    """Returns when the server listens; a port that is never opened breaks the clause."""
    deadline = time.monotonic() + running.command.fail_seconds
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            running.target.socket(timeout=1).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    expect(False, "The port was never opened.")


def _fingerprint(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in directory.rglob("*")
    }
