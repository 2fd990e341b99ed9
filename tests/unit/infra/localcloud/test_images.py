import pytest

from infra.localcloud.errors import ValidationException
from infra.localcloud.sagemaker.images import ImageName

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "repository", "reference"),
    [
        (f"{HOST}/app", "app", "latest"),
        (f"{HOST}/team/app:v1.2", "team/app", "v1.2"),
        (f"{HOST}/app@{DIGEST}", "app", DIGEST),
        (f"{HOST}/app:v1@{DIGEST}", "app", DIGEST),
        (f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app@{DIGEST}", "app", DIGEST),
    ],
)
def test_an_ecr_name_is_read(text: str, repository: str, reference: str) -> None:
    name = ImageName.parse(text)
    assert (name.account, name.repository, name.reference) == ("123456789012", repository, reference)


@pytest.mark.parametrize(
    "text", ["", "app", "debian:trixie", f"{HOST}/", f"{HOST}/App", f"{HOST}/app@sha256:short", f"http://{HOST}/app"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationException, match="Using non-ECR image"):
        ImageName.parse(text)
