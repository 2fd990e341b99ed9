"""The rules that keep the workflow thin and closed to what a pull request brings, each proved by breaking a copy."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[3] / ".github" / "workflows"
WORKFLOW = WORKFLOWS / "slipway.yml"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# What an expression may read: GitHub's own words and the repository's variables, nothing that a pull request writes.
# github.ref of a pull request is refs/pull/NUMBER/merge.
READABLE = {"github.event_name", "github.ref", "vars.AWS_REGION", "vars.AWS_ROLE_ARN"}


def broken_rules(text: str) -> set[str]:
    """Return the names of the rules that a workflow breaks."""
    # YAML 1.1 reads the key `on` as true.
    workflow: dict[Any, Any] = yaml.safe_load(text)
    jobs = list(workflow["jobs"].values())
    steps: list[dict[str, Any]] = [step for job in jobs for step in job.get("steps", [])]
    runs = [step["run"] for step in steps if "run" in step]
    used = [line.split("uses:")[1].strip() for line in text.splitlines() if re.match(r"\s*(- )?uses:", line)]
    expressions = re.findall(r"\$\{\{(.*?)\}\}", text, re.DOTALL)
    read = {name for expression in expressions for name in re.findall(r"[a-z]\w*(?:\.[\w*-]+|\[[^]]*\])+", expression)}
    called = {name for expression in expressions for name in re.findall(r"\w+(?=\s*\()", expression)}
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    concurrency = workflow.get("concurrency", {})
    rules = {
        "one job": len(jobs) == 1,
        "one run step after the checkout": len(steps) == 2 and len(checkouts) == 1 and "run" in steps[-1],
        "the step calls make and nothing else": runs == ['make "$TARGET"'],
        "no expression in a script": not any("${{" in run for run in runs),
        "expressions read only what no pull request writes": read <= READABLE and not called,
        "pull requests are checked, main deploys": workflow.get(True)
        == {"pull_request": None, "push": {"branches": ["main"]}},
        "a pull request gets neither role nor deployment": all(
            value.startswith("${{ github.event_name == 'push' && ") for value in steps[-1].get("env", {}).values()
        ),
        "actions are pinned by commit": len(used) == len(checkouts) and all(PINNED.fullmatch(use) for use in used),
        "no permission by default": workflow.get("permissions") == {},
        "least permissions": all(job.get("permissions") == {"contents": "read", "id-token": "write"} for job in jobs),
        "the checkout leaves no token": all(
            step.get("with", {}).get("persist-credentials") is False for step in checkouts
        ),
        "only checks are cancelled": concurrency.get("cancel-in-progress")
        == "${{ github.event_name == 'pull_request' }}"
        and "${{ github.ref }}" in concurrency.get("group", ""),
        "every job ends": all(isinstance(job.get("timeout-minutes"), int) for job in jobs),
        "a fresh machine of GitHub": all(job.get("runs-on") == "ubuntu-latest" for job in jobs),
    }
    return {name for name, kept in rules.items() if not kept}


def test_the_workflow_keeps_every_rule() -> None:
    assert broken_rules(WORKFLOW.read_text()) == set()


def test_there_is_one_workflow() -> None:
    assert list(WORKFLOWS.iterdir()) == [WORKFLOW]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("jobs:\n", "jobs:\n  more:\n    steps: []\n", "one job"),
        ("      - name: Run", "      - run: make engine\n      - name: Run", "one run step after the checkout"),
        ("jobs:\n", "jobs:\n  more:\n    uses: o/r/.github/workflows/w.yml@main\n", "actions are pinned by commit"),
        ("    steps:\n", "    steps:\n      - uses: a/b@v1\n", "one run step after the checkout"),
        ('make "$TARGET"', "make $TARGET", "the step calls make and nothing else"),
        ('make "$TARGET"', "make ${{ github.event_name }}", "no expression in a script"),
        ('make "$TARGET"', "make ${{ github.event.pull_request.title }}", "no expression in a script"),
        ("'push' && 'deploy'", "'push' && github.head_ref", "expressions read only what no pull request writes"),
        ("|| 'check' }}\n          AWS", "|| github.event.number }}\n          AWS", "expressions read only"),
        ("github.ref }}", "github.event.pull_request.head.label }}", "expressions read only"),
        ("github.ref }}", "github['head_ref'] }}", "expressions read only"),
        ("github.ref }}", "toJSON(github) }}", "expressions read only"),
        ("vars.AWS_REGION", "secrets.AWS_REGION", "expressions read only"),
        ("pull_request:", "pull_request_target:", "pull requests are checked, main deploys"),
        ("  pull_request:\n", "  pull_request:\n  workflow_run:\n", "pull requests are checked, main deploys"),
        ("branches: [main]", "branches: ['**']", "pull requests are checked, main deploys"),
        ("${{ github.event_name == 'push' && vars.AWS_ROLE_ARN || '' }}", "${{ vars.AWS_ROLE_ARN }}", "neither role"),
        ("== 'push' && 'deploy'", "!= 'push' && 'deploy'", "neither role"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "actions are pinned by commit"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@3d3c42e", "actions are pinned by commit"),
        (" # v7.0.1", "", "actions are pinned by commit"),
        ("permissions: {}", "permissions: read-all", "no permission by default"),
        ("permissions: {}\n", "", "no permission by default"),
        ("contents: read", "contents: write", "least permissions"),
        ("      id-token", "      packages: write\n      id-token", "least permissions"),
        ("persist-credentials: false", "persist-credentials: true", "the checkout leaves no token"),
        ("        with:\n          persist-credentials: false\n", "", "the checkout leaves no token"),
        ("${{ github.event_name == 'pull_request' }}", "true", "only checks are cancelled"),
        ("slipway-${{ github.ref }}", "slipway", "only checks are cancelled"),
        ("    timeout-minutes: 90\n", "", "every job ends"),
        ("ubuntu-latest", "self-hosted", "a fresh machine of GitHub"),
    ],
)
def test_each_rule_sees_its_breach(old: str, new: str, rule: str) -> None:
    text = WORKFLOW.read_text()
    assert old in text
    assert any(rule in name for name in broken_rules(text.replace(old, new)))
