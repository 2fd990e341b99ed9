"""What has to hold before anything is shipped: style, types, unit tests, lock files, the workflow."""

import dagger
from dagger import dag

from slipway.toolchain import debian, python, uv

TREE = [
    "ci/src/**/*.py",
    "backend/**/*.py",
    "inference/**/*.py",
    "inference/page/*",
    "infra/**/*.py",
    "infra/pricing/*.toml",
    "tests/**/*.py",
    "engine/**",
    "tools/**",
    ".github/**",
    "pyproject.toml",
    "uv.lock",
    "slipway.toml",
    "Makefile",
    "NOTICE",
    "docs/**/*.md",
    "docs/*.png",
    "docs/*.svg",
    "inference/**/*.md",
    "README.md",
    "CONTRIBUTING.md",
    "LICENSE",
]
"""What they look at, of a checkout."""
CACHES = "/var/cache/checks"
SCRIPTS = [".github/aws-credentials"]
"""Python without a suffix, which no tool finds by itself."""
PROGRAMS = ("git",)
"""What the unit tests call beside Python."""
EXAMPLES = "/var/cache/hypothesis"
"""Where hypothesis keeps its tables, which take two seconds to compute, and the examples that failed."""


async def _tree(locks: dagger.Directory, tree: dagger.Directory) -> dagger.Container:
    return (await python(locks, "dev", *PROGRAMS)).with_mounted_directory("/src", tree)


def _remembered(tests: dagger.Container) -> dagger.Container:
    return tests.with_mounted_cache(EXAMPLES, dag.cache_volume("slipway-hypothesis")).with_env_variable(
        "HYPOTHESIS_STORAGE_DIRECTORY", EXAMPLES
    )


async def lint(locks: dagger.Directory, tree: dagger.Directory) -> dagger.Container:
    """Ruff's rules and format over the whole tree."""
    ruff = ["python3", "-m", "ruff"]
    return (
        (await _tree(locks, tree))
        .with_env_variable("RUFF_NO_CACHE", "true")
        .with_exec([*ruff, "check", ".", *SCRIPTS])
        .with_exec([*ruff, "format", "--check", "--diff", ".", *SCRIPTS])
    )


async def types(locks: dagger.Directory, tree: dagger.Directory) -> dagger.Container:
    """Mypy, strict, over every package; its cache outlives the call, since a full run takes most of a minute."""
    mypy = [
        "python3",
        "-m",
        "mypy",
        "--cache-dir",
        CACHES,
        "backend",
        "inference",
        "infra",
        "ci/src/slipway",
        "engine",
        "tests",
        *SCRIPTS,
    ]
    return (await _tree(locks, tree)).with_mounted_cache(CACHES, dag.cache_volume("slipway-mypy")).with_exec(mypy)


async def inference(locks: dagger.Directory, code: dagger.Directory, tests: dagger.Directory) -> dagger.Container:
    """Style and unit tests of what goes into the image: what a deployment waits for, so in one exec.

    Properties are tried with fewer examples than by the check of all unit tests, and pytest does not rewrite the
    assertions of 120 modules, which takes as long as a third of the tests; once something has failed, it does.
    """
    pytest = "python3 -m pytest -q -x -p no:cacheprovider --hypothesis-profile=gate tests/unit/inference"
    both = f"python3 -m ruff check --no-cache inference && {{ {pytest} --assert=plain || {{ {pytest}; exit 1; }}; }}"
    return (
        (await python(locks, "dev"))
        .with_mounted_directory("/src/inference", code)
        .with_mounted_directory("/src/tests", tests)
        .with_mounted_file("/src/pyproject.toml", locks.file("pyproject.toml"))
        .with_(_remembered)
        .with_exec(["sh", "-c", both])
    )


async def backend(locks: dagger.Directory, code: dagger.Directory, tests: dagger.Directory) -> dagger.Container:
    """Style and unit tests of the functions in front of the endpoint: what their deployment waits for."""
    both = "python3 -m ruff check --no-cache backend && exec python3 -m pytest -q -x -p no:cacheprovider tests/unit"
    return (
        (await python(locks, "dev"))
        .with_mounted_directory("/src/backend", code)
        .with_mounted_directory("/src/tests/unit/backend", tests)
        .with_mounted_file("/src/pyproject.toml", locks.file("pyproject.toml"))
        .with_exec(["sh", "-c", both])
    )


async def unit(locks: dagger.Directory, tree: dagger.Directory) -> dagger.Container:
    """The unit tests."""
    pytest = ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"]
    return (await _tree(locks, tree)).with_(_remembered).with_exec(pytest)


def lockfile(locks: dagger.Directory) -> dagger.Container:
    """The lock file fits pyproject.toml; nothing is resolved anew."""
    return (
        uv()
        .with_directory("/project", locks)
        .with_workdir("/project")
        .with_exec(["uv", "lock", "--check", "--offline"])
    )


async def workflows(locks: dagger.Directory, workflow: dagger.Directory) -> dagger.Container:
    """Actionlint and zizmor over the GitHub workflow."""
    actionlint = (
        debian("ca-certificates", "golang-go")
        .with_env_variable("GOFLAGS", "-mod=readonly")
        .with_env_variable("GOTOOLCHAIN", "local")
        .with_mounted_cache("/root/go/pkg/mod", dag.cache_volume("slipway-go-modules"))
        .with_directory("/tools", workflow.directory("tools"))
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
        (await _tree(locks, workflow))
        .with_file("/usr/local/bin/actionlint", actionlint)
        .with_exec(["sh", "-ec", "actionlint .github/workflows/*.yml"])
        .with_exec(["/opt/site/bin/zizmor", "--offline", "--no-progress", "--persona=auditor", ".github/workflows"])
    )


async def page(
    locks: dagger.Directory,
    tests: dagger.Directory,
    real: dagger.Container,
    mock: dagger.Container,
    sample: dagger.File,
) -> dagger.Container:
    """The server's page in Chromium, before two images that are started as they would be anywhere."""
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--timeout=120"]
    browser = await python(locks, "browser", "chromium-headless-shell", "curl", "fonts-dejavu-core")
    return (
        browser.with_mounted_directory("/src/tests/browser", tests)
        .with_mounted_file("/in/sample.jpg", sample)
        .with_service_binding("real", real.as_service(use_entrypoint=True))
        .with_service_binding("mock", mock.as_service(use_entrypoint=True))
        .with_exec(["python3", "-m", "pytest", *options, "tests/browser"])
    )
