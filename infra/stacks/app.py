"""The CDK app: every stack of every environment, synthesised once, the same for AWS and the local cloud.

Accounts and keys stay out of it: names and ARNs have CloudFormation's own placeholder for the account, and nothing is
looked up while it is made. So diff, test and deploy read the very same files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.errors import Refused
from infra.stacks import names
from infra.stacks.front import front
from infra.stacks.registry import registry
from infra.stacks.roles import roles
from infra.stacks.scaling import scaling
from infra.stacks.storage import storage
from infra.stacks.watching import watching

if TYPE_CHECKING:
    from pathlib import Path

    from infra.config import Config

_FLAGS = {
    "@aws-cdk/core:enablePartitionLiterals": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-s3:createDefaultLoggingPolicy": True,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/core:annotationsInValidationReport": True,
    "@aws-cdk/core:validateAgainstDefaultRules": True,
    "aws:cdk:enable-path-metadata": False,
}


def synthesise(config: Config, policies: Path, output: Path) -> None:
    """Write the cloud assembly of all stacks into a folder; Refused where one breaks a rule of AWS Solutions."""
    app = cdk.App(outdir=str(output), analytics_reporting=False, tree_metadata=False, context=_FLAGS)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    home = config.settings.region

    def stack(name: str, region: str, what: str, **tags: str) -> cdk.Stack:
        return cdk.Stack(
            app,
            name,
            env=cdk.Environment(region=region),
            description=what,
            tags={"slipway:project": config.settings.project, **tags},
            # The rule would ask for a parameter at each deployment; the CDK's command checks the bootstrap by itself.
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )

    environments = names.environments(config)
    for region in dict.fromkeys([home, *(one for name in environments for one in names.regions(config, name))]):
        registry(stack(names.registry(config, region), region, "The repository of the images"), config)
    storage(stack(names.shared(config, "storage"), home, "Buckets: data, models, captured requests"), config)
    roles(stack(names.shared(config, "roles"), home, "What SageMaker and GitHub's runs take on"), config, policies)
    places = [(name, region) for name in environments for region in names.regions(config, name)]
    for name, region in places:
        one, there, tag = config.environment(name), config.at(name, region), {"slipway:environment": name}
        for what, make, told, wanted in (
            ("watching", watching, f"Dashboard, alarms and log of {name}", True),
            ("scaling", scaling, f"How many instances serve {name}", one.scaling),
            ("front", front, f"Functions and APIs before {name}", one.front),
        ):
            if wanted:
                make(stack(names.own(config, name, what, region), region, told, **tag), there, name)
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        raise Refused(
            f"the stacks break rules of AWS Solutions: {'; '.join(broken_rules(output))}. Mend them in "
            "infra/stacks, or acknowledge one with its reason where it stands."
        ) from None


def broken_rules(assembly: Path) -> list[str]:
    """What cdk-nag found: the rule and the construct that breaks it."""
    report = json.loads((assembly / "validation-report.json").read_text())
    return [
        f"{one['constructPath']}: {violation['ruleName']}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for one in violation["violatingConstructs"]
    ]
