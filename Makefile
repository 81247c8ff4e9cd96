# The commands of this repository. Each sets up all it needs first; nothing but Python 3.11+, make and a network is asked.
#
#   make run                            the whole system on this machine, one programme year played through it
#   make run ONCE=1                     the same, then stop; the exit code says whether the check held
#   make run ARGS="--year 2026 --seed 7"
#   make test  [ARGS="-k split"]        every test of what runs, on real PostgreSQL and real Kafka
#   make drill [SIZE=ci] [ARGS=...]     faults on real servers, with figures; whole, it writes the report of the day
#   make bench [ARGS="--only P1,P3"]    how close the services come to the limits, as ratios of one run
#   make compose-check                  docker-compose.yml brought up by a real Docker Engine and tried (docs/compose.md)
#   make deploy-check                   infra/k8s rendered and held against schemas, checkov and our rules; no cluster
#   make check                          style, types, import contracts, repository rules (tests/repo)
#   make lock                           resolve dependencies again, Python's and Kafka's
#   make clean-data                     forget the local installation's data

PYTHON ?= python3
VENV ?= .venv
DATA ?= .run
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROJECTS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml infra/local/pyproject.toml)

SIZE ?= full

.DEFAULT_GOAL := help
.PHONY: help run test drill bench compose-check deploy-check check lock clean-data setup

help:
	@sed -n '3,13s/^# *//p' Makefile

setup: $(READY)

$(READY): requirements.lock pyproject.toml $(PROJECTS) infra/local/setup.sh
	@bash infra/local/setup.sh "$(PYTHON)" "$(VENV)"

run: $(READY)
	@exec $(BIN)/smartfactory run --data-dir $(DATA) $(if $(ONCE),--once) $(ARGS)

test: $(READY)
	@exec $(BIN)/pytest $(or $(ARGS),--numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder)

drill: $(READY)
	@exec env DRILL_SIZE=$(SIZE) $(if $(SIZE:full=)$(ARGS),,DRILL_REPORTS=docs/drills) $(BIN)/pytest tests/drill $(ARGS)
bench: $(READY)
	@exec $(BIN)/python -m tools.bench $(ARGS)

compose-check: $(READY)
	@exec $(BIN)/python -m tools.compose_check $(ARGS)

check: $(READY)
	@VENV="$(VENV)" exec bash tools/check.sh

deploy-check: $(READY)
	@exec $(BIN)/python -m tools.deploy

lock: $(READY)
	@$$(cat $(VENV)/.uv) lock --quiet
	@$$(cat $(VENV)/.uv) export --quiet --format requirements-txt --all-packages --all-groups \
		--no-emit-workspace --no-header -o requirements.lock >/dev/null
	@cd infra/local/src/smartfactory/stack/kafka_jars && $(abspath $(BIN))/jgo lock

clean-data: $(READY)
	@exec $(BIN)/smartfactory clean-data --data-dir $(DATA)
