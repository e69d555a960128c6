# Everything fetched or made stays in .local, target and .aws-sam. Start with: make demo
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help set-up browser build up down status demo test screenshots provoked fmt lint deploy clean

MACHINE := $(shell uname -m)
TARGET := $(MACHINE)-unknown-linux-gnu
ARCHITECTURE_x86_64 := x86_64
ARCHITECTURE_aarch64 := arm64
ARCHITECTURE := $(ARCHITECTURE_$(MACHINE))
# The flags cargo-lambda adds by itself. With the same ones everywhere, one target folder serves the
# Lambdas, the CLI and the tests, and the AWS SDKs are compiled once.
FLAGS_x86_64 := -C target-cpu=haswell
FLAGS_aarch64 := -C target-cpu=neoverse-n1
export RUSTFLAGS := $(FLAGS_$(MACHINE))
CARGO_FLAGS := --release --workspace --target $(TARGET)

export PATH := $(CURDIR)/.local/bin:$(CURDIR)/.local/venvs/build/bin:$(CURDIR)/.local/venvs/sam/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
BUILT := target/$(TARGET)/release
# One folder, one Lambda, one program of the same name.
FUNCTIONS := $(filter-out cli,$(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml functions/flow/*/Cargo.toml functions/schedules/*/Cargo.toml functions/edge/*/Cargo.toml))))
# Names the cloud of up, down, status and demo: make up CLOUD=second runs beside the first.
CLOUD := default

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

set-up: ## Fetch what is missing into .local
	@tests/local-cloud/set-up.sh

browser:
	@tests/local-cloud/set-up.sh --browser

build: set-up ## Build the Lambdas for this machine, and the CLI (.local/bin/managed-https)
	cargo build $(CARGO_FLAGS)
	@$(MAKE) -s .aws-sam/build/template.yaml
	@install $(BUILT)/managed-https $(BUILT)/local-cloud .local/bin/

# Cargo has made the programs already: sam build finds each one built, and copies it.
.aws-sam/build/template.yaml: template.yaml samconfig.toml $(FUNCTIONS:%=$(BUILT)/%)
	@echo 'sam build'
	@CARGO_LAMBDA_COMPILER=cargo sam build --parameter-overrides Architecture=$(ARCHITECTURE) \
	  >.local/log/sam-build.log 2>&1 || { tail -n 30 .local/log/sam-build.log; exit 1; }

up: build ## Start the local cloud with the stack deployed, and leave it running (.local/env)
	@local-cloud up --name $(CLOUD)

down: ## Stop the local cloud
	@if [[ -x .local/bin/local-cloud ]]; then local-cloud down --name $(CLOUD); fi

status: ## Show what of the local cloud is running
	@local-cloud status --name $(CLOUD)

demo: build ## Play the story: five endpoints, from a domain name to a renewed certificate
	@local-cloud demo --name $(CLOUD)

# Tests that leave a cloud as they found it share this one; the others start their own.
test: build browser ## Run every test, the end-to-end ones included
	@local-cloud down --name tests 2>/dev/null
	@trap 'local-cloud down --name tests' EXIT; \
	local-cloud up --name tests >/dev/null; \
	export LOCAL_CLOUD=tests; \
	if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run $(CARGO_FLAGS); \
	else \
	  cargo test $(CARGO_FLAGS); \
	fi

screenshots: browser ## Make the pictures of the pages in docs/screenshots
	@SCREENSHOTS=$(CURDIR)/docs/screenshots cargo test $(CARGO_FLAGS) --test dashboard -- --ignored --exact screenshots::screenshots

provoked: build ## Provoke what can go wrong, and make docs/PROVOKED.md of what people were told
	@export PROVOKED=$(CURDIR)/.local/provoked; rm -rf "$$PROVOKED"; \
	for test in alerts ca_faults health alarms; do cargo test $(CARGO_FLAGS) --test $$test -- --test-threads 2; done; \
	cargo test $(CARGO_FLAGS) --test provoked -- --ignored --exact page

fmt: ## Format the Rust sources
	cargo fmt --all

lint: set-up ## Check format, clippy, docs, crates, template and state machine
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc $(CARGO_FLAGS) --no-deps --quiet
	infra/lint.sh

.PHONY: requirements licences
licences: set-up ## List what the binaries contain of others (target/THIRD-PARTY-LICENCES)
	@infra/third-party-licences.py target/THIRD-PARTY-LICENCES

requirements: ## Resolve the Python tools after a change of infra/requirements/*.in
	infra/requirements/compile.sh

# Lambda's own architecture, so none of this machine's flags. A folder of its own leaves the local
# cloud's build alone.
deploy: set-up ## Build for AWS (arm64) and deploy the stack, guided
	env -u RUSTFLAGS sam build --build-dir .aws-sam/aws
	sam deploy --guided --template-file .aws-sam/aws/template.yaml

clean: down ## Remove what was built, and the local clouds' state; keep what was fetched
	rm -rf target .aws-sam .local/clouds .local/env .local/bin/managed-https .local/bin/local-cloud
