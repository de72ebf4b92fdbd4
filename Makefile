# make run: the demo country at http://127.0.0.1:5000
# make test: every test · make check: format, lint, types, import contracts, tests · make bench: ratios
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= .demo

# Without compiled modules every start of a command compiles 300 of them: half a second.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run setup setup-dev test check lint bench access lock clean

run: setup
	$(BIN)/nrm demo --dir $(DEMO) --port 5000

setup: $(VENV)/.ready

setup-dev: $(VENV)/.ready-dev

$(VENV)/bin/python:
	@./setup-system runtime "$(PYTHON)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python requirements.lock pyproject.toml
	@./setup-system runtime "$(PYTHON)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@./setup-system test "$(PYTHON)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

test: setup-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

# The table of who reaches what, made anew from the one the tests keep
access: setup-dev
	$(VENV)/bin/python -m tests.invariants.test_access

bench: setup-dev
	$(BIN)/python -m bench

# The lock holds every hash and no address: any index that serves these files will do.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --extra build -o requirements.lock pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis
