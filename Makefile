# Everything here sets up what it needs: a virtual environment in .venv, nothing outside the checkout.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
WORKERS ?= --numprocesses auto --dist worksteal

.PHONY: demo test check bench campaign wheel clean

demo: $(READY)  ## the main job on examples/, with a throw-away key
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: $(READY)  ## the tests
	@$(BIN)/python -m pytest $(WORKERS)

check: $(READY)  ## lint, format, types, the walls between packages, documentation, tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest $(WORKERS)

bench: $(READY)  ## the table of docs/benchmarks.md
	@$(BIN)/python benchmarks/run.py

campaign: $(READY)  ## the long runs
	@$(BIN)/python -m pytest -m campaign

wheel: $(READY)  ## build the package
	@$(BIN)/python -m build --outdir dist

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "leafseal needs Python 3.11 or newer; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
