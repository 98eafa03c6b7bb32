# make demo · make test · make check · make bench — everything they need, they install.
SHELL := /bin/bash
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/pycache
.DELETE_ON_ERROR:
PORT ?= 8000
PY := .venv/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check install --prefer-binary

.PHONY: help demo test check lint types format bench browser clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: .venv/.runtime ## the demo world, live, on http://127.0.0.1:8000 (PORT= to change)
	@exec $(PY) -m app.cli demo --port $(PORT)

test: .venv/.dev ## the whole test suite (T=path for a part of it)
	@$(PY) -m pytest -n 2 --dist loadfile $(T)

check: .venv/.dev lint types ## ruff, mypy strict, architecture, docs
	@$(PY) -m pytest -n 0 tests/test_architecture.py tests/test_docs.py

lint: .venv/.dev ## ruff
	@$(PY) -m ruff check --no-cache app tests bench migrations
	@$(PY) -m ruff format --no-cache --check app tests bench migrations

types: .venv/.dev ## mypy strict
	@$(PY) -m mypy

format: .venv/.dev ## ruff, writing
	@$(PY) -m ruff check --no-cache --fix app tests bench migrations
	@$(PY) -m ruff format --no-cache app tests bench migrations

bench: .venv/.dev ## the promises of speed, as ratios (see bench/README.md)
	@$(PY) -m bench

browser: ## Debian's Chromium for the browser tests (needs root, once)
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && found=yes; done; \
	[ "$$found" ] && /sbin/ldconfig -p | grep -q libatomic.so.1 && exit; \
	[ "$$(id -u)" = 0 ] || { echo "Chromium or libatomic is missing: run make browser as root, once" >&2; exit 1; }; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium libatomic1 >/dev/null

clean: ## forget the virtual environment and the demo's data
	rm -rf .venv var

.venv/bin/python:
	@bin/venv .venv

.venv/.runtime: .venv/bin/python pyproject.toml
	@echo "installing Throughline (a minute, once)"
	@$(PIP) -e .
	@touch $@

.venv/.dev: .venv/.runtime
	@echo "installing what the tests need"
	@$(PIP) -e '.[dev]'
	@touch $@
