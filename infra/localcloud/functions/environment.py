"""An execution environment: a process with a function's code in it, for one event at a time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.localcloud.functions.deployed import Deployed
from infra.localcloud.functions.runtime_api import Invocation, RuntimeApi

LARGEST = 6 * 1024 * 1024
"""Bytes of an event, and of an answer.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


@dataclass(frozen=True)
class Outcome:
    """What an invocation gave; ``failed`` where the function raised, ended or took too long."""

    payload: bytes
    failed: bool
    version: str


class Environment:
    """A process that AWS's runtime client runs a handler in."""

    def __init__(self, function: Deployed, sdk: Mapping[str, str], output: Path) -> None:
        """Takes the function, what leads its SDK to this cloud, and the file for what it writes."""
        self.function = function
        self._directory = tempfile.TemporaryDirectory(prefix="function-")
        task = Path(self._directory.name) / "task"
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(task)
        self._api = RuntimeApi()
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as written:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", function.handler],
                cwd=task,
                env=self._variables(task, sdk, output.name),
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._waiter: Invocation | None = None
        threading.Thread(target=self._watch, name=f"function-{function.name}", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can take a further event."""
        return self._process.poll() is None

    def invoke(self, event: bytes, request_id: str, arn: str, trace: str, seconds: float) -> Outcome:
        """Give it an event and wait for the answer, for as long as the function's time limit says.

        A process that takes longer, or that ended, is of no more use.
        """
        deadline = int((time.time() + seconds) * 1000)
        invocation = Invocation(request_id, event, deadline, arn, trace)
        self._waiter = invocation
        self._api.put(invocation)
        if not self.alive:
            self._exited()
        if not invocation.done.wait(seconds):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            text = f"{now} {request_id} Task timed out after {self.function.timeout_s:.2f} seconds"
            invocation.finish(_error("Sandbox.Timedout", text), failed=True)
            self.close()
        payload, failed = invocation.payload, invocation.failed
        if len(payload) > LARGEST:
            text = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."
            payload, failed = _error("Function.ResponseSizeTooLarge", text), True
        return Outcome(payload, failed, self.function.version)

    def close(self) -> None:
        """End the process and remove its files."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()
        self._directory.cleanup()

    def _watch(self) -> None:
        self._process.wait()
        self._exited()

    def _exited(self) -> None:
        if self._waiter is not None:
            text = f"RequestId: {self._waiter.id} Error: Runtime exited with error: exit status {self._process.poll()}"
            self._waiter.finish(_error("Runtime.ExitError", text), failed=True)

    def _variables(self, task: Path, sdk: Mapping[str, str], stream: str) -> dict[str, str]:
        """Lambda's own: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
        client = importlib.util.find_spec("awslambdaric")
        packages = str(Path(client.origin).parents[1]) if client and client.origin else ""
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            # Where boto3 lies, which Lambda's own runtime brings along.
            "PYTHONPATH": packages,
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": self._directory.name,
            "TMPDIR": self._directory.name,
            **self.function.variables,
            **sdk,
            "_HANDLER": self.function.handler,
            "AWS_REGION": self.function.region,
            "AWS_DEFAULT_REGION": self.function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": self.function.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": uuid.uuid4().hex,
            "LAMBDA_TASK_ROOT": str(task),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
        }


def _error(kind: str, text: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": text}).encode()
