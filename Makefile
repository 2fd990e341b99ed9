# Each target sets up what it needs.
PYTHON ?= python3
# Not `?=`: POSIX shells have a variable ENV of their own. `make deploy ENV=staging` still wins.
ENV := dev
UV := build/uv/bin/uv

# On GitHub with a role: short-lived credentials from the workflow's own token. Elsewhere: the local cloud.
ifeq ($(GITHUB_ACTIONS),true)
ifneq ($(AWS_ROLE_ARN),)
CREDENTIALS := .github/aws-credentials
AWS := --aws cmd:$(CREDENTIALS)
endif
endif

# GitHub shows what is written there on the page of the run; elsewhere the summary goes to the terminal.
SUMMARY := $(if $(GITHUB_STEP_SUMMARY),-o "$$GITHUB_STEP_SUMMARY")
NOTIFY := $(if $(SLIPWAY_WEBHOOK),--notify env:SLIPWAY_WEBHOOK)

export DAGGER_NO_NAG := 1
# Where the command line lies that somebody other than root has built.
export PATH := $(HOME)/.local/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help deploy check test bench soak engine engine-down

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

deploy: engine ## build, publish, roll out and prove the image; ENV=dev says where
	@$(if $(CREDENTIALS),$(CREDENTIALS) >/dev/null)
	@dagger call --progress=$(if $(CI),plain,auto) $(SUMMARY) deploy --env '$(ENV)' $(AWS) $(NOTIFY) summary
	@$(if $(SUMMARY),cat "$$GITHUB_STEP_SUMMARY")

check: engine ## everything that a pull request has to pass
	@dagger check --progress=$(if $(CI),plain,auto)

test: engine $(UV) ## all tests, from the unit's to the real engine's
	@command -v skopeo >/dev/null || (apt-get update -qq && apt-get install -y -qq skopeo >/dev/null)
	@$(UV) sync --frozen --quiet
	@$(UV) run --frozen pytest -n 2 --dist loadfile tests/unit tests/contract
	@$(UV) run --frozen pytest -n 4 --dist loadfile --no-loadscope-reorder tests/pipeline tests/aws

bench: engine $(UV) ## measure again what docs/benchmarks.md says; PART=serving, deployments or regions for one of them
	@$(UV) sync --frozen --quiet
	@PYTHONPATH=ci/src _EXPERIMENTAL_DAGGER_CLI_BIN="$$(command -v dagger)" $(UV) run --frozen python -m tests.bench $(PART)

soak: $(UV) ## keep the server at full load for SECONDS=600, and judge what it holds afterwards
	@$(UV) sync --frozen --quiet
	@$(UV) run --frozen python -m tests.soak --seconds $(or $(SECONDS),600)

engine: ## make sure that `dagger` reaches an engine, an official one or our own
	@$(PYTHON) -m engine up

engine-down: ## stop our engine and leave nothing behind; PURGE=1 removes its cache too
	@$(PYTHON) -m engine down $(if $(PURGE),--purge)

$(UV):
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || (apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null)
	@$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.8
