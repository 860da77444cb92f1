# Two commands are all that anybody needs: make run, make test. Each does its own set-up.
SHELL := /bin/bash
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null && $$p -S -c 'import sys; sys.exit(sys.version_info < (3,11))' 2>/dev/null && echo $$p && break; done)

.PHONY: run test check setup lock clean

run: setup
	@exec .venv/bin/baton run

test: setup-tests
	@scripts/test.sh

check: setup
	@scripts/check.sh

setup:
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 or newer is missing. Install it with your system's packages or pyenv." >&2; exit 1; }
	@$(PYTHON) -S scripts/setup.py

.PHONY: setup-tests
setup-tests:
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 or newer is missing. Install it with your system's packages or pyenv." >&2; exit 1; }
	@$(PYTHON) -S scripts/setup.py --tests

# Writes the locks anew from pyproject.toml and bot/requirements.in. What only a GPU build of torch needs is left out: torch brings its own.
lock:
	.venv/bin/uv pip compile -q --extra test --no-emit-package torch --no-annotate --no-header --python-version 3.11 -o requirements.lock pyproject.toml
	sed -i -E '/^(nvidia-|cuda-|triton)/d' requirements.lock
	.venv-rasa/bin/uv pip compile -q --no-annotate --no-header --python-version 3.10 -o bot/requirements.lock bot/requirements.in

# Removes what was built; conversations in var/ stay.
clean:
	rm -rf .venv .venv-rasa web/node_modules web/dist var/stamps var/models
