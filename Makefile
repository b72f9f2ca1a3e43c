# Two commands: `make repro` and `make test`. Both create the environment first if need be.
SHELL := /bin/sh
PROFILE ?= quick
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# one DVC pipeline for every profile: quick at the top, the others in profiles/<name>/, each with its own lock
PIPELINE = $(if $(filter quick,$(PROFILE)),dvc.yaml,profiles/$(PROFILE)/dvc.yaml)

.PHONY: help environment check repro test lint lock clean

help:
	@echo "make repro                  run the pipeline on the quick profile and print the verdicts"
	@echo "make repro PROFILE=laptop   the same for another profile of params.yaml"
	@echo "make repro FORCE=1          run every stage again, also those whose inputs did not change"
	@echo "make test                   run the tests"
	@echo "make check                  validate params.yaml"
	@echo "make lint                   check the style of the code"
	@echo "make lock                   write requirements.txt anew from pyproject.toml"
	@echo "make clean                  remove the environment and everything that git ignores"

environment:
	@./environment.sh

check: environment
	@python -m replication check

repro: environment
	@python -m replication check --profile "$(PROFILE)" >/dev/null
	@python -m dvc repro $(if $(FORCE),--force) "$(PIPELINE)"
	@python -m replication verdicts "$(PROFILE)"

test: environment
	@python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: environment
	@python -m ruff check .
	@python -m ruff format --check .

lock: environment
	@./lock.sh

clean:
	git clean -fdX
