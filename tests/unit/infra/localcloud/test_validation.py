from typing import Any

import pytest

from infra.localcloud.errors import ValidationException
from infra.localcloud.validation import validate

VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}


def config(**changes: Any) -> dict[str, Any]:
    return {"EndpointConfigName": "c", "ProductionVariants": [{**VARIANT, **changes}]}


def test_a_good_request_passes() -> None:
    validate("sagemaker", "CreateEndpointConfig", config(InitialVariantWeight=1))


@pytest.mark.parametrize(
    ("request_body", "problem"),
    [
        ({}, "2 validation errors detected: Value null at 'endpointConfigName'"),
        (
            config(InitialInstanceCount=0),
            r"'productionVariants.1.member.initialInstanceCount' .* value greater than",
        ),
        (config(InitialInstanceCount="1"), "Member must be of type integer"),
        (config(InitialInstanceCount=True), "Member must be of type integer"),
        (config(InstanceType="g5"), "Value 'g5' .* Member must satisfy enum value set"),
        (config(VariantName="a_b"), "Member must satisfy regular expression pattern"),
        ({**config(), "EndpointConfigName": "c" * 64}, "Member must have length less than or equal to 63"),
        ({**config(), "ProductionVariants": []}, "'productionVariants' .* length greater than or equal to 1"),
        ({**config(), "Tags": [{"Key": "", "Value": "v"}]}, "'tags.1.member.key'"),
    ],
)
def test_each_rule_of_the_description_is_checked(request_body: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationException, match=problem):
        validate("sagemaker", "CreateEndpointConfig", request_body)


def test_the_keys_and_values_of_a_map_are_checked() -> None:
    container = {"Image": "i", "Environment": {"no-dash": "v"}}
    with pytest.raises(ValidationException, match=r"Value 'no-dash' at 'primaryContainer.environment.key'"):
        validate("sagemaker", "CreateModel", {"ModelName": "m", "PrimaryContainer": container})
