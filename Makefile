# Each target makes the virtual environment it needs, and is quick when there is nothing to do.
#   make PYTHON=python3.12 test     another interpreter
#   make demo ARGS="--speed 60"     options for the command behind the target
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
STAMP := .venv/.stamp
LOCKER := uv==0.13.9
PARALLEL := -n auto --maxprocesses 8 --dist loadfile# a file's tests stay together, and so do its servers
BRIEF := --hypothesis-profile=brief# a fifth of the examples that `make test` draws
EXTRAS := postgresql mysql notify auth signing report# what the container image brings

.DEFAULT_GOAL := help
.PHONY: help demo test unit test-long check bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## the agent with the platform in a box
	@exec $(BIN)/dabiao demo $(ARGS)

test unit test-long: export PYTHONDONTWRITEBYTECODE =# the agent is started many times and compiled once

test: $(STAMP) ## all the tests that take seconds
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

unit: $(STAMP) ## of these, the ones of one room: no server, no process, no whole document
	$(BIN)/python -m pytest -m "not server and not whole and not long" $(BRIEF) $(PARALLEL) $(ARGS)

test-long: $(STAMP) ## the tests that take minutes
	$(BIN)/python -m pytest -m long $(ARGS)

check: $(STAMP) ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP) ## speed against the raw limits of this machine
	PYTHONPATH=. $(BIN)/python tests/bench/run.py $(ARGS)

lock: $(STAMP) ## the newest versions pyproject.toml allows, into requirements.lock
	$(BIN)/python -m pip install --quiet $(LOCKER)
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --quiet \
		--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(addprefix --extra ,$(EXTRAS)) --universal --python-version 3.11 --quiet -c requirements.lock \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" -o deploy/container/requirements.lock

clean: ## remove what make and the tools made
	rm -rf .venv build dist *.egg-info .coverage htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find agent collectors tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Dabiao needs Python 3.11 or later; \"$(PYTHON)\" is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "making .venv"; $(PYTHON) -m venv --clear .venv; }
	@echo "installing requirements.lock into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
