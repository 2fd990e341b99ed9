"""The HTTP and the WebSocket API before the functions: who may call them, and how often.

Source: API Gateway developer guide, "HTTP APIs" and "WebSocket APIs". Neither takes AWS WAF, and HTTP APIs have no
API keys: what limits strangers is the authorisation, and what limits everybody the stage's throttling.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, CfnOutput, Fn, RemovalPolicy, Validations
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs

from infra.backend.names import ALIAS

if TYPE_CHECKING:
    from aws_cdk import Stack

    from infra.stacks.settings import Front

_ROUTES = ("$connect", "$disconnect", "$default", "detect")
_OPEN = "Everybody may call it: slipway.toml says access = 'open'."
_CONNECTED = "API Gateway asks who a client of a WebSocket is when it connects, and then only."
_LOGGED = ("requestId", "ip", "requestTime", "routeKey", "status", "responseLength", "integrationLatency")


def http_api(stack: Stack, name: str, alias: functions.Alias, settings: Front) -> None:
    """One route for whatever is asked: the function itself knows its paths."""
    made = api.CfnApi(stack, "HttpApi", name=name, protocol_type="HTTP")
    integration = api.CfnIntegration(
        stack,
        "HttpIntegration",
        api_id=made.ref,
        integration_type="AWS_PROXY",
        integration_uri=alias.function_arn,
        payload_format_version="2.0",
    )
    route = api.CfnRoute(
        stack,
        "HttpRoute",
        api_id=made.ref,
        route_key="$default",
        target=f"integrations/{integration.ref}",
        **_http_access(stack, made.ref, settings),
    )
    if settings.access == "open":
        _without_access(route, _OPEN)
    log = logs.CfnLogGroup(
        stack, "HttpAccess", log_group_name=f"/aws/apigateway/{name}", retention_in_days=settings.log_days
    )
    log.apply_removal_policy(RemovalPolicy.RETAIN)
    api.CfnStage(
        stack,
        "HttpStage",
        api_id=made.ref,
        stage_name="$default",
        auto_deploy=True,
        default_route_settings=_limits(settings),
        access_log_settings=api.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.attr_arn, format=json.dumps({key: f"$context.{key}" for key in _LOGGED})
        ),
    )
    _let_in(stack, "Http", made.ref, alias)
    CfnOutput(stack, "HttpAddress", value=made.attr_api_endpoint, description="Where pictures are sent")


def websocket_api(stack: Stack, name: str, alias: functions.Alias, settings: Front) -> str:
    """The logical id of the API, whose connections the function answers."""
    made = api.CfnApi(
        stack,
        "WebsocketApi",
        name=name,
        protocol_type="WEBSOCKET",
        route_selection_expression="$request.body.action",
    )
    path = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Alias}/invocations"
    integration = api.CfnIntegration(
        stack,
        "WebsocketIntegration",
        api_id=made.ref,
        integration_type="AWS_PROXY",
        integration_uri=Fn.sub(path, {"Alias": alias.function_arn}),
    )
    for key in _ROUTES:
        access = "NONE" if settings.access == "open" or key != "$connect" else "AWS_IAM"
        route = api.CfnRoute(
            stack,
            f"Websocket{key.strip('$').title()}",
            api_id=made.ref,
            route_key=key,
            target=f"integrations/{integration.ref}",
            authorization_type=access,
        )
        if access == "NONE":
            _without_access(route, _OPEN if key == "$connect" else _CONNECTED)
    stage = api.CfnStage(
        stack,
        "WebsocketStage",
        api_id=made.ref,
        stage_name=ALIAS,
        auto_deploy=True,
        default_route_settings=_limits(settings),
    )
    Validations.of(stage).acknowledge(
        Acknowledgment(
            id="AwsSolutions::AwsSolutions-APIG1",
            reason="Its access logs need a role of the whole account; the function logs each event instead.",
        )
    )
    _let_in(stack, "Websocket", made.ref, alias)
    CfnOutput(stack, "WebsocketAddress", value=f"{made.attr_api_endpoint}/{ALIAS}", description="Where streams begin")
    return str(stack.get_logical_id(made))


def _http_access(stack: Stack, identity: str, settings: Front) -> dict[str, Any]:
    if settings.jwt is None:
        return {"authorization_type": "AWS_IAM" if settings.access == "iam" else "NONE"}
    authorizer = api.CfnAuthorizer(
        stack,
        "Tokens",
        api_id=identity,
        name="tokens",
        authorizer_type="JWT",
        identity_source=["$request.header.Authorization"],
        jwt_configuration=api.CfnAuthorizer.JWTConfigurationProperty(
            issuer=settings.jwt.issuer, audience=list(settings.jwt.audiences)
        ),
    )
    return {"authorization_type": "JWT", "authorizer_id": authorizer.ref}


def _without_access(route: api.CfnRoute, why: str) -> None:
    Validations.of(route).acknowledge(Acknowledgment(id="AwsSolutions::AwsSolutions-APIG4", reason=why))


def _limits(settings: Front) -> api.CfnStage.RouteSettingsProperty:
    return api.CfnStage.RouteSettingsProperty(
        throttling_rate_limit=settings.requests_per_second, throttling_burst_limit=settings.burst
    )


def _let_in(stack: Stack, what: str, identity: str, alias: functions.Alias) -> None:
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"
    functions.CfnPermission(
        stack,
        f"{what}Calls",
        action="lambda:InvokeFunction",
        function_name=alias.function_arn,
        principal="apigateway.amazonaws.com",
        source_arn=Fn.sub(source, {"Api": identity}),
    )
