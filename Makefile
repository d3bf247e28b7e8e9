# Two commands matter: `make run` and `make test`. Everything else is a convenience.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup run test test-browser test-rest lint bench soak clean

setup: .venv/.run

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Anlan needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/.run: .venv/bin/python requirements/run.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src
	touch $@

.venv/.dev: .venv/.run requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/dev.lock
	touch $@

# Compiles what tests import and rewrites their asserts once, before four workers would each do so at the same time.
.venv/.read: .venv/.dev
	-$(BIN)/python -m pytest tests --collect-only -qq -n 0 >/dev/null
	touch $@

.venv/.tools: .venv/bin/python tests/install.sh
	bash tests/install.sh
	touch $@

.venv/.toy: .venv/.dev requirements/toy.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/toy.lock
	touch $@

run: setup
	$(BIN)/anlan demo

# Tests start many processes, which should not compile the whole of Anlan each.
test: export PYTHONDONTWRITEBYTECODE :=
test:
	$(MAKE) --no-print-directory --jobs 2 .venv/.read .venv/.tools
	$(MAKE) --no-print-directory --keep-going --jobs 2 test-browser test-rest

# Side by side: tests wait for servers and for browsers a third of their time.
test-browser:
	$(BIN)/python -m pytest tests/browser -q -n 1

test-rest:
	$(BIN)/python -m pytest tests -q --ignore tests/browser

lint: .venv/.dev
	$(BIN)/ruff check src tests bench && $(BIN)/mypy

bench: setup .venv/.dev
	$(BIN)/python -m bench

soak: setup .venv/.dev .venv/.toy
	$(BIN)/python -m pytest tests -q -m soak

clean:
	rm -rf .venv var
