# make demo    the whole loop on one machine: plans, proposals, a model that moves, a second run
# make test    everything the tests need, then the tests
# make lint types layers coverage truth bench   the other gates, each on its own

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TRUTH ?= ../shared/truth
# Two for each core: many tests wait for servers.
PROCESSES ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

.PHONY: demo test lint types layers coverage truth accuracy packaging bench fuzz load chaos soak lock clean

demo: $(VENV)/.runtime
	$(BIN)/python examples/demo/run_demo.py

test: $(VENV)/.dev
	$(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

coverage: $(VENV)/.dev
	$(MAKE) test PYTEST_ARGS="--cov --cov-report="
	$(BIN)/coverage report --skip-covered --include='replanner/planning/*' --fail-under=95
	$(BIN)/coverage report --skip-covered --include='replanner/render/*' --fail-under=95
	$(BIN)/coverage report --skip-covered --include='replanner/profile/*,replanner/profile.py' --fail-under=95

# What real servers printed: the start-ups in tools/startups, and more where at hand (TRUTH=folder).
truth: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/scoreboard.py $(TRUTH)

# docs/accuracy.md, from the same folder.
accuracy: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/accuracy.py $(TRUTH) docs/accuracy.md

# Workflows, Dockerfile, wheel and image; what an engine or a linter is missing for is skipped.
packaging: $(VENV)/.dev $(VENV)/.linters
	$(BIN)/pytest tests/packaging

# Hostile requests over sockets; minutes (FUZZ_ARGS='--requests 3000 --seed 1' is shorter).
fuzz: $(VENV)/.dev
	$(BIN)/python tools/server/fuzz.py $(FUZZ_ARGS)

# How fast the server answers, on SQLite and on PostgreSQL where that is installed; four minutes.
load: $(VENV)/.dev
	$(BIN)/python tools/server/load.py $(LOAD_ARGS)

# Kills its processes while deliveries come in, and compares what stands on an emulated GitHub with
# what should; needs the peers. CHAOS_ARGS='--store sqlite --burst 60 --paced-s 5 --kills 3' is short.
chaos: $(VENV)/.dev
	$(BIN)/python tools/server/chaos.py $(CHAOS_ARGS)

# The same for an hour, at leisure: memory and store, first and last.
soak: $(VENV)/.dev
	$(BIN)/python tools/server/chaos.py --burst 0 --paced-s 3600 --per-second 5 --news-every-s 10 $(CHAOS_ARGS)

bench: $(VENV)/.dev
	$(BIN)/python tools/bench.py
	$(BIN)/pytest -rs tests/e2e/bench_image.py

# Needs uv; run after changing the dependencies in pyproject.toml.
lock:
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --extra server --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements-server.lock
	uv pip compile pyproject.toml --extra server --extra dev --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements-dev.lock
	uv pip compile --group build --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements-build.lock
	uv pip compile --group linters --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements-linters.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "replanner needs Python 3.11 or later; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.linters: $(VENV)/bin/python requirements-linters.lock
	$(PYTHON) -m venv $(VENV)/linters
	$(VENV)/linters/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-linters.lock
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage demo-repo
