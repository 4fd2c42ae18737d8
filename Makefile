# Each target makes .venv when it is missing. Python 3.11 or later, pip and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help reproduce test lint bench docs clean

help:
	@echo "make reproduce   the note's Figure 1 and its figures beside ours, on bundled weights, into out/"
	@echo "make test        the tests, the examples in docstrings and the README"
	@echo "make lint        ruff, pyright, import-linter"
	@echo "make docs        the site, into out/site; fails on a broken link"
	@echo "make bench       times and errors beside named peers, in one run"

.venv/made-core: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/made-test: .venv/made-core
	$(PIP) install --quiet --constraint constraints.txt --editable ".[test]"
	@touch $@

.venv/made-lint: .venv/made-test
	$(PIP) install --quiet --constraint constraints.txt --editable ".[test,lint]"
	@touch $@

.venv/made-docs: .venv/made-core
	$(PIP) install --quiet --constraint constraints.txt --editable ".[docs]"
	@touch $@

reproduce: .venv/made-core
	$(BIN)/heurex reproduce --out out

test: .venv/made-test
	$(BIN)/python -m pytest -n 2

lint: .venv/made-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

docs: .venv/made-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: .venv/made-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv out
