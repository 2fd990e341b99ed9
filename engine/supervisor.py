"""The process that keeps engine and registry running. Whatever ends it ends them too.

`python -m engine supervise` is started by `up`, detached. It holds a lock for as long as it lives, so a stale pid file
is never taken for a running engine, not even after a reboot.
"""

import contextlib
import fcntl
import logging
import logging.handlers
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import registry, residue, sdks
from engine.errors import StopFailed
from engine.instance import Instance
from engine.paths import BIN, SOURCE

LOG_BYTES = 10 * 2**20
"""Bytes; each log has one older part of this size beside it."""
GRACE = 20.0
"""Seconds that the engine gets to write its databases before it is killed."""
WRITTEN = 10.0
"""Seconds that the pid of a supervisor which is being started may take to be written."""
STEADY = 60.0
"""Seconds after which a start counts as a success and the next restart is quick again."""
FILES = 1048576
"""Open files that the engine may have, where the host allows it: the official container's limit."""

KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")


def lock_file(instance: Instance) -> Path:
    """Locked by the living supervisor and holding its pid."""
    return instance.home / "supervisor.lock"


def pid(instance: Instance) -> int | None:
    """The living supervisor's pid, or None.

    Raises:
        StopFailed: the lock is held, but nobody has written a pid within `WRITTEN`.
    """
    deadline = time.monotonic() + WRITTEN
    while True:
        try:
            with lock_file(instance).open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    # Whoever starts it holds the lock a moment before the pid is known.
                    if written := file.read():
                        return int(written)
                else:
                    return None
        except (FileNotFoundError, NotADirectoryError):
            return None
        if time.monotonic() > deadline:
            raise StopFailed(
                f"A process holds {lock_file(instance)} but its pid is not in there: find it with "
                f"`fuser {lock_file(instance)}` and end it."
            )
        time.sleep(0.01)


def program(instance: Instance) -> Path:
    """Where the supervisor's own copy of this package lies: the checkout that started it may move or go."""
    return instance.home / "program"


def _install(instance: Instance) -> None:
    shutil.rmtree(program(instance), ignore_errors=True)
    package = program(instance) / SOURCE.name
    package.mkdir(parents=True)
    for file in [*SOURCE.glob("*.py"), *SOURCE.glob("*.sh")]:
        shutil.copy(file, package)


def start(instance: Instance) -> "subprocess.Popen[bytes]":
    """Starts the supervisor, detached from the terminal and from whoever reads our output; it lives on return."""
    instance.logs.mkdir(parents=True, exist_ok=True)
    _install(instance)
    # The lock is on the open file: the supervisor inherits it and, by ending, gives it up.
    with lock_file(instance).open("w") as lock, (instance.logs / "supervisor.log").open("ab") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", "supervise", str(lock.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(program(instance)), "PYTHONDONTWRITEBYTECODE": "1"},
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
        lock.write(str(process.pid))
    return process


def stop(instance: Instance, patience: float = GRACE + 10) -> bool:
    """Ends the supervisor and all that it started; says whether there was one.

    Args:
        instance: whose supervisor.
        patience: seconds until it is killed; the kernel then kills what it started.

    Raises:
        StopFailed: it is still there.
    """
    running = pid(instance)
    if running is None:
        return False
    os.kill(running, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while pid(instance) is not None:
        if time.monotonic() > deadline + 10:
            raise StopFailed(f"Process {running}, which supervises the engine, does not end: see `ps -fp {running}`.")
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running, signal.SIGKILL)
        time.sleep(0.05)
    return True


def engine_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What of the environment is the engine's business: proxies reach its containers, a shell's secrets do not."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in KEPT or name.lower().endswith("_proxy") or name.startswith("_EXPERIMENTAL_DAGGER_GPU")
    }
    # Our folder first: the engine finds its dnsmasq on the PATH.
    kept["PATH"] = f"{BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return kept | sdks.digests()


def engine_command(instance: Instance) -> list[str]:
    """The engine in namespaces of its own. It dies with us; what it runs dies with it, being in its pid namespace."""
    stage, namespace = instance.home / "stage", program(instance) / SOURCE.name / "namespace.sh"
    # fmt: off
    return [
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
        "sh", str(namespace), str(stage), str(instance.run), str(instance.home / "engine.json"),
        str(BIN / "engine"), "--config", str(instance.home / "engine.toml"), "--root", str(instance.state),
        "--network-name", instance.network, "--network-cidr", instance.subnet, "--oci-cni-binary-dir", str(BIN),
    ]
    # fmt: on


def registry_command(instance: Instance) -> list[str]:
    """The registry, which dies with us."""
    return ["setpriv", "--pdeathsig", "KILL", str(registry.PROGRAM), "serve", str(instance.home / "registry.json")]


@dataclass
class Child:
    """A program that is started again whenever it ends."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: logging.Logger
    report: Callable[[str], None]
    after: Callable[[], None] = lambda: None
    stopping: threading.Event = field(default_factory=threading.Event)
    process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Runs until `stopping` is set. The wait before a restart doubles from 0.5 s to 30 s while starts fail."""
        wait = 0.5
        while not self.stopping.is_set():
            began = time.monotonic()
            # The death signal follows the thread that started the process: this one lives until the process has ended.
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=dict(self.environment),
            )
            if self.process.stdout:
                for line in self.process.stdout:
                    self.log.info(line.decode(errors="replace").rstrip("\n"))
            code = self.process.wait()
            try:
                self.after()
            except Exception as error:
                self.report(f"cleaning up after {self.name}: {error}")
            if self.stopping.is_set():
                return
            wait = 0.5 if time.monotonic() - began > STEADY else min(wait * 2, 30.0)
            self.report(f"{self.name} ended with {code}; starting it again in {wait:g} s")
            self.stopping.wait(wait)

    def end(self, grace: float) -> None:
        """Asks the program to end, then kills it."""
        self.stopping.set()
        process = self.process
        if process is None or process.poll() is not None:
            return
        # `unshare` ignores SIGTERM: it is for the process that it forked, the engine itself.
        inner = _children(process.pid)
        for target in inner or [process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGTERM)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            self.report(f"{self.name} did not end within {grace:g} s and is killed")
            process.kill()


def _children(parent: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _log(file: Path) -> logging.Logger:
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(f"engine.{file.stem}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    return logger


def supervise(instance: Instance, lock: int) -> int:
    """Runs engine and registry until SIGTERM; clears what they leave.

    Args:
        instance: whose.
        lock: descriptor of the locked file, kept open until the end.

    Returns:
        The exit code.
    """
    os.set_inheritable(lock, False)
    log = _log(instance.logs / "supervisor.log")

    def report(sentence: str) -> None:
        log.info("%s %s", time.strftime("%Y-%m-%dT%H:%M:%S%z"), sentence)

    stop_asked = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop_asked.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))

    environment = engine_environment(os.environ)
    children = [
        Child("registry", registry_command(instance), environment, _log(instance.logs / "registry.log"), report),
        Child(
            "engine",
            engine_command(instance),
            environment,
            _log(instance.logs / "engine.log"),
            report,
            after=lambda: residue.clear(instance),
        ),
    ]
    residue.clear(instance)
    threads = [threading.Thread(target=child.keep, name=child.name) for child in children]
    for thread in threads:
        thread.start()
    report(f"supervising as process {os.getpid()}")
    stop_asked.wait()
    for child in reversed(children):
        child.end(GRACE)
    for thread in threads:
        thread.join()
    report("stopped")
    return 0
