# make run                  installs what is missing and opens the window
# make run FOLDER=path      the same, and adds that folder
# make test                 installs what is missing and runs the tests (ARGS="tests/ui -k grid" narrows them)
# make venv                 installs what is missing, no more
# make check                format, lint, types, import contracts, tests
# make format               formats the code
# make prove-bare           make run and make test in a bare Debian (needs root and debootstrap)
# make train                trains the network (DATA=folder)    make evaluate    measures the shipped model

PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell \
  $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/training
ARGS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

# hnswlib is on the registry as source and builds for the very CPU by default; this builds it for any.
export HNSWLIB_NO_NATIVE := 1

HNSWLIB := 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
  print(next(each for each in project["dependencies"] if each.startswith("hnswlib")))'

.PHONY: run venv test check format evaluate train prove-bare clean
.DELETE_ON_ERROR:

run: $(VENV)/.ready
	@exec $(BIN)/lookalike $(if $(FOLDER),--add-folder "$$FOLDER")

venv: $(VENV)/.ready

test: $(VENV)/.ready-dev
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

evaluate: $(VENV)/.ready-train
	@$(BIN)/python -m models.evaluate --data "$(DATA)" $(ARGS)

train: $(VENV)/.ready-train
	@$(BIN)/python -m models.train --data "$(DATA)" $(ARGS)

prove-bare:
	@packaging/prove-bare.sh

clean:
	rm -rf $(VENV) build dist

# Each stamp is one state of the venv; a newer pyproject.toml makes it anew.
$(VENV)/.hnswlib: pyproject.toml packaging/system_packages.py
	@test -n "$(PYTHON)" || { echo "Lookalike needs Python 3.11 or newer: please install python3." >&2; exit 2; }
	@"$(PYTHON)" packaging/system_packages.py
	@test -x $(BIN)/python -a -x $(BIN)/pip || "$(PYTHON)" -m venv --clear $(VENV)
	@echo "Setting up $(VENV), which takes some minutes the first time"
	@# pip's cache may hold a wheel that was built for this CPU alone, so it is not asked.
	@wanted=$$($(BIN)/python -c $(HNSWLIB)) && \
	  { test "$$(cat $@ 2>/dev/null)" = "$$wanted" && touch $@ || \
	    { $(PIP) --no-cache-dir --no-deps --force-reinstall "$$wanted" && echo "$$wanted" >$@; }; }

$(VENV)/.ready: $(VENV)/.hnswlib
	@$(PIP) --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@"$(PYTHON)" packaging/system_packages.py --for-tests
	@$(PIP) --editable ".[dev]"
	@touch $@

$(VENV)/.ready-train: $(VENV)/.ready
	@$(PIP) --editable ".[train]"
	@touch $@
