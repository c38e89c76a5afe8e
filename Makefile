# Uskat. `make` prints this help; `make demo` and `make test` are all a stranger needs.
# Needs GNU make and Python >= 3.11 with the venv module, nothing else, and no root.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
UV := UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv

# The first interpreter of at least 3.11 wins; PYTHON=/path/to/python overrides.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$candidate; break; fi; done)

FOR ?=
ARGS ?=
ROUNDS ?= 20
PAYLOADS ?= 100000
EXAMPLES ?= 20
# As root the parts of the tests can be installed, so a test that cannot find them has failed, not been skipped.
REQUIRE_PARTS := $(if $(filter 0,$(shell id -u)),1,)

.PHONY: help demo test check kill bench fuzz fuzz-api docs clean format

help: ## this text
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed ## run everything on simulated rivers and pits; FOR=90 without a terminal for 90 s; ARGS="--help"
	@$(BIN)/uskat demo $(if $(FOR),--for $(FOR),) $(ARGS)

test: $(VENV)/.installed-dev ## install what the tests need, check, and run every test
	@$(BIN)/python -m tests.parts.install
	@$(MAKE) check
	@$(if $(REQUIRE_PARTS),USKAT_REQUIRE_PARTS=1 ,)$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.installed-dev ## formatting, lint, types, arrows between the rooms, documentation
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "check: all green"

format: $(VENV)/.installed-dev ## format the code and repair what lint can repair
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

kill: $(VENV)/.installed-dev ## kill -9 ingest, broker, database and logger at random; ROUNDS=20
	@$(BIN)/python -m tests.chaos.kill --rounds $(ROUNDS) $(ARGS)

bench: $(VENV)/.installed-dev ## ratios against a limit measured in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(VENV)/.installed-dev ## malformed payloads against a running ingest; PAYLOADS=100000
	@$(BIN)/python -m tests.chaos.fuzz --payloads $(PAYLOADS) $(ARGS)

fuzz-api: $(VENV)/.installed-dev ## generated requests of every role against the API; EXAMPLES=20 an operation
	@USKAT_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q -p no:cacheprovider $(ARGS) tests/integration/test_api/test_fuzz_api.py

docs: $(VENV)/.installed-dev ## the documentation on a local port, rebuilt as it is edited
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve $(ARGS)

clean: ## remove the environment, caches and built files; the demo's state folders stay
	@rm -rf $(VENV) site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------------------------------------------------------------
# The environment. A stamp file is older than pyproject.toml or uv.lock exactly when it must be made again.

$(BIN)/uv:
	@if [ -z "$(PYTHON)" ] || ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		echo "Uskat needs Python 3.11 or newer; $(or $(PYTHON),python3) is: $$($(or $(PYTHON),python3) --version 2>&1 || true)" >&2; \
		echo "Install one (Debian: apt install python3 python3-venv) or name it: make demo PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$(PYTHON) has no venv module, which makes the private environment $(VENV)." >&2; \
		echo "Install it (Debian: apt install python3-venv) or name another Python: make demo PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@echo "making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# --inexact: a demo after a test run must not take the test tools away again.
$(VENV)/.installed: pyproject.toml uv.lock | $(BIN)/uv
	@$(UV) sync --locked --no-dev --inexact --quiet
	@touch $@

$(VENV)/.installed-dev: pyproject.toml uv.lock | $(BIN)/uv
	@$(UV) sync --locked --inexact --quiet
	@touch $@ $(VENV)/.installed
