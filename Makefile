# The project's commands. Each sets up what is missing first (tools/bootstrap)
# and runs in the project's environment (tools/env).

STACK   = local
# Tests of the engine wait a part of their time: more workers than cores.
WORKERS = 4
TIERS   = tests/unit tests/provider tests/emulator tests/contract tests/engine
IN      = . tools/env &&

.PHONY: help setup new up test slow check docs languages plugin bench fleet growth scale chaos campaign clients down lock

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

setup: ## set up the virtual environment and the Pulumi engine
	@tools/bootstrap

up: setup ## run the main job: pulumi up of the stack local, against the emulator; show its results
	@$(IN) pulumi stack select --create $(STACK)
	@$(IN) pulumi up --yes --stack $(STACK)
	@$(IN) pulumi stack output --json --stack $(STACK) | python tools/results.py

down: setup ## pulumi destroy of the stack local
	@$(IN) pulumi stack select --create $(STACK)
	@$(IN) pulumi destroy --yes --stack $(STACK)

new: ## make a project of your own of stacks/: make new DIR=../lab-runs STACK=lab LIKE=production
	@tools/new "$(DIR)" $(if $(filter command,$(origin STACK)),--stack "$(STACK)") $(if $(LIKE),--like "$(LIKE)")

test: setup ## pass every test, those through the real engine too; log in build/test.log
	@$(IN) pytest -n $(WORKERS) --dist worksteal -p tests.journal --junitxml build/test.xml $(TIERS)

slow: setup ## list the thirty slowest tests of the last make test
	@$(IN) python tools/slow

check: setup ## the gate: format, lint, types, layers, docs examples, prose, pipelines, docs site
	$(IN) ruff format --check .
	$(IN) ruff check .
	$(IN) mypy
	$(IN) mypy tools/setup
	$(IN) MYPYPATH=tools/setup mypy tools/languages
	$(IN) MYPYPATH=tools/prose mypy tools/prose
	$(IN) lint-imports
	$(IN) pytest -n $(WORKERS) tests/contract
	$(IN) python tools/prose
	$(IN) tools/pipelines
	$(IN) tools/docs

docs: setup ## build the docs site in build/docs/html, warnings as errors
	@$(IN) tools/docs

plugin: setup ## make dist/pulumi-resource-omics-v….tar.gz for `pulumi plugin install`
	@$(IN) tools/plugin/make

scale: setup ## the long tests: 1,000 runs a stack, 100,000 samples, every example of the docs
	@$(IN) pytest -m slow tests/engine

campaign: setup ## 8 processes against one emulator file, callers and servers killed
	@$(IN) python -m tests.emulator.campaign

clients: setup ## try other people's clients against the emulator: AWS CLI, MCP server, JavaScript SDK and more
	@$(IN) tools/clients/install
	@$(IN) pytest -n $(WORKERS) --dist worksteal tests/clients

languages: setup ## generate and check the SDKs of TypeScript, Python and Go, run programs with them: build/sdk
	@$(IN) python tools/languages

bench: setup ## run the benchmarks: a table here, figures in bench/results.json
	@$(IN) python bench/run.py

fleet: setup ## fifty processes start runs at once and share an account's quota: 10 minutes
	@$(IN) python bench/fleet.py

growth: setup ## processor time of our own code for 10 to 5,000 runs, with the exponent
	@$(IN) python bench/growth.py

chaos: setup ## kill updates of real stacks and judge what is left: docs/chaos.md
	@$(IN) python bench/chaos.py --keep $(CHAOS)

# Keeps the versions that still fit; `make lock LOCK=--upgrade` takes the newest.
COMPILE = env -u UV_FIND_LINKS uv pip compile --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet $(LOCK)

lock: setup ## renew requirements.lock and the locks of the groups docs, clients and go from pyproject.toml
	@$(IN) $(COMPILE) pyproject.toml --output-file requirements.lock --all-extras --group dev
	@$(IN) $(COMPILE) --output-file docs/requirements.lock --group docs
	@$(IN) $(COMPILE) --output-file tools/clients/requirements.lock --group clients
	@$(IN) $(COMPILE) --output-file tools/actionlint/go.lock --group go
