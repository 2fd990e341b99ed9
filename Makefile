# Each target sets up what it needs.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help engine engine-down

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

engine: ## make sure that `dagger` reaches an engine, an official one or our own
	@$(PYTHON) -m engine up

engine-down: ## stop our engine and leave nothing behind; PURGE=1 removes its cache too
	@$(PYTHON) -m engine down $(if $(PURGE),--purge)
