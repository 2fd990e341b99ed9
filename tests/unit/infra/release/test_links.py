"""Links into AWS's console: the right partition and region, and none for what is not AWS."""

from __future__ import annotations

import pytest

from infra.cloud import Cloud
from infra.release.links import links
from infra.release.names import Place

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/slipway@sha256:abc"


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-west-1", "https://eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_is_that_of_the_partition(region: str, console: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    found = links(
        Cloud(region), Place("slipway", "dev", region), image=IMAGE, alarms=["slipway/dev/ModelLatency/ab-cd"]
    )
    assert found == {
        "endpoint": f"{console}/sagemaker/home?region={region}#/endpoints/slipway-dev",
        "logs": f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FEndpoints$252Fslipway-dev",
        "alarm ModelLatency": f"{console}/cloudwatch/home?region={region}#alarmsV2:alarm/"
        "slipway%2Fdev%2FModelLatency%2Fab-cd",
        "image": f"{console}/ecr/repositories/private/123456789012/team/slipway/_/image/sha256:abc/details"
        f"?region={region}",
    }


def test_there_are_none_where_it_is_not_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("slipway", "dev", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert links(Cloud("eu-west-1", "http://registry:5000"), place) == {}
    assert links(Cloud("us-iso-east-1"), place) != {}
    assert links(Cloud("us-iso-east-1"), Place("slipway", "dev", "us-iso-east-1")) == {}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert links(Cloud("eu-west-1"), place) == {}
