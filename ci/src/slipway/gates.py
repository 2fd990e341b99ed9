"""The checks that `dagger check` runs."""

from slipway import checks
from slipway.making import Making
from slipway.target import Target
from slipway.verbs import gate


class Gates(Making):
    """What a pull request has to pass."""

    @gate
    async def lint(self) -> None:
        """Ruff's rules and format."""
        await (await checks.lint(self.locks, self.tree)).sync()

    @gate
    async def types(self) -> None:
        """Mypy, strict, over the whole tree."""
        await (await checks.types(self.locks, self.tree)).sync()

    @gate
    async def unit(self) -> None:
        """The unit tests."""
        await (await checks.unit(self.locks, self.tree)).sync()

    @gate
    async def lockfile(self) -> None:
        """The lock file fits pyproject.toml: nothing would be resolved anew."""
        await checks.lockfile(self.locks).sync()

    @gate
    async def workflows(self) -> None:
        """Actionlint and zizmor over the GitHub workflow."""
        await (await checks.workflows(self.locks, self.workflow)).sync()

    @gate
    async def infrastructure(self) -> None:
        """The stacks' templates: AWS Solutions' rules, cfn-lint, and our own assertions."""
        await (await self.stacks()).test()

    @gate
    async def page(self) -> None:
        """The server's page in headless Chromium, before the real image and a mock."""
        made, real = await self._built(None, False, Target())
        _, mock = await self._built(None, True, Target())
        sample = made.directory.file("sample.jpg")
        await (await checks.page(self.locks, self.browser_tests, real, mock, sample)).sync()
