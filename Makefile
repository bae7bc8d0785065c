# Everything a person needs; nothing but Python 3.11 or later and make must be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: setup demo start test checkov faults versions lint lock audit bench clean

setup: $(READY)

$(READY): requirements.in requirements.txt pyproject.toml local/azurite/package.json local/azurite/package-lock.json
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed; PYTHON=... names another." if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[cli,local,dev]"
	$(BIN)/python -m local.storage_emulator install
	touch $(READY)

demo: $(READY)
	$(BIN)/darkroom local demo

start: $(READY)
	$(BIN)/darkroom local start

test: $(READY) checkov
	$(BIN)/python -m pytest

# What checkov says of the templates; it lives in an environment of its own, for it is large.
checkov: $(READY)
	$(BIN)/python -m tests.infra.checkov

# The whole stack with real processes, killed, throttled and confused; SEED=2 gives another run. It takes about ten minutes.
faults: $(READY)
	$(BIN)/python -m tests.faults

# The tests that need no storage, on every other Python that the app runs on and that this machine has.
versions: $(READY)
	$(BIN)/python tests/versions.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# All that is deployed, with the hashes of its files; `make lock LOCK=--upgrade` takes what is newest of what is not named.
lock: $(READY)
	$(BIN)/uv --no-config pip compile $(LOCK) --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements.in --output-file requirements.txt

# What is known to be vulnerable of all that is deployed; asks a public database.
audit: $(READY)
	$(BIN)/uv tool run pip-audit@2.10.1 --strict --require-hashes --disable-pip --requirement requirements.txt

bench: $(READY)
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) local/azurite/node_modules out .darkroom
