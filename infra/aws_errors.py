"""Failures of AWS and of botocore as sentences, and the few that are expected by name."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
from botocore.exceptions import ConnectionError as NoConnection

from infra.errors import CloudUnusable, SlipwayError

LOGIN = (
    'give fresh ones (--aws cmd:"aws configure export-credentials --format process", or `aws sso login` and '
    "AWS_PROFILE) and run again"
)
_EXPIRED = f"the AWS credentials have expired ({{code}}); {LOGIN}."
_INVALID = f"AWS does not accept the credentials ({{code}}: {{said}}); {LOGIN}."
_DENIED = "AWS denied {call}: {said}; add that permission to the role that deploys, or use another role."
_THROTTLED = "AWS throttled {call} six times running ({code}); wait a minute and run again."
_QUOTA = "a quota of the account is used up ({call}): {said}; have it raised under Service Quotas, or free some."
_OTHER = "AWS refused {call} ({code}): {said}; mend what it names and run again."
_THROTTLING = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_SENTENCES = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    **dict.fromkeys(
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch"),
        _INVALID,
    ),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"), _DENIED),
    **dict.fromkeys(_THROTTLING, _THROTTLED),
    **dict.fromkeys(("ResourceLimitExceeded", "LimitExceededException"), _QUOTA),
}


# What botocore raises; RuntimeError is its word for credentials that a refresh did not renew.
FAILURES = (BotoCoreError, ClientError, HTTPClientError, RuntimeError)


def code(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """AWS's error message, without a full stop at its end."""
    return str(error.response.get("Error", {}).get("Message", "")).rstrip(". ")


def missing(error: ClientError) -> bool:
    """Whether the thing asked for does not exist."""
    return code(error) in {
        "ResourceNotFound",
        "ResourceNotFoundException",
        "NoSuchEntity",
        "RepositoryNotFoundException",
    } or (
        # SageMaker answers ValidationException "Could not find endpoint …" (and models, and endpoint configurations).
        code(error) == "ValidationException" and "could not find" in message(error).lower()
    )


def passing(error: Exception) -> bool:
    """Whether it is AWS or the network that failed for now, and not the call: throttled, broken or not reached."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code(error) in _THROTTLING or status >= 500
    return isinstance(error, NoConnection | HTTPClientError)


def duplicate(error: ClientError) -> bool:
    """Whether the thing to be created exists already."""
    return code(error) in {"EntityAlreadyExists", "RepositoryAlreadyExistsException"} or (
        code(error) == "ValidationException" and "already exist" in message(error).lower()
    )


def explain(error: Exception) -> SlipwayError:
    """A failure of AWS or of botocore as a sentence."""
    if isinstance(error, SlipwayError):
        return error
    said = str(error).rstrip(". ") or type(error).__name__
    match error:
        case ClientError():
            sentence, kind = _SENTENCES.get(code(error), _OTHER), code(error)
            told = sentence.format(code=kind, said=message(error), call=error.operation_name)
        case NoCredentialsError() | PartialCredentialsError():
            told = f"there are no AWS credentials: {said}; {LOGIN}."
        case ProfileNotFound():
            told = f"{said}; choose another AWS_PROFILE or add it to ~/.aws/config."
        case NoConnection() | HTTPClientError():
            told = f"AWS could not be reached: {said}; check the network (and AWS_ENDPOINT_URL, if set) and run again."
        case CredentialRetrievalError() | SSOError() | RuntimeError():
            why = "they have expired" if "still expired" in said else f"they could not be read ({said})"
            told = f"the AWS credentials cannot be used: {why}; {LOGIN}."
        case _:
            told = f"AWS could not be used: {said}; check the settings of the AWS SDK and run again."
    return CloudUnusable(told)
