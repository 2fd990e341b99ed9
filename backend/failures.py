"""What AWS and the container refuse, as problems: the container's own words go on, AWS's stay inside.

Errors of InvokeEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from backend.logs import log, log_mistake
from backend.problem import Problem

_FAILURES = (BotoCoreError, ClientError)
_BUSY = Problem(429, "throttled", "There are too many requests at the moment; try again later.", 1)
_WARMING = Problem(503, "unavailable", "The detector is not ready; try again in a moment.", 5)
# No such endpoint, or one that is not in service; what a client sends cannot cause it.
_AWAY = Problem(503, "unavailable", "The detector is not in service; try again later.", 30)
_KNOWN = {
    **dict.fromkeys(("ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown"), _BUSY),
    **dict.fromkeys(("ServiceUnavailable", "ServiceUnavailableException", "ModelNotReadyException"), _WARMING),
    **dict.fromkeys(("ValidationError", "ValidationException"), _AWAY),
}
_SLOW = Problem(504, "too_slow", "The detector took too long; send a smaller picture, fewer of them, or try again.")


def logged(error: Exception, lambda_request_id: str) -> Problem:
    """The problem that a failure is to a client, once the log has what the client is not told.

    A mistake of ours is logged whole, a failure of AWS by its words.
    """
    problem = _explain(error)
    if not isinstance(error, (Problem, *_FAILURES)):
        log_mistake(error, lambda_request_id=lambda_request_id)
    elif error is not problem:
        log("refused", cause=str(error), lambda_request_id=lambda_request_id)
    return problem


def _explain(error: Exception) -> Problem:
    """The problem that a failure of AWS is to a client; anything unforeseen is one of the backend."""
    match error:
        case Problem():
            return error
        case ClientError():
            return _of_aws(dict(error.response))
        case ReadTimeoutError():
            return _SLOW
        case BotoCoreError():
            return Problem(502, "unreachable", "The detector could not be reached; try again in a moment.", 2)
    return Problem(500, "internal", "The backend made a mistake; its log has more under the id of this request.")


def _of_aws(response: dict[str, Any]) -> Problem:
    code, status = response["Error"].get("Code", ""), response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "ModelError":
        return _of_the_container(response)
    if code in _KNOWN:
        return _KNOWN[code]
    if status == 413:
        return Problem(413, "body_too_large", "The body is larger than the detector takes; send a smaller picture.")
    if status >= 500:
        return Problem(502, "unavailable", "The detector failed; try again in a moment.", 2)
    return Problem(500, "misconfigured", "The backend may not ask the detector; tell who runs it.")


def of_answer(status: int, said: str) -> Problem:
    """What a container said with an error status, its own code and sentence kept."""
    try:
        error = json.loads(said)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "detector_failed", f"The detector refused the request with status {status} and said nothing."
    return Problem(status, code, message, 1 if status in (429, 503) else None)


def _of_the_container(response: dict[str, Any]) -> Problem:
    status = int(response.get("OriginalStatusCode") or 0)
    if 400 <= status < 600:
        return of_answer(status, str(response.get("OriginalMessage") or ""))
    # SageMaker writes 0 where the container gave no answer: it died, or needed more than 60 s.
    if "timed out" in str(response.get("OriginalMessage") or ""):
        return _SLOW
    return Problem(502, "detector_failed", "The detector gave no answer to this request; try again in a moment.", 2)
