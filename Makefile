# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install demo test check format bench bench-kafka bench-report chaos chaos-kafka docs lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## create .venv with billstream and everything it needs, at locked versions

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "billstream needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## watch bill runs happen: two small ones, then 7,043 customers for a year
	$(BIN)/billstream demo

test: $(STAMP) ## run every test
	$(BIN)/python -m pytest -n auto

check: $(STAMP) ## format, lint, types (mypy and pyright, strict) and the arrows between rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/pyright

format: $(STAMP) ## format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure the bill run as ratios of raw inserts in the same run, then what goes over Kafka
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.kafka

bench-kafka: $(STAMP) ## measure only what goes over Kafka; PARTS="relay projector latency workers drain"
	$(BIN)/python -m tests.benchmarks.kafka $(PARTS)

bench-report: $(STAMP) ## measure everything beside its bar and write docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks report

chaos: $(STAMP) ## long fault injection: hundreds of kills in the middle of runs
	$(BIN)/python -m pytest -n auto -m chaos
	$(MAKE) chaos-kafka

chaos-kafka: $(STAMP) ## the part over PostgreSQL and Kafka: 500 faults, and the table of what came of them
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) --faults $(or $(FAULTS),500)

docs: $(STAMP) ## write the pages of docs/reference that are made from the code
	$(BIN)/python -m tests.docs

lock: ## resolve the locked versions again after a change of pyproject.toml
	$(PYTHON) -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url -q -o requirements.lock

clean: ## remove .venv and everything made by the tools
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
