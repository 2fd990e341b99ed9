"""Clauses about a pod: probes, preStop, the grace period, and the restricted security standard."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from infra.contract.clause import Contract, Findings, expect
from infra.contract.load import percentile, under_load
from infra.contract.process import Command, started
from infra.contract.sagemaker import answered, stopped_beside_a_stubborn_client
from infra.contract.sandbox import Sandbox
from infra.contract.sources import HOOKS, POD_SECURITY, PODS, PROBES
from infra.contract.target import FAILURES, Reply, Target, milliseconds

PROBE_SECONDS = 1.0
"""timeoutSeconds of a probe, by default."""
GRACE_SECONDS = 30.0
"""terminationGracePeriodSeconds, by default; the preStop hook's time is a part of it."""
PRE_STOP_SECONDS = 5.0
DRAIN_SECONDS = 20
"""SLIPWAY_DRAIN_SECONDS that a pod needs: what the grace period leaves after preStop, less some."""
USER = 65532

kubernetes: Contract[Command] = Contract()


def probe(target: Target) -> Reply:
    """One httpGet probe as kubelet sends it: a connection of its own, 2xx and 3xx are success."""
    connection = target.connect(timeout=PROBE_SECONDS)
    try:
        return target.send_on(connection, "GET", "/ping", User_Agent="kube-probe/1.30", Connection="close")
    finally:
        connection.close()


@kubernetes.clause(
    "startup-probe", "GET /ping fails until the server can answer, and each probe is answered within 1 s", PROBES
)
def startup_probe(command: Command) -> Findings:
    """Probes from the start on; a picture is sent at the first success."""
    with started(command) as running:
        begin, probes = time.monotonic(), 0
        while time.monotonic() - begin < running.target.start_seconds:
            expect(running.process.poll() is None, f"The process ended: {running.said()[-300:]}")
            try:
                probes += 1
                status = probe(running.target).status
            except ConnectionError:
                time.sleep(0.01)
                continue
            if 200 <= status < 400:
                running.target.detections()
                return {"probes": probes, "seconds": round(time.monotonic() - begin, 2)}
        expect(False, f"No probe succeeded within {running.target.start_seconds:g} s.")
        raise AssertionError


@kubernetes.clause(
    "liveness-probe", "GET /ping succeeds within 1 s under full load, also when the queue is full", PROBES
)
def liveness_probe(command: Command) -> Findings:
    """One worker and a queue of one, and eight times as many clients."""
    with started(command, SLIPWAY_WORKERS="1", SLIPWAY_QUEUE="1") as running:
        running.wait_until_ready()
        times: list[float] = []
        with under_load(running.target):
            begin = time.monotonic()
            while time.monotonic() - begin < running.target.load_seconds:
                reply = probe(running.target)
                expect(reply.status == 200, f"Under full load the probe is answered with {reply.status}; wanted 200.")
                times.append(reply.seconds)
                time.sleep(0.01)
    return {"probes": len(times), "p99_ms": milliseconds(percentile(times, 0.99))}


@kubernetes.clause(
    "readiness-probe", "after SIGTERM GET /ping fails while requests that still come are answered", PODS, alone=False
)
def readiness_probe(command: Command) -> Findings:
    """Endpoints are removed when the probe fails, and proxies hear of it later."""
    with started(command) as running:
        running.wait_until_ready()
        target, done = running.target, threading.Event()
        statuses: list[int] = []
        with under_load(target, clients=1) as load:
            running.signal(signal.SIGTERM)
            begin = time.monotonic()
            while not done.is_set() and time.monotonic() - begin < PROBE_SECONDS:
                try:
                    statuses.append(probe(target).status)
                except FAILURES:
                    break
                if statuses[-1] >= 400:
                    done.set()
            expect(done.is_set(), f"After SIGTERM probes were answered with {sorted(set(statuses))}; wanted 503.")
            target.detections()
        expect(not load.lost and not load.bad, f"Requests after SIGTERM: {load.lost or load.bad}; wanted 200 for all.")
        return {"probes": len(statuses)}


@kubernetes.clause(
    "pre-stop", "a preStop hook that sleeps can run, and requests are answered meanwhile", HOOKS, alone=False
)
def pre_stop(command: Command) -> Findings:
    """`exec: [sleep, …]` in the image; later versions of Kubernetes have a hook of their own for it."""
    with started(command) as running:
        running.wait_until_ready()
        hook = _hook(command.pre_stop)
        answers = 0
        while hook.poll() is None:
            expect(probe(running.target).status == 200, "During preStop the probe fails; wanted 200.")
            running.target.detections()
            answers += 1
        expect(hook.returncode == 0, f"The hook {command.pre_stop} ended with {hook.returncode}; wanted 0.")
        return {"answers": answers}


def _hook(words: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL)
    except OSError as error:
        expect(False, f"The hook {' '.join(words)} cannot be run in the image ({error.strerror}).")
        raise


@kubernetes.clause(
    "grace-period", "after preStop the process ends within the rest of 30 s, whatever clients do", PODS, alone=False
)
def grace_period(command: Command) -> Findings:
    """SLIPWAY_DRAIN_SECONDS=20, preStop took 5 s, and a client never finishes its request."""
    left = min(command.stop_seconds, GRACE_SECONDS) - PRE_STOP_SECONDS
    return stopped_beside_a_stubborn_client(command, left, str(DRAIN_SECONDS))


@kubernetes.clause(
    "restricted-pod",
    "it runs as a restricted pod: no root, no capability, a read-only root file system",
    POD_SECURITY,
    alone=False,
)
def restricted_pod(command: Command) -> Findings:
    """Only an emptyDir at /tmp is writable."""
    return answered(command, Sandbox(user=USER, temporary=64 * 2**20))
