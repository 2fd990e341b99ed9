"""What is wrong in slipway.toml, as sentences with line numbers."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from infra.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

_NAME = "small letters, digits and single hyphens, starting with a letter"
# What a text must look like, said by key, because a regular expression helps nobody.
_LOOKS = {
    "project": _NAME,
    "environments": _NAME,
    "region": "an AWS region such as eu-west-1",
    "regions": "AWS regions such as eu-west-1",
    "repository": "an ECR repository name: small letters and digits, with . _ - / between them",
    "execution_role": "the name or the ARN of an IAM role",
    "notify_topic": "the ARN of a standard topic, arn:aws:sns:REGION:ACCOUNT:NAME",
    "instance_type": "a SageMaker instance type such as ml.c7i.large",
    "capture": "a place in S3 such as s3://bucket/trials",
    "output": "a place in S3 such as s3://bucket/answers",
    "failure": "a place in S3 such as s3://bucket/failed",
    "success_topic": "the ARN of an SNS topic",
    "error_topic": "the ARN of an SNS topic",
    "statistic": "Sum, Average, Maximum, Minimum or a percentile such as p99",
    "prices": 'a region and then an instance type, such as [prices.eu-west-1] with "ml.m5.large" = 0.128',
    "repo": "a repository on GitHub such as octo/ship",
    "branch": "a branch without wildcards or quotes, such as main",
    "issuer": "the address of who gives the tokens, such as https://login.example.com/",
    "emails": "an address such as ops@example.com",
    "cron": "six fields such as cron's 0 8 ? * MON-FRI *: minute, hour, day, month, weekday, year",
    "timezone": "a time zone such as Europe/Berlin",
    "variables": "letters, digits and underscores, not starting with a digit",
}
_ADVICE = {
    "greater_than_equal": "write {ge:g} or more",
    "greater_than": "write more than {gt:g}",
    "less_than_equal": "write {le:g} or less",
    "int_type": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a number that is not inf or nan",
    "bool_type": "write true or false",
    "string_type": "write a text in quotes",
    "dict_type": "write a table",
    "model_type": "write a table",
    "tuple_type": "write a list in [ ]",
    "string_too_long": "write at most {max_length} characters",
    "string_too_short": "write at least {min_length} characters",
    "too_long": "write at most {max_length} of them",
    "literal_error": "write {expected}{guess}",
    "string_pattern_mismatch": "write {looks}",
}


def where(path: Path, text: str, keys: Sequence[str | int]) -> str:
    """`slipway.toml line 14: environments.dev.instance_type`."""
    line = line_of(text, keys)
    dotted = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    return f"{path.name}{f' line {line}' if line else ''}: {dotted}"


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean …?)` if one of the known words is near."""
    known = list(known)
    begun = [one for one in known if word and one.startswith(word)]
    close = begun or difflib.get_close_matches(word, known, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def sentence(
    path: Path, text: str, error: ErrorDetails, keys_of: Callable[[Sequence[str | int]], Sequence[str]]
) -> str:
    """One sentence for one finding of pydantic's; `keys_of` gives the keys that a table may have."""
    keys = [key for key in error["loc"] if key != "[key]"]
    return f"{where(path, text, keys)} {_what(error, keys, keys_of)}."


def _what(
    error: ErrorDetails, keys: Sequence[str | int], keys_of: Callable[[Sequence[str | int]], Sequence[str]]
) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            known = keys_of(keys[:-1])
            return f"is not a setting{nearest(str(keys[-1]), known) or '; known are: ' + ', '.join(known)}"
        case "missing":
            looks = _LOOKS.get(str(keys[-1]), "")
            return f"is missing; add it{f', {looks}' if looks else ''}"
        case "value_error":
            return str(context["error"])
        case "too_short":
            return f"is empty; add {'one' if isinstance(value, list | tuple) else 'a table such as [environments.dev]'}"
    shown = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    if kind not in _ADVICE:
        return f"is {shown}: {error['msg']}"
    expected = [part.strip(" '") for part in str(context.get("expected", "")).replace(" or ", ",").split(",")]
    looks = next((_LOOKS[key] for key in map(str, reversed(keys)) if key in _LOOKS), "another text")
    return f"is {shown}; {_ADVICE[kind].format(**context, guess=nearest(str(value), expected), looks=looks)}"
