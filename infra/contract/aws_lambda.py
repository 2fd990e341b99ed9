"""Clauses about the sandbox that AWS Lambda runs container images in: files, user, memory, payload.

There is no handler for Lambda's runtime API in the image; what is judged is whether the server can live there.
"""

from __future__ import annotations

import base64
import json

from infra.contract.clause import Contract, Findings, expect
from infra.contract.process import Command, started
from infra.contract.sagemaker import answered
from infra.contract.sandbox import Sandbox
from infra.contract.sources import LAMBDA_IMAGES, LAMBDA_QUOTAS
from infra.contract.target import detections_of

USER = 993
"""An unprivileged user that owns nothing in the image."""
TEMPORARY = 512 * 2**20
FILES = 1024
MEMORY = 3008 * 2**20
"""Bytes that a function of a new account may have at most; the quota for all others is 10,240 MB."""
PAYLOAD = 6 * 2**20
"""Bytes of a request, and of its answer."""

aws_lambda: Contract[Command] = Contract()


@aws_lambda.clause(
    "lambda-files",
    "it runs on a read-only file system with 512 MB of /tmp, without /dev/shm",
    LAMBDA_IMAGES,
    alone=False,
)
def lambda_files(command: Command) -> Findings:
    """Every mount is read-only, but a fresh /tmp of the smallest size."""
    return answered(command, Sandbox(temporary=TEMPORARY))


@aws_lambda.clause("lambda-user", "it runs as a user without any privilege", LAMBDA_IMAGES, alone=False)
def lambda_user(command: Command) -> Findings:
    """A user who owns no file and has no capability."""
    return answered(command, Sandbox(user=USER))


@aws_lambda.clause("lambda-open-files", "1,024 open files are enough", LAMBDA_QUOTAS, alone=False)
def lambda_open_files(command: Command) -> Findings:
    """The limit is set for the process."""
    return answered(command, Sandbox(files=FILES))


@aws_lambda.clause("lambda-memory", "3,008 MB of memory are enough", LAMBDA_QUOTAS, alone=False)
def lambda_memory(command: Command) -> Findings:
    """Under a limit on private memory; Lambda sends one request at a time."""
    return answered(command, Sandbox(memory=min(MEMORY, command.memory)))


@aws_lambda.clause(
    "lambda-payload", "a JSON event of 6 MB is answered, with no more than 6 MB", LAMBDA_QUOTAS, alone=False
)
def lambda_payload(command: Command) -> Findings:
    """The picture as base64, filled up to the limit with bytes after its end."""
    frame = len(json.dumps({"image": ""}))
    room = (PAYLOAD - frame) // 4 * 3
    with started(command) as running:
        running.wait_until_ready()
        picture = running.target.picture + bytes(room - len(running.target.picture))
        event = json.dumps({"image": base64.b64encode(picture).decode()})
        reply = running.target.invoke(event, Content_Type="application/json")
        detections_of(reply)
        expect(len(reply.body) <= PAYLOAD, f"The answer has {len(reply.body)} bytes; wanted at most {PAYLOAD}.")
        return {"request_bytes": len(event), "answer_bytes": len(reply.body)}
