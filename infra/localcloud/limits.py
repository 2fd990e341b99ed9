"""What the local cloud cannot do, in sentences: the answer to ``GET /_slipway/limits``."""

from __future__ import annotations

LIMITS = (
    "Only ECR, SageMaker hosting (models, endpoint configurations, endpoints), Lambda, HTTP and WebSocket APIs, "
    "CloudFormation, CloudWatch alarms and dashboards, the logs of endpoints and functions, SSM's parameters, IAM, "
    "STS, S3 and SNS are here; every other service and operation is refused.",
    "CloudFormation makes buckets and their policies, ECR repositories, roles and their policies, topics, alarms of "
    "one metric, dashboards and parameters; of every other type nothing is made, and a stack does not list it.",
    "CloudFormation compares the properties that it knows of, and is done with a stack when it answers the call.",
    "Every policy of AWS's own can be attached to a role, whether AWS has it or not.",
    "Credentials are not checked and policies, those of buckets too, are not enforced; of a role, only its existence "
    "and its trust policy count.",
    "One container stands for all instances of a variant: instance types and counts are recorded and checked against "
    "AWS's list, but give no more capacity, no GPU and no limit of memory.",
    "Quotas, prices and instance availability are not simulated.",
    "Containers live as long as the process: after a restart an endpoint that is InService starts its container at the "
    "first invocation, from the recorded digest.",
    "The container's /opt/ml/model is its own copy of the artifacts and can be written to; on AWS it is read-only.",
    "A container is pinged until it is healthy, and not afterwards; one that dies is started again by the next "
    "invocation.",
    "A container that exits before it is healthy fails at once; AWS goes on trying until the time limit.",
    "Endpoints run on the engine's network: VPCs, security groups, network isolation and KMS keys are recorded or "
    "refused, never enforced.",
    "Alarms change their state by set_alarm_state only; metrics are not made from invocations.",
    "A deployment's rolling update moves the traffic in batches, but does not stop old instances batch by batch.",
    "A serverless endpoint has one container for all requests, whatever its memory; it is stopped after two minutes "
    "without any and started by the next. AWS starts one for each request at a time, and does not say when they stop.",
    "Asynchronous requests wait in the state file and are answered while the cloud runs; of the subscribers of their "
    "topics those with an HTTP address are told.",
    "Captured data is written once a second, and not encrypted; a shadow variant's share cannot be changed without a "
    "new configuration.",
    "Streamed answers are neither captured nor mirrored; inference components, pipelines, multi-model endpoints and "
    "explainers are refused.",
    "A model or an endpoint configuration that a live endpoint uses cannot be deleted; AWS says that you must not, and "
    "lets you.",
    "Images are pushed to the registry directly: it takes any credentials, cannot hold a push back for an immutable "
    "tag, and does not require the repository to exist in ECR.",
    "The time of an image's push is when this cloud first saw it; untagged images are listed once they have been seen "
    "by their digest.",
    "Image scans, lifecycle policies and replication are not run: policies are stored, scans are refused.",
    "Functions are zips for Python, run by this cloud's own Python with all packages that it has, whatever their "
    "runtime says; of what they may use, time is limited, memory and disk are not. At most 16 run at a time. Layers, "
    "event sources, destinations and VPCs are recorded and not used.",
    "APIs lead to functions alone, at the gateway's port, by plain HTTP; authorizers, CORS, domain names, mappings and "
    "access logs are recorded and not used. A function that fails is 502 and one that takes too long 504, as Lambda's "
    "guide says.",
    "CloudWatch Logs holds what the containers of endpoints wrote, of images that have a shell, for a week after the "
    "last start; filter patterns are words only.",
)
