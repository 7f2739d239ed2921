# Everything here sets up what it needs: virtual environments in the checkout, and nothing outside of it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
LOCK   := requirements/dev.txt
PIP    := -m pip --disable-pip-version-check --quiet
WORKERS ?= --numprocesses auto --dist worksteal
unexport PYTHONDONTWRITEBYTECODE  # each worker would rewrite the asserts of all tests again, for 20 seconds

.PHONY: demo test check test-oldest test-newest test-package krew lock reference everyday bench redaction programs reactions helm guard merging checking bombs starts campaign wheel clean

demo: $(READY)  ## a tour of examples/, with a throwaway key
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: $(READY)  ## the tests
	@$(BIN)/python -m pytest $(WORKERS)

check: $(READY)  ## lint, format, types, the walls between packages, documentation, tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest $(WORKERS) || { test $$? -eq 1 && \
	  echo 'What failed once more, by itself: a test that passes now depends on how busy the machine is. Mend it too.' && \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }

test-oldest: .venv-oldest/.ready  ## the tests, with the oldest supported version of each dependency
	@.venv-oldest/bin/python -m pytest $(WORKERS)

test-newest: .venv-newest/bin/python  ## the tests, with the newest version of each dependency, looked up in every run
	@$< $(PIP) install --upgrade --upgrade-strategy eager --editable '.[all]' --group dev
	@$< -m pytest $(WORKERS)

test-package: $(READY)  ## build the package, and use it in an environment of its own
	@$(BIN)/python -m pytest -m campaign tests/packaging

krew:  ## the archive of the plugin for krew, and its hash in examples/krew/leafseal.yaml
	@$(PYTHON) examples/krew/pack.py

lock: .venv-lock/bin/python  ## write requirements/dev.txt and image.txt from pyproject.toml; with UPGRADE=1, newest versions
	@$< $(PIP) install --upgrade uv
	@.venv-lock/bin/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --generate-hashes \
	  --python-version 3.11 --all-extras --group dev --no-annotate --no-emit-package leafseal \
	  --custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml
	@.venv-lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --constraint $(LOCK) \
	  --python-version 3.11 --all-extras --no-annotate --no-emit-package leafseal \
	  --custom-compile-command 'make lock' --output-file requirements/image.txt pyproject.toml

reference: $(READY)  ## what docs/cli.md and the manual page say of commands and options, and docs/troubleshooting.md of messages
	@$(BIN)/python docs/reference.py
	@$(BIN)/python docs/troubleshooting.py

everyday: $(READY)  ## ten everyday jobs with leafseal, sops and dotenvx: docs/everyday.md
	@$(BIN)/python benchmarks/everyday.py

bench: $(READY)  ## the table of docs/benchmarks.md
	@$(BIN)/python benchmarks/run.py

redaction: $(READY)  ## the speed of --redact: the table of docs/redaction.md
	@$(BIN)/python benchmarks/redaction.py --write

programs: $(READY)  ## how long it takes to start a program with its secrets, and to write files: a part of docs/benchmarks.md
	@$(BIN)/python benchmarks/programs.py --write

reactions: $(READY)  ## how long until a program has changed values: a part of docs/benchmarks.md
	@$(BIN)/python benchmarks/reactions.py --write

helm: $(READY)  ## how long helm leafseal takes with value files of a slow key service: a part of docs/benchmarks.md
	@$(BIN)/python benchmarks/helm.py --write

guard: $(READY)  ## how long git add takes with the guard of plain text: a part of docs/benchmarks.md
	@$(BIN)/python benchmarks/guard.py --write

merging: $(READY)  ## how long Git takes to merge and to show an encrypted file: a part of docs/benchmarks.md
	@$(BIN)/python benchmarks/merging.py --write

checking: $(READY)  ## how long leafseal check takes for 1,000 files: a part of docs/benchmarks.md
	@$(BIN)/python benchmarks/checking.py --write

bombs: $(READY)  ## what hostile input costs: the table of docs/threat-model.md
	@$(BIN)/python benchmarks/bombs.py --write

starts: $(READY)  ## the instructions that commands take to start, counted by valgrind, and their bounds
	@$(BIN)/python benchmarks/starts.py

campaign: $(READY)  ## the long runs
	@$(BIN)/python -m pytest -m campaign

wheel: $(READY)  ## build the package
	@$(BIN)/python -m build --no-isolation --outdir dist  # with the locked version of hatchling

clean:
	rm -rf $(VENV) .venv-oldest .venv-newest .venv-lock dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml $(LOCK)
	@test -x $(BIN)/python || $(call create,$(VENV))
	@$(BIN)/python $(PIP) install --require-hashes --requirement $(LOCK)
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src  # as an installation does: commands start as fast as they do there
	@touch $@

.venv-oldest/.ready: pyproject.toml requirements/oldest.txt | .venv-oldest/bin/python
	@.venv-oldest/bin/python $(PIP) install --constraint requirements/oldest.txt --editable '.[all]' --group dev
	@touch $@

.venv-%/bin/python:
	@$(call create,.venv-$*)
	@$@ $(PIP) install --upgrade 'pip>=25.1'  # the first with --group

create = { $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "leafseal needs Python 3.11 or newer; set PYTHON=")' \
  && $(PYTHON) -m venv $1; }
