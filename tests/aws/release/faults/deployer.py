"""`python -m infra` in processes that can be killed, forked from one that has imported everything beforehand.

Reads lines of JSON, [arguments, environment], and tells of each process its id and then how it ended.
"""

from __future__ import annotations

import functools
import json
import os
import sys

import botocore.session

from infra.__main__ import main
from infra.publish import publish
from infra.release.deploy import deploy

USED = (publish, deploy)

if __name__ == "__main__":
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    for service in ("sagemaker", "ecr", "iam", "cloudwatch", "sagemaker-runtime"):
        botocore.session.create_loader().load_service_model(service, "service-2")
    for line in sys.stdin:
        arguments, environment = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(environment)
            os._exit(main(arguments))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
