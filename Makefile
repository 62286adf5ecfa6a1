# One command each: `make demo`, `make test`. Both install first what is not installed yet.
PYTHON ?= python3
# cpu | cuda | skip (you installed torch yourself). TORCH_INDEX: a package index to take it from.
TORCH ?= cpu
TORCH_INDEX ?=
SERVE ?= 1
# 1: `make test` also measures coverage, prints it and fails below the floor (slower).
COVERAGE ?= 0
COVERAGE_FLOOR := 90
TYPESCRIPT := 5.9.3
BIN := .venv/bin
PIP := $(BIN)/python -m pip
PYTEST := $(BIN)/python -m pytest
PARALLEL := --numprocesses auto --dist loadfile --no-loadscope-reorder
STAMP := .venv/.installed
TORCH_FLAGS := $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX),)
COVERAGE_FLAGS := $(if $(filter 1,$(COVERAGE)),--cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_FLOOR),)
# Small networks run faster on one thread than on two that wait for each other.
export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE ?= 1

.PHONY: install demo test test-integration test-slow lint lint-player check-python clean

install: $(STAMP)

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Intone needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python has no venv; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }

$(STAMP): pyproject.toml constraints.txt intone/assets.toml | check-python
	@echo "Installing into .venv (some minutes the first time)"
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet --upgrade pip
ifeq ($(TORCH),cpu)
	$(PIP) install --quiet $(TORCH_FLAGS) torch==2.13.0
else ifeq ($(TORCH),cuda)
	$(PIP) install --quiet $(TORCH_FLAGS) 'torch>=2.11'
endif
	$(PIP) install --quiet --constraint constraints.txt --editable '.[tts,app,analysis,demo,dev]'
	$(BIN)/intone assets
	touch $@

demo: install
	$(BIN)/intone demo $(if $(filter 0,$(SERVE)),--no-serve,)

test: install
	$(PYTEST) -m 'not slow and not integration and not browser' $(PARALLEL) $(COVERAGE_FLAGS)

# Whole programs: the demo, killed processes, and the pages in Chromium.
test-integration: install
	$(PYTEST) -m '(integration or browser) and not slow' $(PARALLEL)

test-slow: install
	$(PYTEST) -m slow

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory lint-player

# Types of the player's JavaScript; the configuration lies outside the folder that is served.
lint-player:
	@if command -v npx >/dev/null; then \
	  npx --yes --package typescript@$(TYPESCRIPT) tsc --project mushra_app/jsconfig.json; \
	else \
	  echo "npm: not installed, so the player's JavaScript is not checked; install Node.js 20 or newer"; \
	  test -z "$$CI"; \
	fi

clean:
	rm -rf .venv
