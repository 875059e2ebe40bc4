# Needs Python 3.11 or newer (with venv and pip), make and git. Everything else is fetched into .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS ?=
STORE ?= sqlite
# Only for the tests: the server would report a setting that it does not know.
test coverage attack: export KEYSTEAD_TEST_STORE = $(STORE)
# They start hundreds of processes, each of which would compile a thousand files where Python may not keep
# what it compiles: two of its three seconds. It is kept apart, and no checkout has it in its folders.
test coverage attack: export PYTHONDONTWRITEBYTECODE =
test coverage attack: export PYTHONPYCACHEPREFIX = $(CURDIR)/.venv/bytecode
# They flush thousands of small databases to the disk: kept in memory, where there are two gigabytes for it.
IN_MEMORY = $(shell grep ' /dev/shm tmpfs ' /proc/mounts 2>/dev/null | grep -qv noexec && \
	[ "$$(df -Pk /dev/shm | awk 'NR == 2 { print $$4 }')" -gt 2000000 ] && echo /dev/shm)
test coverage attack: export PYTEST_DEBUG_TEMPROOT = $(IN_MEMORY)

# Nothing but the .venv of this checkout, and never a Python that uv downloads.
unexport VIRTUAL_ENV
export UV_PROJECT_ENVIRONMENT = $(CURDIR)/.venv
export UV_PYTHON = $(CURDIR)/.venv/bin/python
export UV_PYTHON_DOWNLOADS = never
export UV_LINK_MODE = copy
# A slow mirror is no reason to fail: seconds for one answer, and how often to ask again.
export UV_HTTP_TIMEOUT = 180
export UV_HTTP_RETRIES = 8
PIP = .venv/bin/python -m pip --disable-pip-version-check --timeout 60 --retries 8

BIN = .venv/bin
UV = $$(command -v uv || echo $(BIN)/uv)
PYTHONS = python3 python3.14 python3.13 python3.12 python3.11
IS_NEW = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null

# One test process for each processor, and one more where they wait for a server; at least two, at most four.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); \
	[ $(STORE) = sqlite ] || n=$$((n + 1)); [ $$n -ge 2 ] || n=2; [ $$n -le 4 ] || n=4; echo $$n)

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  ARGS=... is passed on, as in: make test ARGS='tests/flows -k refresh'"
	@echo "  STORE=... chooses the database of the tests: sqlite, postgres or mongo"

# The stamp holds the folder it was made in: programs in .venv name it, so a moved checkout installs anew.
STAMP = .venv/.installed
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

.PHONY: install
install: $(STAMP) ## make .venv with everything in it, and .venv/bin/keystead
	@echo "Installed: $(BIN)/keystead"

$(STAMP): pyproject.toml uv.lock
	@if [ -f $@ ] && [ "$$(cat $@)" != "$(CURDIR)" ] || ! $(BIN)/python $(IS_NEW); then \
		for python in $(PYTHONS); do $$python $(IS_NEW) && break; python=; done; \
		[ -n "$$python" ] || { echo "Keystead needs Python 3.11 or newer, and found none" >&2; exit 1; }; \
		$$python -m venv --clear .venv || exit 1; \
	fi
	@command -v $(UV) >/dev/null || { \
		$(PIP) --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null || exit 1; \
		$(PIP) install --quiet 'uv>=0.8,<1'; \
	}
	@$(UV) sync --frozen --all-extras --quiet
	@[ -x $(BIN)/keystead ] || { echo "$(BIN)/keystead was not made" >&2; exit 1; }
	@echo "$(CURDIR)" > $@

# Database servers for the tests: not part of the product, and too large for those who need none.
SERVERS = .venv/.databases
$(SERVERS): $(STAMP) pyproject.toml uv.lock
	@$(UV) sync --frozen --all-extras --group databases --quiet
	@touch $@

.PHONY: serve
serve: $(STAMP) ## start the server; the environment and .env configure it
	@exec $(BIN)/keystead serve $(ARGS)

.PHONY: test
test: $(STAMP) $(if $(filter-out sqlite,$(STORE)),$(SERVERS)) ## run every test, in random order
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

.PHONY: attack
attack: $(STAMP) $(if $(filter-out sqlite,$(STORE)),$(SERVERS)) ## try every attack, and print which requirements hold
	$(BIN)/python -m pytest -n $(WORKERS) --attack $(ARGS)

.PHONY: coverage
coverage: $(STAMP) $(if $(filter-out sqlite,$(STORE)),$(SERVERS)) ## run every test and show the lines that none of them reached
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report= $(ARGS)
	$(BIN)/coverage report

# Programs that read the source. Their libraries would hold ours back, so they have a lock of their own.
CHECKS = .venv/checks
$(CHECKS)/.installed: checks/pyproject.toml checks/uv.lock $(STAMP)
	@UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(CHECKS) $(UV) sync --project checks --frozen --quiet
	@touch $@

# It finds its parts by PATH, asks nobody for anything, and leaves its settings where they are removed.
SEMGREP = PATH="$(CURDIR)/$(CHECKS)/bin:$$PATH" SEMGREP_SETTINGS_FILE=$(CURDIR)/$(CHECKS)/semgrep.yml \
	SEMGREP_LOG_FILE=$(CURDIR)/$(CHECKS)/semgrep.log \
	semgrep scan --metrics off --disable-version-check --quiet --config checks/rules.yaml

.PHONY: check
check: $(STAMP) $(CHECKS)/.installed ## run every check that is not a test; what CI runs
	@$(UV) lock --check --offline -qq || { \
		echo "uv.lock does not fit pyproject.toml: run 'uv lock' and commit both" >&2; exit 1; \
	}
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(CHECKS)/bin/bandit --quiet --recursive --configfile checks/pyproject.toml src
	$(SEMGREP) --test checks/rules.py
	$(SEMGREP) --error src
	$(CHECKS)/bin/hadolint deploy/Dockerfile
	$(CHECKS)/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(CHECKS)/bin/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml
	@$(MAKE) --no-print-directory docs

# What makes the site of docs/: a program with many libraries of its own, so with an environment of its own.
MANUAL = .venv/manual
$(MANUAL)/.installed: manual/pyproject.toml manual/uv.lock $(STAMP)
	@UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(MANUAL) $(UV) sync --project manual --frozen --quiet
	@touch $@

.PHONY: docs
docs: $(STAMP) $(MANUAL)/.installed ## make the site of the documents in site/; a link that leads nowhere fails
	@rm -rf site
	@$(BIN)/python -m manual.stage build/manual
	@cd build/manual && $(CURDIR)/$(MANUAL)/bin/zensical build --clean --strict
	@mv build/manual/site site
	@$(BIN)/python -m manual.look site

.PHONY: docs-serve
docs-serve: docs ## make that site and show it at http://localhost:8000 (ARGS=8001: there)
	@exec $(BIN)/python -m http.server --bind 127.0.0.1 --directory site $(ARGS)

.PHONY: reference
reference: $(STAMP) ## write the tables anew that documents have from the program
	@$(BIN)/python -m manual.reference

.PHONY: format
format: $(STAMP) ## put the code into its one layout, and repair what can be repaired
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: schema
schema: $(STAMP) ## write the schema of a new SQLite file anew, after adding a migration
	$(BIN)/python -m tests.store.schema_text

.PHONY: bench
bench: $(STAMP) $(if $(findstring postgres,$(ARGS)),$(SERVERS)) ## measure it, as bench/ describes
	$(BIN)/python -m bench $(ARGS)

.PHONY: flames
flames: $(STAMP) ## show in which functions the time of a request goes, as bench/ describes
	@$(UV) sync --frozen --all-extras --inexact --group bench --quiet
	$(BIN)/python -m bench.flames $(ARGS)

# What the benchmark compares Keystead with: environments of their own, of which uv.lock knows nothing.
PEERS = bench/peers
.PHONY: bench-peers
bench-peers: $(STAMP) ## install what the benchmark compares with, in environments of their own
	@peers="$(PEERS)/.env/fastapi_users/.installed $(PEERS)/.env/django_allauth/.installed"; \
	if command -v node >/dev/null && command -v npm >/dev/null; then \
		peers="$$peers $(PEERS)/better_auth/node_modules/.installed"; \
	else \
		echo "make bench-peers: Better Auth left out, because node and npm are not installed"; \
	fi; \
	$(MAKE) --no-print-directory --jobs 3 $$peers

$(PEERS)/.env/%/.installed: $(PEERS)/%/requirements.txt
	@$(UV) venv --quiet --clear --python $(BIN)/python $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --requirement $<
	@touch $@

$(PEERS)/better_auth/node_modules/.installed: $(PEERS)/better_auth/package.json $(PEERS)/better_auth/package-lock.json
	@npm ci --prefix $(PEERS)/better_auth --loglevel error --fetch-retries 8
	@touch $@

.PHONY: stories
stories: $(STAMP) ## serve every page in every state, with made-up data and without a database
	@$(BIN)/python -m stories $(ARGS)

.PHONY: screenshots
screenshots: $(STAMP) ## take the pictures of the pages for the documents anew (needs a Chromium)
	$(BIN)/python -m stories.screenshots $(ARGS)

# Without Node.js there is nothing to run the collection with: a failure in CI, a remark elsewhere.
.PHONY: postman
postman: $(STAMP) ## run the Postman collection against a server of its own (needs Node.js)
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory postman/node_modules/.installed && exec postman/run $(ARGS); \
	elif [ "$$CI" = true ]; then \
		echo "make postman: node and npm are needed" >&2; exit 1; \
	else \
		echo "make postman: skipped, because node and npm are not installed"; \
	fi

postman/node_modules/.installed: postman/package.json postman/package-lock.json
	@npm ci --prefix postman --loglevel error --fetch-retries 8
	@touch $@

.PHONY: clean
clean: ## remove everything that was made here
	rm -rf .venv .coverage .coverage.* htmlcov dist build site postman/node_modules
	rm -rf $(PEERS)/.env $(PEERS)/better_auth/node_modules
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bench manual src stories tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
