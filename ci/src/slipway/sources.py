"""Which files of the checkout each step is given."""

from typing import Annotated

import dagger
from dagger import DefaultPath, Doc, Ignore, field

from slipway import checks, image, model, operations, stacks, supply
from slipway.verbs import inputs


def only(patterns: list[str]) -> list[str]:
    """An allow-list: nothing else is sent to the engine, and nothing else changes a cache key."""
    return ["*", *(f"!{pattern}" for pattern in patterns), "**/__pycache__", "**/node_modules"]


@inputs
class Sources:
    """Parts of the checkout, each with just the files that its steps read: the engine caches by them."""

    locks: Annotated[
        dagger.Directory,
        DefaultPath("/"),
        Ignore(["*", "!pyproject.toml", "!uv.lock"]),
        Doc("pyproject.toml and uv.lock: every package of every step."),
    ] = field()
    inference: Annotated[
        dagger.Directory, DefaultPath("/inference"), Ignore(only(image.PARTS)), Doc("The code inside the image.")
    ] = field()
    inference_tests: Annotated[
        dagger.Directory,
        DefaultPath("/tests"),
        Ignore(only([*(f"unit/inference/{part}" for part in image.PARTS), "contract/tiny_model.py"])),
        Doc("The unit tests of the code inside the image."),
    ] = field()
    functions: Annotated[
        dagger.Directory,
        DefaultPath("/backend"),
        Ignore(["*", "!**/*.py"]),
        Doc("The Lambda functions in front of the endpoint."),
    ] = field()
    functions_tests: Annotated[
        dagger.Directory, DefaultPath("/tests/unit/backend"), Ignore(only(["*.py"])), Doc("Their unit tests.")
    ] = field()
    browser_tests: Annotated[
        dagger.Directory,
        DefaultPath("/tests/browser"),
        Ignore(only(["*.py"])),
        Doc("The tests of the server's page in a browser."),
    ] = field()
    training: Annotated[
        dagger.Directory, DefaultPath("/inference"), Ignore(only(model.TRAINING)), Doc("The code that trains.")
    ] = field()
    export: Annotated[
        dagger.Directory, DefaultPath("/inference"), Ignore(only(model.EXPORT)), Doc("The code that exports.")
    ] = field()
    comparison: Annotated[
        dagger.Directory,
        DefaultPath("/inference"),
        Ignore(only(model.COMPARISON)),
        Doc("The code that compares the image's detections with ultralytics'."),
    ] = field()
    infra: Annotated[
        dagger.Directory,
        DefaultPath("/infra"),
        Ignore(only(["**/*.py", "pricing/*.toml"])),
        Doc("The code that talks to AWS."),
    ] = field()
    listing: Annotated[
        dagger.Directory,
        DefaultPath("/infra"),
        Ignore(only(supply.CODE)),
        Doc("The code that says what is in the image, and signs it."),
    ] = field()
    clauses: Annotated[
        dagger.Directory, DefaultPath("/infra/contract"), Ignore(["*", "!**/*.py"]), Doc("The judge of the contract.")
    ] = field()
    config: Annotated[dagger.File, DefaultPath("/slipway.toml"), Doc("Names, regions, environments.")] = field()
    templates: Annotated[
        dagger.Directory, DefaultPath("/"), Ignore(only(stacks.SOURCES)), Doc("The CDK app and what it reads.")
    ] = field()
    template_tests: Annotated[
        dagger.Directory, DefaultPath("/tests/stacks"), Ignore(only(["*.py"])), Doc("What the stacks are held to.")
    ] = field()
    cdk: Annotated[
        dagger.Directory, DefaultPath("/tools/cdk"), Ignore(only(stacks.LOCK)), Doc("The CDK's command, locked.")
    ] = field()
    tree: Annotated[
        dagger.Directory, DefaultPath("/"), Ignore(only(checks.TREE)), Doc("Everything that the checks look at.")
    ] = field()
    workflow: Annotated[
        dagger.Directory,
        DefaultPath("/"),
        Ignore(only([".github/**", "tools/go.mod", "tools/go.sum"])),
        Doc("The GitHub workflow and the linter that reads it."),
    ] = field()

    @property
    def _operations(self) -> operations.Code:
        return operations.Code(self.locks, self.infra, self.config)
