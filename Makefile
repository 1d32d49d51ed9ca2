# make demo    the main job on real images, and where to look
# make test    the tests
# make check   formatter, linter, strict type check
# Any Python from 3.11 on will do: make demo PYTHON=python3.13

PYTHON ?= python3
OUT ?= demo
JOBS ?= 2
VENV := .venv
FLOORS := registry reference_stats benchmarks leaderboard
RUN := $(VENV)/bin/python -m
ONE_THREAD := OMP_NUM_THREADS=1

# Other processors, imitated: each setting makes the libraries choose other instructions, which changes last bits.
PORTABLE := MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41 ATEN_CPU_CAPABILITY=default OMP_NUM_THREADS=1
# One process: threads of two wait for each other on two cores.
TWO_THREADS := MKL_CBWR=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=2
# The tests of numbers. A file that is not there makes pytest fail.
NUMERICAL := $(addprefix tests/test_,$(addsuffix .py,\
	bad_features copying_continuity equal_images extractors frechet_debiased manifold_intervals metric_laws metric_more \
	metric_values moment_metrics nearest neighbours parity_extractors parity_moments parity_neighbours products \
	ranking_metrics uncertainty))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-machines test-slow test-large test-browser check fix zoo references leaderboard site bench validate docs docs-site constraints clean

help:
	@echo "make demo         samples, metrics, ranking and site on real images, into OUT=$(OUT)"
	@echo "make test         the tests, on JOBS=$(JOBS) cores; make test-slow: the long ones; make test-large: ten minutes"
	@echo "make test-machines the numerical tests with the arithmetic of other processors"
	@echo "make test-browser the site in Chromium, which must be installed, and by an HTML checker from npm"
	@echo "make check        formatter, linter, strict type check; make fix: what they can repair"
	@echo "make leaderboard  what has no result yet, and the studies, into leaderboard/; WORKERS=4 for worker processes"
	@echo "make site         the leaderboard from the committed results, into site/"
	@echo "make references   the committed reference statistics"
	@echo "make zoo          train the small networks and generators this project ships"
	@echo "make bench        speed side by side with the peers, on an idle machine"
	@echo "make validate     do the intervals hold their targets? simulated, 45 minutes on 2 cores"
	@echo "make docs         the figures and tables in the documentation"
	@echo "make docs-site    the documentation as a site, its notebooks executed, into build/docs/"
	@echo "make constraints  pin today's versions of everything"

# Three stamps in one environment: what a user needs, what tests and checks need on top, and what the documentation needs.
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
DEV := $(VENV)/dev

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "genboard needs Python 3.11 or newer; this is " + sys.version.split()[0] + "\n\nhint: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing genboard into $(VENV). This takes minutes: PyTorch alone is up to 3 GB on Linux."
	$(INSTALL) .
	touch $@

# The floors lie beside the package; static tools need one tree, a folder of links.
$(DEV): $(VENV)/ready
	$(INSTALL) ".[dev]"
	rm -rf $(VENV)/src
	mkdir -p $(VENV)/src/genboard
	cd $(VENV)/src/genboard && ln -s $(addprefix ../../../,$(wildcard genboard/*.py genboard/py.typed genboard/cli genboard/core) $(FLOORS)) .
	touch $@

$(VENV)/docs: $(VENV)/ready
	$(INSTALL) ".[docs]"
	touch $@

demo: setup
	$(RUN) genboard demo --out "$(OUT)"

test: $(DEV)
	$(ONE_THREAD) $(RUN) pytest -n $(JOBS) -p no:benchmark --dist worksteal

test-machines: $(DEV)
	$(PORTABLE) $(RUN) pytest -n $(JOBS) -p no:benchmark --dist worksteal $(NUMERICAL)
	$(TWO_THREADS) $(RUN) pytest -n 1 -p no:benchmark $(NUMERICAL)

test-slow: $(DEV)
	$(ONE_THREAD) $(RUN) pytest -n $(JOBS) -p no:benchmark --dist worksteal -m slow

test-large: $(DEV)
	$(ONE_THREAD) $(RUN) pytest -n $(JOBS) -p no:benchmark --dist worksteal -m large

test-browser: $(DEV)
	$(ONE_THREAD) $(RUN) pytest -n $(JOBS) -p no:benchmark -m browser

check: $(DEV)
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy

fix: $(DEV)
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

zoo: setup
	$(RUN) genboard.registry.train

references: setup
	$(RUN) genboard reference build --track digits --out reference_stats/data --again

leaderboard: $(DEV)
	$(RUN) genboard.leaderboard.maintenance.regenerate $(if $(WORKERS),--executor local --workers $(WORKERS))

site: setup
	$(RUN) genboard site build --results leaderboard/results --out site

bench: $(DEV)
	$(RUN) pytest benchmarks/speed --benchmark-only --benchmark-json=.benchmarks/run.json -q
	$(VENV)/bin/python benchmarks/speed/report.py .benchmarks/run.json
	$(VENV)/bin/python -P benchmarks/speed/cluster_overhead.py
	$(RUN) genboard.leaderboard.maintenance.docs

validate: $(DEV)
	$(ONE_THREAD) $(RUN) genboard.benchmarks.validation
	$(ONE_THREAD) $(RUN) genboard.benchmarks.selftest
	$(ONE_THREAD) $(RUN) genboard.leaderboard.maintenance.rank_coverage
	$(ONE_THREAD) $(RUN) genboard.leaderboard.maintenance.copies_test
	$(ONE_THREAD) $(RUN) genboard.leaderboard.maintenance.costs
	$(RUN) genboard.leaderboard.maintenance.docs

docs: $(DEV)
	$(RUN) genboard.leaderboard.maintenance.docs

docs-site: $(VENV)/docs
	GENBOARD_HOME="$(CURDIR)/build/docs-home" $(RUN) sphinx --fail-on-warning --keep-going docs build/docs

constraints:
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --editable ".[dev,docs]"
	$(VENV)/bin/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis docs/_generated
