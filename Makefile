# Each target sets up what it needs by itself, and takes seconds once that is there.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
JARS := .setup/jars/.ready
HAS_JAVA := $(shell command -v java 2>/dev/null)

.PHONY: help setup demo serve notebooks test test-long lint bench docs spark clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(READY) ## make the virtual environment and install the pinned packages

$(READY): requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned packages (once; a few minutes)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(JARS): $(READY)
	@echo "Fetching Delta's JARs for Apache Spark (once)"
	@mkdir -p .setup && $(BIN)/python scripts/fetch_spark_jars.py > .setup/jars.log 2>&1 || { tail -20 .setup/jars.log; exit 1; }
	@touch $@

spark: $(JARS) ## fetch what Apache Spark needs beside Java

demo: $(READY) ## simulate a listener, take in their history and show what was learned
	@$(BIN)/lakesong demo

serve: $(READY) ## show the dashboard at http://127.0.0.1:8000
	@$(BIN)/lakesong serve

notebooks: .venv/.notebooks ## show the notebooks (marimo) on one page; LAKE_URI=data/demo shows the demo
	@$(BIN)/marimo run $(addprefix notebooks/,overview.py trends.py personas.py playlists.py research.py)

.venv/.notebooks: $(READY)
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[notebooks]'
	@touch $@

test: $(READY) $(if $(HAS_JAVA),$(JARS)) ## run the tests that a change must pass
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy .
	@$(if $(HAS_JAVA),,echo "Java was not found: the Apache Spark tests are skipped.")
	@$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: $(READY) $(if $(HAS_JAVA),$(JARS)) ## run everything, the tests that take minutes too; docs/test-long.md tells how it went
	@status=0; LARGE_PLAYS=1000000 $(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder --junitxml=build/tests.xml \
		|| status=$$?; $(BIN)/python scripts/report_tests.py build/tests.xml docs/test-long.md; exit $$status

lint: $(READY) ## mend the format, then check style and types
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/mypy .

bench: $(READY) $(if $(HAS_JAVA),$(JARS)) ## measure speed and memory on this machine, and whether plays are lost
	@$(BIN)/python bench/bench.py
	@$(BIN)/python bench/losses.py

VIZ := .setup/viz/node_modules/@viz-js/viz/package.json
VIZ_VERSION := 3.31.0

# Graphviz in WebAssembly, for the drawings alone; without npm, drawings that are current still pass.
$(VIZ):
	@mkdir -p .setup/viz
	@npm install --silent --no-audit --no-fund --prefix .setup/viz @viz-js/viz@$(VIZ_VERSION) || true

docs: $(READY) $(VIZ) ## write the pages and drawings in docs/ that are made from the declarations (drawings need Node)
	@$(BIN)/python scripts/generate_docs.py

clean: ## remove the virtual environment, caches and the demo lake
	rm -rf .venv .setup .pytest_cache .mypy_cache .ruff_cache .hypothesis data/demo
