"""What has to hold before anything is shipped: style, types, unit tests, lock files, the workflow."""

import dagger
from dagger import dag

from slipway.toolchain import debian, python, uv

CACHES = "/var/cache/checks"


def _tree(source: dagger.Directory) -> dagger.Container:
    locks = source.filter(include=["pyproject.toml", "uv.lock"])
    return python(locks, "dev").with_directory("/src", source)


def lint(source: dagger.Directory) -> dagger.Container:
    """Ruff's rules and format over the whole tree."""
    ruff = ["python3", "-m", "ruff"]
    return (
        _tree(source.filter(include=["**/*.py", "pyproject.toml", "uv.lock"]))
        .with_env_variable("RUFF_NO_CACHE", "true")
        .with_exec([*ruff, "check", "."])
        .with_exec([*ruff, "format", "--check", "--diff", "."])
    )


def types(source: dagger.Directory) -> dagger.Container:
    """Mypy, strict, over every package; its cache outlives the call, since a full run takes most of a minute."""
    mypy = ["python3", "-m", "mypy", "--cache-dir", CACHES, "inference", "infra", "ci/src/slipway", "tests"]
    return (
        _tree(source.filter(include=["**/*.py", "pyproject.toml", "uv.lock"]))
        .with_mounted_cache(CACHES, dag.cache_volume("slipway-mypy"))
        .with_exec(mypy)
    )


def unit(source: dagger.Directory) -> dagger.Container:
    """The unit tests."""
    return _tree(source).with_exec(["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"])


def locks(source: dagger.Directory) -> dagger.Container:
    """The lock file fits pyproject.toml; nothing is resolved anew."""
    return (
        uv()
        .with_directory("/project", source.filter(include=["pyproject.toml", "uv.lock"]))
        .with_workdir("/project")
        .with_exec(["uv", "lock", "--check", "--offline"])
    )


def workflows(source: dagger.Directory) -> dagger.Container:
    """Actionlint and zizmor over the GitHub workflow."""
    actionlint = (
        debian("ca-certificates", "golang-go")
        .with_env_variable("GOFLAGS", "-mod=readonly")
        .with_env_variable("GOTOOLCHAIN", "local")
        .with_mounted_cache("/root/go/pkg/mod", dag.cache_volume("slipway-go-modules"))
        .with_directory("/tools", source.directory("tools"))
        .with_workdir("/tools")
        .with_exec(
            [
                "go",
                "build",
                "-trimpath",
                "-o",
                "/usr/local/bin/actionlint",
                "github.com/rhysd/actionlint/cmd/actionlint",
            ]
        )
        .file("/usr/local/bin/actionlint")
    )
    return (
        _tree(source.filter(include=[".github/**", "pyproject.toml", "uv.lock"]))
        .with_file("/usr/local/bin/actionlint", actionlint)
        .with_exec(["sh", "-ec", "actionlint .github/workflows/*.yml"])
        .with_exec(["/opt/site/bin/zizmor", "--offline", "--no-progress", ".github/workflows"])
    )
