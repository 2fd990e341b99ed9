"""What is in the image, what is known about it, and the signed proof of both: `python -m infra.supply`."""

import uuid
from typing import Annotated

import dagger
from dagger import Doc, field

from slipway.arguments import Repository
from slipway.checkout import commit_tag
from slipway.toolchain import debian, python
from slipway.verbs import cached, live, record

NAME = "slipway"
"""What the image is called in its SBOM, provenance and signature; which registry holds it they do not say."""
BUILDER = "https://github.com/dagger/dagger@v0.19.10"

LAYOUT = "/in/layout"
ROOT = "/in/root"
CONFIG = "/in/slipway.toml"
LOCKS = "/in/locks"
SBOM = "/in/sbom.cdx.json"
PROVENANCE = "/in/provenance.json"
DATABASE = "/in/database"
KEY = "/run/secrets/signing.key"


CODE = [
    *("accelerators.py", "config.py", "config_errors.py", "errors.py", "hosting.py", "layout.py"),
    *("preview_names.py", "section.py", "settings.py", "toml_lines.py", "supply/__init__.py", "supply/__main__.py"),
    *("pricing/settings.py", "regress/settings.py", "stacks/settings.py"),
    *(f"supply/{name}.py" for name in ("advisories", "compare", "cosign", "database", "errors", "inventory", "keys")),
    *(f"supply/{name}.py" for name in ("licenses", "network", "osv", "provenance", "sbom", "scan", "settings")),
    *(f"supply/{name}.py" for name in ("spdx", "timeless")),
]
"""Files of `infra/` that the verbs import."""
COMMAND = ["python3", "-m", "infra.supply"]


@record
class Supply:
    """The image and what can be said about it."""

    layout: Annotated[dagger.Directory, Doc("The image as an OCI layout.")] = field()
    root: Annotated[dagger.Directory, Doc("The image's file system.")] = field()
    code: Annotated[dagger.Directory, Doc("`infra/supply` and what it imports.")] = field()
    locks: Annotated[dagger.Directory, Doc("pyproject.toml and uv.lock.")] = field()
    config: Annotated[dagger.File, Doc("slipway.toml.")] = field()

    async def _tool(self) -> dagger.Container:
        return (await python(self.locks, "supply")).with_mounted_directory("/src/infra", self.code)

    @cached
    async def sbom(self) -> dagger.File:
        """The software bill of materials, CycloneDX 1.6: Debian's and Python's packages, the model, our code."""
        words = ["sbom", "--root", ROOT, "--layout", LAYOUT, "--name", NAME, "--output", "/out/sbom.cdx.json"]
        ran = (
            (await self._tool())
            .with_mounted_directory(ROOT, self.root)
            .with_mounted_directory(LAYOUT, self.layout)
            .with_exec([*COMMAND, *words])
        )
        return await ran.file("/out/sbom.cdx.json").sync()

    @cached
    async def licenses(self) -> dagger.Directory:
        """Licences as `licenses.md` and `licenses.json`; fails where a Python package has one that is refused."""
        return await self._report("licenses", (await self._tool()).with_mounted_file(SBOM, await self.sbom()))

    @live
    async def scan(
        self,
        database: Annotated[
            dagger.Directory | None,
            Doc("A folder with OSV's all.zip of PyPI and Debian, or Debian's tracker, instead of asking OSV."),
        ] = None,
        fail_on: Annotated[
            str, Doc("none, unknown, low, medium, high or critical, instead of slipway.toml's vulnerabilities.fail_on.")
        ] = "",
    ) -> dagger.Directory:
        """Known vulnerabilities as `scan.md` and `scan.json`; fails at a severity, and where nothing can be known."""
        tool = (await self._tool()).with_mounted_file(SBOM, await self.sbom())
        words = [f"--fail-on={fail_on}"] if fail_on else []
        if database is not None:
            tool, words = tool.with_mounted_directory(DATABASE, database), [*words, "--database", DATABASE]
        return await self._report("scan", tool.with_env_variable("SLIPWAY_CALL", uuid.uuid4().hex), *words)

    async def _report(self, verb: str, tool: dagger.Container, *words: str) -> dagger.Directory:
        ran = tool.with_mounted_file(CONFIG, self.config).with_exec(
            [*COMMAND, verb, "--sbom", SBOM, "--config", CONFIG, "--output", f"/out/{verb}.json", *words]
        )
        return await ran.directory("/out").with_new_file(f"{verb}.md", await ran.stdout()).sync()

    @live
    async def provenance(self, repository: Repository) -> dagger.File:
        """Where the image comes from: an in-toto statement with SLSA provenance v1, not signed."""
        return await self.stated(await commit_tag(repository))

    async def stated(self, commit: str) -> dagger.File:
        """The provenance of the image as built from a commit."""
        words = ["provenance", "--root", ROOT, "--layout", LAYOUT, "--name", NAME, "--sbom", SBOM]
        words += ["--locks", LOCKS, "--commit", commit, "--builder", BUILDER, "--output", "/out/provenance.json"]
        ran = (
            (await self._tool())
            .with_mounted_directory(ROOT, self.root)
            .with_mounted_directory(LAYOUT, self.layout)
            .with_mounted_directory(LOCKS, self.locks)
            .with_mounted_file(SBOM, await self.sbom())
            .with_exec([*COMMAND, *words])
        )
        return await ran.file("/out/provenance.json").sync()

    async def proof(self, commit: str, key: dagger.Secret) -> dagger.Directory:
        """Signature, signed provenance and SBOM, ready to lie beside the image in its registry."""
        words = ["sign", "--layout", LAYOUT, "--name", NAME, "--sbom", SBOM, "--provenance", PROVENANCE, "--key", KEY]
        ran = (
            (await self._tool())
            .with_mounted_directory(LAYOUT, self.layout)
            .with_mounted_file(SBOM, await self.sbom())
            .with_mounted_file(PROVENANCE, await self.stated(commit))
            .with_mounted_secret(KEY, key)
            # The engine knows a secret by its name alone: another key under the same one has to sign anew.
            .with_env_variable("SLIPWAY_CALL", uuid.uuid4().hex)
            .with_exec([*COMMAND, *words, "--output", "/out"])
        )
        return await ran.directory("/out").sync()


async def compare(one: dagger.Directory, other: dagger.Directory, code: dagger.Directory) -> str:
    """The digest of two equal layouts; what differs is the sentence that the step fails with."""
    first, second = f"{LAYOUT}/one", f"{LAYOUT}/other"
    ran = (
        debian("ca-certificates", "python3")
        .with_mounted_directory("/src/infra", code)
        .with_workdir("/src")
        .with_mounted_directory(first, one)
        .with_mounted_directory(second, other)
        .with_exec([*COMMAND, "compare", "--layout", first, "--other", second])
    )
    return (await ran.stdout()).strip()
