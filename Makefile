# `make demo` and `make test` are all a newcomer needs; the rest is for developers.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNEL_SOURCES := CMakeLists.txt pyproject.toml $(wildcard native/*)

.PHONY: demo test check format bench docs clean native

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

native:
	flock $(VENV)/.native.lock $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
