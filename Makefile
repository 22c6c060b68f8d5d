# Daybook. The two commands a newcomer needs: `make up` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
# The client of a Docker engine; it must be able to build with BuildKit.
DOCKER ?= docker
# What a build trusts; such as behind a proxy that opens TLS.
CA_BUNDLE ?= $(SSL_CERT_FILE)
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(VENV)/bin/uv)
MEMBERS := $(sort $(wildcard libs/*) $(wildcard services/*) deploy/embedded)
SERVICES := $(notdir $(wildcard services/*))
STAMP := $(VENV)/.installed
CHART := deploy/helm/daybook
CHART_IS_CURRENT = $(BIN)/pytest -q -p no:cacheprovider tests/unit/deploy/test_chart_is_current.py
# deptry cannot read the module names of editable packages.
OURS := daybook-care=care,daybook-contracts=contracts,daybook-devstack=devstack,daybook-entry-index=entry_index,daybook-kombu-jetstream=kombu_jetstream,daybook-httpx-keepalive=httpx_keepalive,daybook-ollama-client=ollama_client,daybook-service-settings=service_settings,daybook-telemetry=telemetry,daybook-worker-kit=worker_kit
DEPTRY := $(BIN)/deptry --package-module-name-map "$(OURS)"

# The tests start some hundred Python processes. Where bytecode is not kept, each of them compiles Celery and all else anew:
# 2.0 s of processor time for a worker's start and stop instead of 1.0 s.
export PYTHONDONTWRITEBYTECODE :=

# Every target is a deed, not a file, but for the stamp.
.PHONY: $(shell grep -oE '^[a-z-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

up: $(STAMP) ## start everything on this machine and show how it is (FLAGS="--port 9000 --embedded-models ...")
	@$(BIN)/python -m devstack up $(FLAGS)

doctor: $(STAMP) ## look at the stack that runs here, and say what is wrong and what to do (FLAGS=--json)
	@$(BIN)/python -m devstack doctor $(FLAGS)

gateway: $(STAMP) ## a command of the gateway beside the stack that runs here (FLAGS="keys list")
	@$(BIN)/python -m devstack gateway $(FLAGS)

install: $(STAMP) ## install the locked packages and ours, editable

$(STAMP): requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@command -v uv >/dev/null || { test -x $(VENV)/bin/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/pip install -q uv; }; }
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) $(VENV)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes --no-deps -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install -q --no-deps $(foreach m,$(MEMBERS),-e ./$(m))
	@touch $@

lock: ## resolve again and write requirements.lock and deploy/locks (exact versions, hashes, no addresses)
	$(UV) lock --upgrade
	$(UV) export -q --format requirements-txt --all-packages --all-extras --all-groups --no-emit-workspace --no-header --no-annotate -o requirements.lock
	$(foreach s,$(SERVICES),$(UV) export -q --frozen --format requirements-txt --package daybook-$(s) --no-dev --no-emit-workspace --no-header --no-annotate -o deploy/locks/$(s).lock;)
	echo 'uv-build>=0.9,<0.14' | $(UV) pip compile -q - --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o deploy/locks/build.lock

secrets: ## passwords and keys for compose.yaml, in secrets/ (FLAGS="--rotate nats"); what is there stays
	@$(PYTHON) deploy/make_secrets.py secrets $(FLAGS)

nats-config: $(STAMP) ## write deploy/nats/nats.conf, each service's NATS permissions, from devstack.permissions
	$(BIN)/python -m devstack.nats_file deploy/nats/nats.conf

chart-files: $(STAMP) ## copy into the Helm chart what it cannot read outside: rules, dashboards, NATS's configuration, names of settings
	@rm -rf $(CHART)/files/grafana && mkdir -p $(CHART)/files/grafana
	cp -r $(wildcard deploy/grafana/rules deploy/grafana/dashboards) $(CHART)/files/grafana/ && rm -f $(CHART)/files/grafana/*/*.test.yaml $(CHART)/files/grafana/*/.gitkeep
	cp deploy/nats/nats.conf $(CHART)/charts/nats/files/
	cp deploy/ollama/pull.sh $(CHART)/files/
	@UPDATE_SNAPSHOTS=1 $(CHART_IS_CURRENT)

format: $(STAMP) ## let the tools own layout
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: $(STAMP) ## lint, types, import rules, unused and missing dependencies, copies in the chart
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports --no-cache
	@for m in $(MEMBERS); do $(DEPTRY) $$m/src --config $$m/pyproject.toml >/dev/null 2>&1 || { $(DEPTRY) $$m/src --config $$m/pyproject.toml; exit 1; }; done
	@$(CHART_IS_CURRENT) >/dev/null 2>&1 || { $(CHART_IS_CURRENT) || echo 'The chart is behind: `make chart-files`.'; exit 1; }

test: check ## lint, types, import rules and the suite on real servers, but for the longest tests
	@$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target $(SHARES)

coverage: $(STAMP) ## the suite once more, with every process measured (half as long again), and a floor under the result
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target PYTEST="$(BIN)/coverage run -m pytest" $(SHARES)
	@$(BIN)/coverage combine -q && $(BIN)/coverage report

# Shares of the suite, three at a time, since tests mostly wait for servers and processes: each has servers of its own, and
# shows its output when it is over. What no other share names is in the last one.
SHARES := test-stack test-services test-transport test-rest
STACK := tests/e2e tests/faults tests/integration/conformance
SERVED := $(addprefix tests/integration/,gateway gateway_http enrichment_worker insights_worker)
TRANSPORT := tests/integration/kombu_jetstream
PYTEST := $(BIN)/pytest
# The tests make nothing: what this make was told is not for the processes they start.
SHARE = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(PYTEST) --durations=15 \
	-m "not faults and not cluster and not features and not brokers and not containers and not rolling and not soak"

test-stack: $(STAMP)
	@$(SHARE) $(STACK)

test-services: $(STAMP)
	@$(SHARE) $(SERVED)

test-transport: $(STAMP)
	@$(SHARE) $(TRANSPORT)

test-rest: $(STAMP)
	@$(SHARE) $(addprefix --ignore=,$(STACK) $(SERVED) $(TRANSPORT))

# The integration tests but for those of the embedded servers themselves, in two shares with servers of their own.
OF_SERVERS := $(addprefix tests/integration/,devstack qdrant_server model_server)
IN_CONTAINERS = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL DAYBOOK_TEST_SERVERS=containers $(BIN)/pytest --durations=5 \
	-m "not faults and not cluster and not features and not brokers and not rolling and not soak"

test-containers: $(STAMP) ## the integration tests on servers in containers, as far as their images are here (docs/testing.md)
	@$(MAKE) --no-print-directory --jobs --output-sync=target test-containers-transport test-containers-rest

test-containers-transport: $(STAMP)
	@$(IN_CONTAINERS) $(TRANSPORT)

test-containers-rest: $(STAMP)
	@$(IN_CONTAINERS) tests/integration $(addprefix --ignore=,$(TRANSPORT) $(OF_SERVERS))

test-celery: $(STAMP) ## each feature of Celery on real workers, the long tests included
	$(BIN)/pytest tests/integration/kombu_jetstream/features

test-brokers: $(STAMP) ## one suite for our transport, Redis and RabbitMQ (skipped where not installed)
	$(BIN)/pytest tests/integration/conformance

test-faults: $(STAMP) ## what happens to tasks when things break, again and again (FAULT_ROUNDS=100 for a soak)
	FAULT_ROUNDS=$${FAULT_ROUNDS:-5} $(BIN)/pytest tests/faults --timeout=3600 --log-cli-level=INFO

test-soak: $(STAMP) ## twenty kills of the Qdrant server, ten thousand runs of the bridge, twenty thousand entries in a report, new passwords
	$(BIN)/pytest tests -m soak --timeout=600

test-cluster: $(STAMP) ## lose, freeze and restart servers of a three-node NATS cluster under load (FAULT_ROUNDS=10 for a soak)
	FAULT_ROUNDS=$${FAULT_ROUNDS:-1} $(BIN)/pytest tests/faults/kombu_jetstream/test_jetstream_cluster.py -m 'cluster or not cluster' --log-cli-level=INFO

base-images: $(STAMP) ## make local python, nats and postgres images where no registry answers (deploy/images/README.md)
	@DOCKER="$(DOCKER)" deploy/images/build.sh

images: ## build the services' images, and dist/sbom (DOCKER=..., PYTHON_IMAGE=..., CA_BUNDLE=..., PIP_CONF=...: deploy/README.md)
	@DOCKER="$(DOCKER)" CA_BUNDLE="$(CA_BUNDLE)" deploy/docker/build.sh

test-images: $(STAMP) ## start each image locked down, beside a real NATS and PostgreSQL (after make base-images images)
	DOCKER="$(DOCKER)" $(BIN)/pytest tests/containers -m containers

test-compose: $(STAMP) ## all of compose.yaml on an engine, our own servers for Qdrant and Ollama (after make base-images images)
	cd tests && CA_BUNDLE="$(CA_BUNDLE)" ../$(BIN)/python -m support.stand_ins.image "$(DOCKER)"
	$(BIN)/pytest tests/containers/test_compose_up.py -m containers -rP

test-rolling: $(STAMP) ## replace each gateway and worker under load, in three ways: nothing lost (docs/upgrade.md; ROLLING_ROUNDS=10 for a soak)
	ROLLING_ROUNDS=$${ROLLING_ROUNDS:-1} $(BIN)/pytest tests/integration/rolling/test_rolling_upgrade.py --timeout=3600 --log-cli-level=INFO --log-disable=httpx

demo: $(STAMP) ## a six-week diary through the whole stack (the one that runs, else its own)
	@$(BIN)/python -m devstack.demo $(FLAGS)

bench-mood: $(STAMP) ## how well the mood exemplars tell moods apart, and the margin to trust
	$(BIN)/python benchmarks/mood_prototypes.py

eval: $(STAMP) ## how good moods, search and reflections are (FLAGS="--limit 100 --models http://127.0.0.1:11434/llama3.2 --write docs/quality.md")
	$(BIN)/python benchmarks/quality.py $(FLAGS)

bench-index: $(STAMP) ## the embedded Qdrant server: a journal's query and durable upserts at 10,000 x 768
	$(BIN)/python benchmarks/qdrant_query.py

bench-search: $(STAMP) ## recall and time of hybrid, dense and lexical search at 1k, 10k and 50k entries
	$(BIN)/python benchmarks/search.py --write docs/benchmarks/search.md

bench-ask: $(STAMP) ## what a journal answers and what it does not, on the demo's diary with the embedded models
	$(BIN)/python benchmarks/ask.py --write docs/benchmarks/ask.md

bench-live: $(STAMP) ## the first words of a reflection at a reader, beside a bare Ollama stream
	$(BIN)/python benchmarks/live.py --write docs/benchmarks/live.md

bench-ingest: $(STAMP) ## POST requests a second and p99 with 32 connections, beside a bare INSERT loop
	$(BIN)/python benchmarks/ingest.py

bench-bridge: $(STAMP) ## what asyncio.run costs a task, beside the alternatives (ADR 0001)
	$(BIN)/python benchmarks/bridge.py --write docs/benchmarks/bridge.md

bench-embed: $(STAMP) ## embedding one entry a task beside 8, 32 and 64: throughput, latency, what it costs others
	$(BIN)/python benchmarks/embed.py --write docs/benchmarks/embed.md

bench-broker: $(STAMP) ## the same tasks through JetStream, Redis and RabbitMQ (their Debian packages are installed if missing)
	@command -v redis-server >/dev/null && test -x /usr/lib/rabbitmq/bin/rabbitmq-server \
		|| RUNLEVEL=1 apt-get install -y -qq redis-server rabbitmq-server
	$(BIN)/python benchmarks/broker.py --write docs/benchmarks/broker.md

bench-pipeline: $(STAMP) ## entries a second from POST to enriched, beside the bare model server
	$(BIN)/python benchmarks/pipeline.py

bench-capacity: $(STAMP) ## bytes an entry in each store, the hot routes among 10,000 entries, and the way to a million
	PYTHONPATH=tests $(BIN)/python benchmarks/capacity.py --write docs/benchmarks/capacity.md

bench-scale: $(STAMP) ## entries a second with 1, 2 and 4 workers, 1 and 2 gateways, over a model of fixed latency
	PYTHONPATH=tests $(BIN)/python benchmarks/scale.py --write docs/benchmarks/scale.md
