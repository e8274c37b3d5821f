# Depthsounder's commands; `make` lists them.
#
# Everything is installed into .venv, at the releases and hashes that requirements*.txt pin, and nowhere else; but for the
# benchmarks, whose PyTorch may be gigabytes: they have .venv-bench. VENV names another folder, as for another Python.
# The workflow can do without this file: in an environment of your own, `snakemake --cores 8` is all there is to it.

PYTHON ?= python3
PYTHONS ?= python3.11 python3.12 python3.13
VENV ?= .venv
CORES ?= all
RUN ?= default
CONFIG ?=

# Programs keep files in the home folder. Where there is none that can be written, one beside the results stands in.
ifneq ($(shell test -n "$$HOME" && mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && echo yes),yes)
export HOME := $(CURDIR)/results/.home
endif

BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check
PINNED := $(INSTALL) --require-hashes --no-build-isolation
PIP := $(BIN)/python $(PINNED)

# A config file is laid over config/config.yaml; several may be, one over the other.
laid_over = $(if $(1),--configfile $(1))

# A value as one word, in which the shell reads nothing.
quoted = '$(subst ','\'',$(1))'

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf 'make %-14s%s\n' "$$name" "$$text"; done
	@echo
	@echo 'PYTHON=python3.12 chooses the Python of a new environment, CORES=4 the cores of a run.'

# --- what a user runs ---

.PHONY: report
report: $(VENV)/runtime ## run a sweep and write its report: make report, or make report CONFIG=config/smoke.yaml
	$(BIN)/snakemake --cores $(CORES) $(call laid_over,$(CONFIG))
	@$(BIN)/python scripts/locate_report.py $(CONFIG)

.PHONY: smoke
smoke: $(VENV)/runtime ## run the small sweep of config/smoke.yaml, in about a minute
	$(BIN)/snakemake --cores $(CORES) $(call laid_over,config/smoke.yaml)
	@$(BIN)/python scripts/locate_report.py config/smoke.yaml

.PHONY: plan
plan: $(VENV)/runtime ## say what a sweep will take: make plan, or make plan CONFIG=config/smoke.yaml
	@$(BIN)/python scripts/plan_sweep.py $(CONFIG)

.PHONY: advise
advise: $(VENV)/runtime ## say what theory has for one network: make advise ACTIVATION=tanh DEPTH=30
	@$(BIN)/python scripts/advise.py $(if $(ACTIVATION),--activation $(call quoted,$(ACTIVATION))) \
		$(if $(DEPTH),--depth $(call quoted,$(DEPTH))) $(if $(WIDTH),--width $(call quoted,$(WIDTH))) \
		$(if $(ARCHITECTURE),--architecture $(call quoted,$(ARCHITECTURE))) \
		$(if $(FAN_IN),--fan-in $(call quoted,$(FAN_IN))) $(if $(STEPS),--steps $(call quoted,$(STEPS))) \
		$(foreach init,$(INIT),--init $(call quoted,$(init))) \
		$(foreach file,$(EXTENSION),--extension $(call quoted,$(file)))

.PHONY: compare
compare: $(VENV)/runtime ## say what changed between two runs: make compare A=default B=another; without names, list the runs
	@$(BIN)/python scripts/compare_runs.py $(if $(A),--before results/$(A)) $(if $(B),--after results/$(B))

.PHONY: baseline
baseline: $(VENV)/runtime ## keep the verdicts of run RUN as what later reports are compared with
	@$(BIN)/python scripts/accept_baseline.py --results results/$(RUN) --baseline reports/baseline

.PHONY: verify-report
verify-report: $(VENV)/runtime ## say whether the report of run RUN belongs to the tables beside it
	@$(BIN)/python scripts/verify_report.py --report reports/$(RUN)/index.html --results results/$(RUN)

.PHONY: clean
clean: ## remove the environment and caches; results and reports stay
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src scripts tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what a developer runs ---

.PHONY: test
# On one core each: two test processes share the machine, and JAX, which would look for a GPU, runs on the CPU.
test: export OMP_NUM_THREADS = 1
test: export JAX_PLATFORMS = cpu
test: lint ## check the code and run the tests, but for those of a browser, of recipes, of faults and of Slurm
	$(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: test-pythons
test-pythons: ## run what `make test` runs on each of PYTHONS that is installed
	@for python in $(PYTHONS); do \
		if $$python -c '' 2>/dev/null; then \
			$(MAKE) test PYTHON=$$python VENV=.venv-$$(basename $$python) || exit; \
		else \
			echo "$$python is not installed"; \
		fi; \
	done

.PHONY: test-oldest
test-oldest: export OMP_NUM_THREADS = 1
test-oldest: export JAX_PLATFORMS = cpu
test-oldest: .venv-oldest/installed ## run what `make test` runs with the oldest releases that pyproject.toml allows
	.venv-oldest/bin/python -m pytest -n 2 --dist loadfile

.PHONY: test-faults
test-faults: export OMP_NUM_THREADS = 1
test-faults: $(VENV)/test ## break real runs in many ways, in about twenty minutes
	$(BIN)/python -m pytest -n 2 -m faults tests/workflow

.PHONY: test-recipes
test-recipes: export OMP_NUM_THREADS = 1
test-recipes: export JAX_PLATFORMS = cpu
test-recipes: $(VENV)/test ## follow the recipes of CONTRIBUTING.md and run every test after that, in about a quarter of an hour
	$(BIN)/python -m pytest -m recipes tests/workflow

.PHONY: test-browser
test-browser: export OMP_NUM_THREADS = 1
test-browser: export JAX_PLATFORMS = cpu
test-browser: $(VENV)/test ## open a report in a real browser, which is installed if there is none
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/browser/install_chromium.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile -m browser tests/browser

.PHONY: test-slurm
test-slurm: export OMP_NUM_THREADS = 1
test-slurm: $(VENV)/test $(VENV)/slurm ## run a sweep on three Slurm nodes, which it installs and starts as root
	@tests/install_slurm.sh
	$(BIN)/python -m pytest -m slurm tests/workflow

.PHONY: bench
bench: export JAX_PLATFORMS = cpu
bench: export PYTHONPATH = src
bench: .venv-bench/installed ## measure the engine beside PyTorch and JAX, in a quarter of an hour
	.venv-bench/bin/python -m benchmarks.run

.PHONY: lint
lint: $(VENV)/test ## check style, types and the workflow
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

.PHONY: format
format: $(VENV)/test ## bring all code into the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

.PHONY: rulegraph
rulegraph: $(VENV)/runtime ## write the graph of the rules into docs/architecture.md
	$(BIN)/python scripts/write_rule_graph.py

.PHONY: reference
reference: $(VENV)/runtime ## write the config's schema and its page from the model
	$(BIN)/python scripts/write_config_reference.py

.PHONY: requirements
requirements: ## pin the newest releases that pyproject.toml allows; needs uv
	echo setuptools | uv pip compile --quiet --upgrade - --output-file requirements-build.txt
	uv pip compile --quiet --upgrade pyproject.toml --output-file requirements.txt
	uv pip compile --quiet --upgrade pyproject.toml --extra test -c requirements.txt --output-file requirements-test.txt
	uv pip compile --quiet --upgrade pyproject.toml --extra bench -c requirements.txt --output-file requirements-bench.txt
	uv pip compile --quiet --upgrade pyproject.toml --extra slurm -c requirements.txt --output-file requirements-slurm.txt
	uv pip compile --quiet --upgrade pyproject.toml --extra test --resolution lowest-direct --output-file requirements-oldest.txt

# --- the environment; each of its files is the time at which a part was installed ---

# A .pth file makes src/ importable in an environment, so that a script runs by hand as it does in a job. An editable
# install would do no more, and would need a build of this project whenever an environment is made.
importable = echo ../../../../src > "$$($(1)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/depthsounder.pth"

# One dependency comes as source only; it is built with the release of setuptools that is pinned too.
$(VENV)/runtime: requirements-build.txt requirements.txt | $(VENV)/bin/pip
	@echo 'Installing what the workflow needs into $(VENV)'
	@$(PIP) -r requirements-build.txt
	@$(PIP) -r requirements.txt
	@$(call importable,$(BIN))
	@touch $@

$(VENV)/test: requirements-test.txt $(VENV)/runtime
	@echo 'Installing what the tests need into $(VENV)'
	@$(PIP) -r requirements-test.txt
	@touch $@

$(VENV)/slurm: requirements-slurm.txt $(VENV)/runtime
	@echo 'Installing what a run on a cluster needs into $(VENV)'
	@$(PIP) -r requirements-slurm.txt
	@touch $@

# PyTorch comes by plain pip, without a hash. It has one release and many builds, for CPUs and for each CUDA, and pip takes
# the one that this machine's settings lead it to, such as a find-links or an index of CPU builds. A hash would force one
# build on everyone, and uv, which writes the pins, does not find the builds that only pip is told of.
.venv-bench/installed: requirements-build.txt requirements-bench.txt | .venv-bench/bin/pip
	@echo 'Installing what the benchmarks need into .venv-bench'
	@.venv-bench/bin/python $(PINNED) -r requirements-build.txt
	@.venv-bench/bin/python $(PINNED) -r requirements-bench.txt
	@.venv-bench/bin/python $(INSTALL) torch==2.13.0
	@touch $@

.venv-oldest/installed: requirements-build.txt requirements-oldest.txt | .venv-oldest/bin/pip
	@echo 'Installing the oldest releases that are allowed into .venv-oldest'
	@.venv-oldest/bin/python $(PINNED) -r requirements-build.txt
	@.venv-oldest/bin/python $(PINNED) -r requirements-oldest.txt
	@$(call importable,.venv-oldest/bin)
	@touch $@

%/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Depthsounder needs Python 3.11 or newer. Name one that you have: make PYTHON=python3.12 report' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'This Python has no venv module. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(@:/bin/pip=)
