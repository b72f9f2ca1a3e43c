# Two commands: `make repro` and `make test`. Both create the environment first if need be.
SHELL := /bin/sh
PROFILE ?= quick
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# packages come from the environment alone, whatever else a shell was set up for
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE := 1
# one DVC pipeline for every profile: quick at the top, the others in profiles/<name>/, each with its own lock
PIPELINE = $(if $(filter quick,$(PROFILE)),dvc.yaml,profiles/$(PROFILE)/dvc.yaml)
TESTS = python -m pytest -n auto --maxprocesses 4 --dist loadfile

.PHONY: help environment check repro verify docs profiles test test-all lint lock clean always

help:
	@echo "make repro                  run the pipeline on the quick profile and print the verdicts"
	@echo "make repro PROFILE=laptop   the same for another profile of params.yaml"
	@echo "make repro FORCE=1          run every stage again, also those whose inputs did not change"
	@echo "make verify                 compare the results of a profile with its reference numbers"
	@echo "make docs                   build the documentation's site in site/"
	@echo "make test                   run the tests that take seconds"
	@echo "make test-all               run all tests: those, then the ones that take minutes"
	@echo "make check                  validate params.yaml and the pipelines of the profiles"
	@echo "make profiles               write the pipelines of the profiles anew from dvc.yaml"
	@echo "make lint                   check the style and the types of the code"
	@echo "make lock                   write requirements.txt anew from pyproject.toml"
	@echo "make clean                  remove the environment and everything that git ignores"

environment:
	@./environment.sh

check: environment
	@python -m replication check

repro: environment
	@python -m replication check --profile "$(PROFILE)" >/dev/null
	@[ -e .git ] || grep -qs no_scm .dvc/config.local || python -m dvc config --quiet --local core.no_scm true
	@$(MAKE) --silent --no-print-directory "$(PIPELINE)"
	@exec 9<"$(PIPELINE)"; ! command -v flock >/dev/null || flock --nonblock 9 || { \
	    echo "error: another run of profile $(PROFILE) is at work in this folder: wait for it, or stop it" >&2; exit 1; }; \
	python -m dvc repro $(if $(FORCE),--force) "$(PIPELINE)"
	@python -m replication verdicts "$(PROFILE)"

verify: environment
	@python -m replication verify "$(PROFILE)"

# the site has an environment of its own, which nothing else needs
docs: website/.venv/complete
	@NO_MKDOCS_2_WARNING=1 website/.venv/bin/python -m mkdocs build --strict
	@python website/offline.py site

website/.venv/complete: website/requirements.txt | environment
	@rm -rf website/.venv
	@python -m venv --without-pip website/.venv
	@python -m uv pip install --quiet --python website/.venv/bin/python --system-certs --require-hashes --requirement $<
	@cp $< $@

profiles: $(wildcard profiles/*/dvc.yaml)

# the pipeline of a profile is that of quick with another name in it, its own tasks, and the way up to the project's top;
# compared by content and moved into place whole, for clocks can be set back and disks be full
profiles/%/dvc.yaml: dvc.yaml params.yaml always
	@mkdir -p $(@D)
	@tasks=$$(python -c 'from pathlib import Path; from replication.settings.reading import read_settings; \
	  print(", ".join(read_settings(Path("params.yaml")).profiles["$*"].tasks))') && \
	sed "s|profile: quick|profile: $*|; s|root: \.   |root: ../..|; s|tasks: \[.*|tasks: [$$tasks]|" dvc.yaml >$@.new \
	  || { rm -f $@.new; exit 1; }
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

dvc.yaml params.yaml always: ;

test: environment
	@$(TESTS) -m "not slow"

# after the fast tests: `make test test-all` runs each test once
test-all: test
	@$(TESTS) -m slow

lint: environment
	@python -m ruff check .
	@python -m ruff format --check .
	@python -m mypy replication

lock: environment
	@./lock.sh

clean:
	git clean -fdX
