# `make run`, `make test` and `make demo` need only a Python 3.11 or newer and this directory. What they install is locked and
# hash-checked.
# Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Files in the environment that say what it holds. One that was left half-made has UNFINISHED and is built anew.
RUN := $(VENV)/.ready-to-run
DEV := $(VENV)/.ready-to-develop
UNFINISHED := $(VENV)/.unfinished
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

# An environment without an interpreter holds nothing, whatever its files say.
ifneq ($(shell test -x $(BIN)/python && echo there),there)
$(shell rm -f $(RUN) $(DEV))
endif

.PHONY: run test demo bench screenshots lint night lock clean
.DEFAULT_GOAL := test

# Half of the tests wait for a screen or another process more than they work: three at once keep two cores busy.
test: lint
	$(BIN)/pytest -n 3 -m "not night"

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Long campaigns.
night: $(DEV)
	$(BIN)/pytest -n 2 -m night --timeout 3600

# The terminal UI.
run: $(RUN)
	@$(BIN)/pk-tui

demo: $(RUN)
	$(BIN)/pk-tui demo

bench: $(DEV)
	$(BIN)/python -m benchmarks.run

# The pictures in screenshots/, drawn anew.
screenshots: $(DEV)
	$(BIN)/python -m tests.tui.pictures

# Resolves anew within the limits of pyproject.toml; what is locked already stays unless it has to change.
lock:
	@command -v uv >/dev/null || test -x $(BIN)/uv || { \
		echo "Locking needs uv, which is not here. Install it (https://docs.astral.sh/uv/), then run make lock again." >&2; exit 1; }
	$(call compile,build,requirements.lock)
	$(call compile,dev,requirements-dev.lock)

clean:
	rm -rf $(VENV) build dist .bench .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find pk_tui tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The project itself comes last and is built by the locked backend: a build of its own would fetch one unhashed.
$(RUN): requirements.lock pyproject.toml
	$(call fill,requirements.lock)
	@touch $(RUN)

$(DEV): requirements-dev.lock pyproject.toml
	$(call fill,requirements-dev.lock)
	@touch $(RUN) $(DEV)

# fill(lock file): an environment with what is locked, and the project. One that is sound is filled up, any other made anew.
define fill
@command -v $(PYTHON) >/dev/null || { \
	echo "pk-tui needs Python 3.11 or newer, and there is no $(PYTHON) on the PATH. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "pk-tui needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) -V 2>&1`. Name another: make PYTHON=python3.12" >&2; exit 1; }
@if [ -e $(UNFINISHED) ] || ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "Making the environment $(VENV)"; rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); fi
@echo "Installing $(1)"
@touch $(UNFINISHED)
@$(PIP) install --require-hashes --only-binary :all: -r $(1)
@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
@rm -f $(UNFINISHED)
endef

# compile(dependency group, lock file)
define compile
PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --group $(1) pyproject.toml -o $(2)
endef
