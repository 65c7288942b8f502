# Keeper's commands. Everything they write lies under .keeper/ and .venv*/, which git ignores.

# KEEPER_PYTHON=python3.12 works in an environment of its own, beside .venv.
VENV := $(if $(KEEPER_PYTHON),$(shell stack/bootstrap.sh venv),.venv)
PYTHON := $(VENV)/bin/python
STACK := $(PYTHON) -m stack

# Where it is set every start of Airflow compiles its modules anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv demo up status logs health top app-logs kafka-logs monitoring-logs dev-tools urls sql pictures schemas schema analytics dags openapi metrics-page architecture web web-dev web-fmt kibana dashboards stop down clean restore-drill test test-all test-faults test-celery test-compose mutants check audit sbom pin-images hashes lock lint fmt types layers bench bench-peers

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-15s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## Make or update the virtual environment
	@stack/bootstrap.sh

demo: venv ## From nothing to a price alert in the mail, with proof; works again and again
	@$(STACK) demo

restore-drill: venv ## Back a demo up, wipe it, restore it in a second home, and print what was lost and how long it took
	@$(STACK) restore-drill

up: venv ## Start the local stack: services, Airflow, side workers; OBSERVE=1 with Prometheus and Alertmanager
	@$(if $(OBSERVE),KEEPER_STACK_OBSERVE=$(OBSERVE)) $(STACK) up

status: venv ## Show each part's state, health and memory
	@$(STACK) status

logs: venv ## Show the logs; S="kafka deliver" chooses, F=1 follows
	@$(STACK) logs $(if $(F),--follow) $(S)

health: venv ## Which services answer, which workers live, and what they wait for
	@env=$$($(STACK) env) && eval "$$env" && $(VENV)/bin/keeper health

top: venv ## Watch workers, runs, lag, tokens and messages until Ctrl-C
	@env=$$($(STACK) env) && eval "$$env" && $(VENV)/bin/keeper top

app-logs: venv ## Show the logs of the console and the workers
	@$(STACK) logs $(if $(F),--follow) console workers

kafka-logs: venv ## Show Kafka's log; F=1 follows, as of the others
	@$(STACK) logs $(if $(F),--follow) kafka

monitoring-logs: venv ## Show the logs of Prometheus and Alertmanager, after make up OBSERVE=1
	@$(STACK) logs $(if $(F),--follow) prometheus alertmanager

dev-tools: venv ## Print where each tool is: pages, Airflow, caught mail, Prometheus, psql
	@$(STACK) urls

urls: venv ## Print where to look: addresses, user and password, example SQL
	@$(STACK) urls

sql: venv ## Open psql, or run one query: make sql Q="SELECT …"
	@$(STACK) sql $(if $(Q),"$(Q)")

pictures: venv ## Take docs/pictures/ of the running stack, after a demo
	@$(STACK) pictures

schemas: venv ## Write the events' JSON Schemas to docs/schemas/
	@$(PYTHON) -m keeper.streams.schemas docs/schemas

schema: venv ## Write sql/schema.sql, the schema that all migrations yield
	@$(PYTHON) -m stack.schema sql/schema.sql

analytics: venv ## Write docs/ANALYTICS.md from sql/analytics/
	@$(PYTHON) -m keeper.stores.postgres.analytics.page docs/ANALYTICS.md

dags: venv ## Write docs/DAGS.md from the DAGs and their docstrings
	@AIRFLOW_HOME=$(CURDIR)/.keeper/dags-page AIRFLOW__CORE__LOAD_EXAMPLES=False \
	AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING \
	$(PYTHON) -m keeper.orchestration.airflow.dags_page dags docs/DAGS.md

openapi: venv ## Write docs/openapi.json, the description of the API
	@$(PYTHON) -m keeper.console.openapi docs/openapi.json

metrics-page: venv ## Write docs/METRICS.md from the definitions of the metrics
	@$(PYTHON) -m keeper.pipeline.metrics.page docs/METRICS.md

architecture: venv ## Write docs/pictures/architecture.svg from the import contracts and the folders
	@$(PYTHON) -m stack.layers_picture docs/pictures/architecture.svg

web: venv ## Build the pages of the browser, web/dist
	@$(STACK) pages build

web-dev: venv ## Vite's server on :5173 for who changes the pages, before a console that runs
	@$(STACK) pages dev

web-fmt: venv ## Biome: fix and format the pages' sources
	@$(STACK) pages run fmt

kibana: venv ## Write docker/kibana/keeper.ndjson, Kibana's dashboards, from stack/kibana/
	@$(PYTHON) -m stack.kibana docker/kibana/keeper.ndjson

dashboards: venv ## Write docker/grafana/dashboards/, Grafana's dashboards, from stack/grafana/
	@$(PYTHON) -m stack.grafana docker/grafana/dashboards

stop: venv ## End some programs: make stop S="consume-prices"; make up starts them again
	@$(STACK) stop $(S)

down: ## End everything; data stays
	@if [ -x $(PYTHON) ]; then $(STACK) down; else echo "Nothing runs."; fi

clean: ## End everything and remove .keeper/ with all data
	@if [ -x $(PYTHON) ]; then $(STACK) clean; else rm -rf .keeper; fi

test: venv ## Run the tests in three lanes at once; make test SUITES="unit dags" runs some
	@$(PYTHON) -m tests.suites $(SUITES)

test-all: venv ## The tests with the long journeys, before a release; make test-all SUITES="e2e" runs some
	@$(PYTHON) -m tests.suites --nightly $(SUITES)

test-faults: venv ## Fifty random kills in half a million messages, PostgreSQL away under a run; some minutes
	@export KEEPER_TEST_STACK_KEEP=1; trap '$(PYTHON) -m tests.services down' EXIT; \
	$(PYTHON) -m pytest tests/faults tests/endurance

test-celery: venv ## The DAGs on CeleryExecutor: a real Redis and two workers; some minutes
	$(PYTHON) -m pytest tests/executors

test-compose: venv ## The compose files, a laptop's and a server's, on a real engine, started if none runs; as root
	$(PYTHON) -m pytest tests/compose

mutants: venv ## Do the tests notice deliberate faults? ONLY="loader links" tries some
	@$(PYTHON) -m tests.mutants $(ONLY) $(if $(TABLE),--table $(TABLE))

check: lock lint types layers ## Everything that needs no service: lock, lint, types, layers

audit: venv ## Known holes in packages; exit 2 where no advisories can be had, stack/supply/exceptions.toml
	@$(PYTHON) -m stack.supply audit

sbom: venv ## List what the image is made of in CycloneDX, .keeper/sbom/
	@$(PYTHON) -m stack.supply sbom

pin-images: venv ## Write docker-compose.pins.yaml, a server's images by digest, where registries answer
	@$(PYTHON) -m stack.supply pin-images

hashes: venv ## Write stack/artifacts.sha512 after a change of Kafka's or Elasticsearch's version
	@$(PYTHON) -m stack.artifact_hashes stack/artifacts.sha512

lock: venv ## Is uv.lock up to date?
	@stack/bootstrap.sh uv lock --check

lint: venv ## Ruff: rules and format; unused code, undeclared dependencies; nothing is changed
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m vulture
	@$(VENV)/bin/deptry include/keeper
	@$(STACK) pages run lint

fmt: venv ## Ruff: fix and format
	@$(PYTHON) -m ruff check --fix
	@$(PYTHON) -m ruff format

types: venv ## Mypy
	@$(PYTHON) -m mypy
	@$(STACK) pages run check

layers: venv ## Who may import whom (import-linter)
	@$(VENV)/bin/lint-imports

bench: venv ## Side-by-side benchmarks
	@$(PYTHON) -m bench

bench-peers: venv ## The loader against Debezium and Flink too, which are fetched; docs/figures/
	@mkdir -p docs/figures
	@$(PYTHON) -m bench load_vs_copy load_vs_debezium load_vs_flink --json docs/figures/loading.json
	@$(PYTHON) -m bench.picture docs/figures/loading.json docs/pictures/loading.svg
