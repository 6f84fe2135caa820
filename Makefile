# Everything a developer runs. `make` lists the targets.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-clock setup-kube check test test-kube soak-kube causes-kube drill drill-unplanned chaos-matrix chaos-kube fuzz sweep generated-runs format-check lint types imports unit spec contract lab lab-long soak interpreters format lab-up lab-down chart runbooks docs lock clean

REPORT ?= reports/drill
TIER ?= lab
TRIES ?= once
# A lab waits most of the time: two beside each other keep two cores busy. ARGS='-n 0' runs one after the other.
TWO_LABS := -n 2 --dist loadfile
# In the order that its conftest.py gives: by the number of tests, a lab that several files share would start for most of
# them anew, and files of one test that takes minutes would come last.
lab: IN_ORDER := --no-loadscope-reorder -m 'not long'
BIN := .venv/bin
# Every test and lab starts processes by the hundred, and without kept bytecode each compiles all that it loads anew.
unexport PYTHONDONTWRITEBYTECODE
stage = @printf '\n== $@: %s\n' '$(1)'

help: ## list the targets
	@sed -n 's/^\([a-z][a-z -]*\):.*## /make \1	/p' Makefile | expand -t 32

setup: ## make the environment and fetch Kafka; quick when there is nothing to do
	@tools/setup.sh

check: setup format-check lint types imports unit spec ## the checks and tests that need no Kafka

test: check contract lab ## every check and every test, real Kafka included

drill: setup ## move live consumer groups between two real sites and back; REPORT=dir says where the report goes
	$(BIN)/drctl drill --report '$(REPORT)'

drill-unplanned: REPORT = reports/drill-unplanned
drill-unplanned: setup ## kill a whole site under load, go on at the other, save what was stranded, go home; REPORT=dir as above
	$(BIN)/drctl drill --unplanned --report '$(REPORT)'

chaos-matrix: setup setup-clock ## run every experiment and sum up the verdicts; ARGS='--rounds 3 --seed 1' for several in other orders
	$(BIN)/drctl chaos campaign --report reports/chaos-matrix $(ARGS) experiments/*.yaml

chaos-kube: setup-kube ## run the experiments on pods, volumes and node, each on a Kubernetes lab of its own; about ten minutes each
	@for each in experiments/broker-pod-*.yaml experiments/broker-volume-*.yaml experiments/broker-node-*.yaml; do \
		$(BIN)/drctl chaos run $$each --report reports/chaos-kube/$$(basename $$each .yaml) $(ARGS) || failed=yes; \
	done; test -z "$$failed"

format-check: setup ## ruff's format
	$(call stage,ruff format)
	@$(BIN)/ruff format --check

lint: setup ## ruff's rules
	$(call stage,ruff check)
	@$(BIN)/ruff check

types: setup ## mypy, strict
	$(call stage,mypy)
	@$(BIN)/mypy

imports: setup ## the arrows between the packages
	$(call stage,import-linter)
	@$(BIN)/lint-imports --no-cache --no-logo

unit spec: setup ## one tier of tests; ARGS='-k fence' goes to pytest
	$(call stage,tests/$@)
	@$(BIN)/python tools/tier.py once $@ -n auto $(ARGS)

contract lab: setup ## the same for the tiers with real Kafka; TRIES=twice runs what failed once more and lists it
	$(call stage,tests/$@)
	@$(BIN)/python tools/tier.py $(TRIES) $@ $(TWO_LABS) $(IN_ORDER) $(ARGS)

lab-long: setup ## the lab tests that take minutes each, which make test leaves out
	$(call stage,tests/lab that take long)
	@$(BIN)/python tools/tier.py once lab -m long -o faulthandler_timeout=3600 $(ARGS)

soak: setup ## a tier over and over to find what fails by chance; TIER=lab ARGS='--times 5 --pressure --minutes 120'
	$(BIN)/python tools/tier.py soak $(TIER) $(ARGS)

interpreters: setup ## unit, spec and contract on the fakes, on every supported Python that is here
	tools/interpreters.sh $(ARGS)

fuzz: setup ## mangle documents for a minute; what make check does for some seconds; ARGS='--reader plan --seed 2'
	@$(BIN)/python tools/fuzz.py --seconds 60 $(ARGS)

mutate: setup ## flip conditions and constants of translation, comparison, the frontier and the checker one by one, those that changed; ARGS='placement --minutes 30'
	@$(BIN)/python tools/mutate.py $(ARGS)

sweep: setup ## damage a state file at every byte and every length, not only at some; takes minutes
	@DRCTL_SWEEP=all $(BIN)/python -m pytest -q -o faulthandler_timeout=0 tests/unit/drivers/test_damaged_state.py

generated-runs: setup ## break ten thousand generated runs in every way, and hold what the checker names against it; twenty minutes of a core
	@DRCTL_SWEEP=all $(BIN)/python -m pytest -q -n auto -o faulthandler_timeout=0 tests/unit/ledger/test_generated_runs.py

setup-clock: setup ## put libfaketime into the cache, which the experiments with a wrong clock need
	@tools/setup-clock.sh

setup-kube: setup ## build Kubernetes and its storage parts into the cache; 10 to 30 minutes the first time
	@tools/setup-kube.sh

test-kube: setup-kube ## the tests on a real Kubernetes (root on Debian); ARGS go to pytest
	$(call stage,tests/kube)
	@$(BIN)/python tools/tier.py once kube -m 'not long' $(ARGS)

causes-kube: setup-kube ## do every fault of the Kubernetes lab, and print what drctl calls it; takes half an hour; ARGS='--lab DIR kill-pod'
	@$(BIN)/python -m tests.kube.naming $(ARGS)

soak-kube: setup-kube ## kill broker pods under load, 30 times at random moments; ARGS='--times 5 --seed 2'
	$(BIN)/python -m drctl.drills.pod_kills $(ARGS)

format: setup ## rewrite the sources in the house format
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

lab-up: setup ## start two Kafka sites and MirrorMaker 2 on this machine
	$(BIN)/drctl lab up

lab-down: setup ## stop them and remove what they kept
	$(BIN)/drctl lab down

chart: setup ## write deploy/chart from deploy/base
	$(BIN)/python tools/chart.py

runbooks: setup ## write runbooks/ from the plans
	$(BIN)/python -m drctl.plans.render

docs: setup ## write what is made from the code: docs/plan-file.md, the table of rules, the life of a switchover, definitions
	$(BIN)/python tools/plan_reference.py
	$(BIN)/python tools/life.py
	$(BIN)/python tools/rules_table.py
	$(BIN)/python tools/definitions.py

lock: setup ## renew requirements/*.txt from pyproject.toml; ARGS=--upgrade takes newer versions
	@tools/lock.sh $(ARGS)

clean: ## remove what was made in the checkout; the caches outside stay
	rm -rf .venv reports dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
