# Every target sets itself up in .venv; PYTHON names the interpreter it is made from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Images of containers often set it; every process of the tests, a stack among them, would compile all sources again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help deploy destroy units package with-lambda-deploy with-lambda-package run test core check shapes other-python rows conformance soak sim bench demo format clean

$(READY): requirements.txt requirements-dev.txt $(wildcard infra/client/installing.py)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Homeport needs Python 3.11 or newer")'
	@echo "Setting up $(VENV), once: a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m infra.client.installing
	@touch $@

help:  ## these lines
	@sed -n 's/^\([a-z -]*\):[^#]*## */\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

run: $(READY)  ## the whole platform on this machine, with a console
	$(BIN)/python -m infra.local

# Of two processors: stacks of the tests mostly wait. Files come in the order of tests/conftest.py, the longest first.
WORKERS ?= 3
test: $(READY)  ## every test, in about eleven minutes on two cores
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not conformance and not soak"

CORE := tests/fleet tests/web tests/triggers tests/delivery tests/test_app.py
core: $(READY)  ## the core alone: seconds
	$(BIN)/python -m pytest -q -m "not soak" $(CORE)

check: $(READY)  ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_floors.py

shapes: $(READY)  ## record what documents of each kind look like now, beside what they looked like before
	$(BIN)/python -m tests.shapes

rows: $(READY)  ## what works, and by which tests, into the README
	$(BIN)/python -m tests.rows

OTHER ?= 3.13
# On the path, or where pyenv keeps those that it does not offer.
OTHER_PYTHON = $(firstword $(shell for each in python$(OTHER) "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$(OTHER)*/bin/python$(OTHER); \
	do "$$each" -c '' 2>/dev/null && echo "$$each"; done))
other-python:  ## check and the core under another Python, where there is one
ifeq ($(OTHER_PYTHON),)
	@echo "skipped: there is no Python $(OTHER) here"
else
	$(MAKE) check core PYTHON=$(OTHER_PYTHON) VENV=build/python$(OTHER)
endif

conformance: $(READY)  ## vendors' own clients against the local stack; -rs says what was skipped, and why
	$(BIN)/python -m pytest -q -rs -n 2 --dist loadfile -m conformance tests/conformance

FIGURES := build/soak.txt
soak: $(READY)  ## longer proofs; their figures into build/soak.txt
	@mkdir -p build && rm -f $(FIGURES)
	HOMEPORT_FIGURES=$(FIGURES) $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "soak and not alone"
	HOMEPORT_FIGURES=$(FIGURES) $(BIN)/python -m pytest -q -m "soak and alone"
	@cat $(FIGURES)

SEED ?= 1
COMMANDS ?= 100000
sim: $(READY)
	$(BIN)/python -m tests.sim --seed $(SEED) --commands $(COMMANDS)

DEVICES ?= 100
DIALECT ?= live_objects
demo: $(READY)  ## a simulated fleet, against the running stack or one of its own; DIALECT=lwm2m: devices that sleep
	$(BIN)/python -m infra.demo --devices $(DEVICES) $(if $(SECONDS),--seconds $(SECONDS)) --dialect $(DIALECT)

bench: $(READY)  ## what the platform does on this machine, as a table: ten minutes
	$(BIN)/python -m bench

units: $(READY)  ## what every operation uses of AWS and costs, into build/units.json
	$(BIN)/python -m bench.units

STAGE ?= dev
# Functions run on the Python that builds them: the one of .venv, or another with an environment of its own.
LAMBDA_PYTHON ?= $(firstword $(shell for each in $(BIN)/python $(PYTHON) python3.14 python3.13 \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[34]*/bin/python3; \
	do "$$each" -c 'import sys; sys.exit(not (3, 13) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && echo "$$each"; done))
ifeq ($(LAMBDA_PYTHON),$(BIN)/python)
FOR_LAMBDA :=
else
FOR_LAMBDA = PYTHON=$(LAMBDA_PYTHON) VENV=build/lambda
endif
package deploy:  ## build/homeport.json, one CloudFormation template of everything; the stage into your AWS account
ifeq ($(LAMBDA_PYTHON),)
	@echo "make $@ needs Python 3.13 or 3.14, as functions run on the Python that builds them: install one, or name it: make $@ LAMBDA_PYTHON=/path/to/python" >&2; exit 1
else
	@$(MAKE) --no-print-directory with-lambda-$@ $(FOR_LAMBDA)
endif

with-lambda-package: $(READY)
	$(BIN)/python -m infra package --stage $(STAGE)

with-lambda-deploy: $(READY)  # ARGS go to `python -m infra deploy`
	$(BIN)/python -m infra deploy --stage $(STAGE) $(ARGS)

destroy: $(READY)  ## what runs of the stage; the data stays
	$(BIN)/python -m infra destroy --stage $(STAGE) $(ARGS)

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
