# Nothing but make and Python 3.11+ is needed; everything else comes into .venv.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' 2>/dev/null && { echo $$p; break; }; done)
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check bench clean lock setup setup-run

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup-run ## run the whole pipeline on a real Kafka and ClickHouse, and show the result
	@$(BIN)/earwitness demo

test: setup ## run the tests, on a real Kafka and ClickHouse
	@$(BIN)/python deploy/verdict.py tests $(BIN)/python -m pytest

test-long: setup ## run those tests too that break and restart servers for many minutes
	@$(BIN)/python deploy/verdict.py tests $(BIN)/python -m pytest --long

check: setup ## lint, format, types, schemas, links of the documentation
	@$(BIN)/python deploy/verdict.py check $(BIN)/ruff check . \
		-- $(BIN)/ruff format --check . \
		-- $(BIN)/mypy \
		-- $(BIN)/python -m earwitness.schemas.generate --check \
		-- $(BIN)/python -m earwitness.cli.reference --check \
		-- $(BIN)/python deploy/check_docs.py

bench: setup ## run the benchmarks, some minutes; NAME=transport runs one
	@$(BIN)/python tests/bench/run.py $(NAME)

clean: ## remove what was built and the demo's data; the virtual environment too
	@[ ! -x $(BIN)/earwitness ] || $(BIN)/earwitness down >/dev/null 2>&1 || true
	@rm -rf .venv .venv-peers .venv-presidio .earwitness .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean"

lock: setup ## pin the requirements anew (needs uv on the PATH)
	@$(BIN)/python deploy/lock.py

setup-run:
	@$(call bootstrap,run)

setup:
	@$(call bootstrap,dev)

define bootstrap
if [ -z "$(PYTHON)" ]; then echo "earwitness: no Python 3.11, 3.12 or 3.13 was found; install one, or give it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
$(PYTHON) deploy/bootstrap.py $(1)
endef
