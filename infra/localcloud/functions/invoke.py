"""Invoke, as boto3 calls it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import parse_qs, unquote

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError, NotSupported
from infra.localcloud.functions.deployed import deployed
from infra.localcloud.functions.environment import LARGEST
from infra.localcloud.functions.pool import Pool
from infra.localcloud.wire import Request, Response

INVOKE = re.compile(r"^/2015-03-31/functions/(.+)/invocations/?$")


def invoke(cloud: Cloud, pool: Pool, request: Request, name: str) -> Response:
    """Answer one call; the function's errors are answers too, with X-Amz-Function-Error."""
    qualifier = parse_qs(request.environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
    if len(request.body) > LARGEST:
        text = f"Request must be smaller than {LARGEST} bytes for the InvokeFunction operation"
        raise AwsError("RequestTooLargeException", text, 413, Type="User")
    event = request.body or b"{}"
    try:
        json.loads(event)
    except ValueError as error:
        text = f"Could not parse request body into json: {error}"
        raise AwsError("InvalidRequestContentException", text, 400, Type="User") from error
    if (request.header("X-Amz-Log-Type") or "None") != "None":
        raise NotSupported("the last lines of a function's log in its answer; read its log group")
    function = deployed(cloud.moto, request.region, unquote(name), qualifier)
    trace = request.header("X-Amzn-Trace-Id") or ""
    headers = [("X-Amz-Executed-Version", function.version), ("Content-Type", "application/json")]
    match request.header("X-Amz-Invocation-Type") or "RequestResponse":
        case "DryRun":
            return Response(204, headers, b"")
        case "Event":
            threading.Thread(target=pool.invoke, args=(function, event, trace), daemon=True).start()
            return Response(202, headers, b"")
        case _:
            outcome = pool.invoke(function, event, trace)
            failed = [("X-Amz-Function-Error", "Unhandled")] if outcome.failed else []
            return Response(200, [*headers, *failed], outcome.payload)
