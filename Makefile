# Everything a fresh machine needs beyond Python and make is installed by these rules.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= results/demo

# Tests start hundreds of processes: none of them compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo experiments test test-fast check lock clean

demo: $(STAMP)  ## run the main job on the embedded faces
	$(BIN)/python experiments/01_mask_impairment.py --out $(OUT) --resume

experiments: $(STAMP)  ## run all experiment scripts on the embedded faces; results/experiments/index.html
	$(BIN)/python experiments/run_all.py --out results/experiments --jobs 2

test: $(STAMP)  ## run the tests
	-sh tools/system_packages.sh $(PYTHON) browser
	$(BIN)/python -m pytest -n auto --dist worksteal

test-fast: $(STAMP)  ## run the tests that take no long time
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

check: $(STAMP)  ## formatting, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lock: $(STAMP)  ## resolve the newest allowed packages into requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-annotate --upgrade --quiet -o requirements.lock

clean:
	rm -rf $(VENV) results

$(STAMP): pyproject.toml requirements.lock tools/system_packages.sh
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "maskface needs Python 3.11 or later; try: make PYTHON=python3.12")'
	sh tools/system_packages.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
