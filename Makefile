# Everything fetched or made stays in .local, target and .aws-sam. Start with: make demo
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help demo try up status logs down check check-many unit redeploy fmt build lint test test-many apply-many fuzz deploy release release-test set-up browser screenshots drills simulate bench measure costs requirements licences clean

MACHINE := $(shell uname -m)
ARCHITECTURE_x86_64 := x86_64
ARCHITECTURE_aarch64 := arm64
ARCHITECTURE := $(ARCHITECTURE_$(MACHINE))

export PATH := $(CURDIR)/.local/bin:$(CURDIR)/.local/venvs/build/bin:$(CURDIR)/.local/venvs/sam/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# Cargo builds here as it does by hand (.cargo/config.toml, [profile.dev]): nothing is compiled twice.
BUILT := target/$(MACHINE)-unknown-linux-gnu/debug
# One folder, one Lambda, one program of the same name.
FUNCTIONS := $(filter-out cli,$(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml functions/flow/*/Cargo.toml functions/schedules/*/Cargo.toml functions/edge/*/Cargo.toml))))
# Names the cloud of try, up, down, status, demo, logs and redeploy: make up CLOUD=second runs beside the first.
CLOUD := default

# All crates are selected, whichever targets of theirs are: with fewer, cargo chooses other features of the dependencies,
# and compiles them again.
CARGO := --workspace
# Nextest where there is one: it runs several tests at once, and says which are slow.
RUN_TESTS := $(if $(shell cargo nextest --version 2>/dev/null),nextest run,test)
# Tests without a cloud and a browser: every unit test, all that are in folders of functions, the flow's and the docs'.
UNIT_TESTS := --lib --bin managed-https $(addprefix --test ,flow pages words $(foreach place,functions/* functions/*/*,\
  $(notdir $(basename $(wildcard $(place)/tests/*.rs)) $(patsubst %/main.rs,%,$(wildcard $(place)/tests/*/main.rs)))))

help:
	@awk '/^##@ / { print "\n" substr($$0, 5) } \
	  match($$0, /^[a-z-]+:.*## /) { name = $$1; sub(":", "", name); sub(/^[^#]*## /, ""); printf "  make %-11s %s\n", name, $$0 }' $(MAKEFILE_LIST)

##@ Try it

demo: build ## Play the story: five endpoints, from a domain name to a renewed certificate
	@local-cloud demo --name $(CLOUD)

try: build ## Issue a first certificate on a local cloud that stays: make try DOMAIN=www.shop.test
	@local-cloud try --name $(CLOUD) $(DOMAIN)

up: build ## Start the local cloud with the stack deployed, and leave it running (.local/env)
	@local-cloud up --name $(CLOUD)

status: ## Show what of the local cloud is running
	@local-cloud status --name $(CLOUD)

logs: ## Follow what its functions write, or one of them: make logs FUNCTION=open-order
	@local-cloud logs --name $(CLOUD) $(FUNCTION)

down: ## Stop the local cloud
	@if [[ -x .local/bin/local-cloud ]]; then local-cloud down --name $(CLOUD); fi

##@ Change it

check: set-up ## Check types, and ask clippy
	cargo clippy $(CARGO) --all-targets -- -D warnings

unit: set-up ## Run the tests that need neither a cloud nor a browser
	cargo $(RUN_TESTS) $(CARGO) $(UNIT_TESTS)

test-many: build ## Run the tests with a thousand attempts at once; takes some forty minutes
	LAMBDA_AT_ONCE=32 cargo $(RUN_TESTS) $(CARGO) --test many_at_once --run-ignored only

apply-many: build ## Apply 5,000 lines, kill that, and apply them again; takes many minutes
	cargo $(RUN_TESTS) $(CARGO) --test apply --run-ignored only --no-capture

check-many: build ## Check 10,000 endpoints, half of them with silent name servers (docs/reference/scale.md); takes many minutes
	WRITE_PAGES=1 cargo $(RUN_TESTS) $(CARGO) --test many_checks --run-ignored only --no-capture

redeploy: ## Build one function, and put it into the running local cloud: make redeploy FUNCTION=open-order
	@[[ " $(FUNCTIONS) " == *' $(FUNCTION) '* ]] || { echo 'Which one? FUNCTION=… of: $(FUNCTIONS)' >&2; exit 1; }
	cargo build $(CARGO) --bin $(FUNCTION)
	@local-cloud redeploy --name $(CLOUD) $(FUNCTION) $(BUILT)/$(FUNCTION)

fmt: ## Format the Rust sources
	cargo fmt --all

build: set-up ## Build the Lambdas for this machine, and the CLI (.local/bin/managed-https)
	cargo build $(CARGO)
	@$(MAKE) -s .aws-sam/build/template.yaml
	@install $(BUILT)/managed-https $(BUILT)/local-cloud .local/bin/

# Cargo has made the programs already: sam build finds each one built, and copies it.
.aws-sam/build/template.yaml: template.yaml samconfig.toml $(FUNCTIONS:%=$(BUILT)/%)
	@echo 'sam build'
	@SAM_BUILD_MODE=debug CARGO_LAMBDA_COMPILER=cargo sam build --parameter-overrides Architecture=$(ARCHITECTURE) \
	  >.local/log/sam-build.log 2>&1 || { tail -n 30 .local/log/sam-build.log; exit 1; }

##@ Before it is submitted

lint: check ## Check format, types, clippy, docs, each program by itself, template and state machine
	cargo fmt --all --check
	infra/each-crate.sh
	RUSTDOCFLAGS='-D warnings' cargo doc $(CARGO) --no-deps --quiet
	infra/lint.sh

# Tests that leave a cloud as they found it share this one, which sam deploys; the others start their own. One more at
# once than there are cores: some wait for a schedule. At the end, what the gates of all clouds have seen: a call that AWS
# would have refused, and permissions that no test uses. The parsers are fuzzed for longer than in make unit.
test: export FUZZ_SECONDS := 20
test: export NEXTEST_TEST_THREADS := $(shell echo $$(($$(nproc) + 1)))
test: build browser ## Run every test, the end-to-end ones included
	@local-cloud down --name tests >/dev/null 2>&1 || true
	@rm -rf .local/gate/used
	@trap 'status=$$?; local-cloud down --name tests || status=1; exit $$status' EXIT; \
	local-cloud up --name tests >/dev/null; \
	LOCAL_CLOUD=tests cargo $(RUN_TESTS) $(CARGO)
	@.local/venvs/ministack/bin/python infra/transform.py template.yaml .local/gate/template.json
	@.local/node tests/local-cloud/gate/unused.mjs .local/gate/template.json .local/gate/used docs/how-to/listeners-and-regions.md

# As long as it says for each target, two of them at once.
fuzz: export FUZZ_SECONDS := 1000
fuzz: set-up ## Feed the parsers mutations of tests/corpus, for about an hour
	cargo test $(CARGO) --lib --test fuzz fuzz -- --test-threads 2

##@ Deploy it

deploy: set-up ## Build for AWS (arm64) and deploy the stack, guided
	@infra/deploy.sh

release: set-up ## Make a release of what is committed, for arm64 (target/releases): make release FOR=x86_64
	@infra/release.py $(if $(FOR),--architecture $(FOR))

# Of the programs that are built for this machine: what is tested is the release, not the optimizer.
release-test: build ## Make a release of the build, unpack it elsewhere, and deploy it without a compiler
	@cargo build $(CARGO) --quiet # sam build has moved the programs away
	@infra/release.py --programs $(BUILT)
	@RELEASE=$(CURDIR)/target/releases cargo test $(CARGO) --test release -- --ignored --nocapture

##@ Now and then

set-up: ## Fetch what is missing into .local
	@tests/local-cloud/set-up.sh

browser:
	@tests/local-cloud/set-up.sh --browser

screenshots: browser ## Make the pictures of the pages in docs/screenshots
	@SCREENSHOTS=$(CURDIR)/docs/screenshots cargo test $(CARGO) --test dashboard -- --ignored --exact screenshots::the_pictures_of_the_documentation_are_taken

drills: build ## Run the failure drills, and write docs/reference/failure-drills.md
	@export FAILURE_DRILLS=$(CURDIR)/.local/failure_drills; rm -rf "$$FAILURE_DRILLS"; \
	for test in alerts ca_faults health alarms; do cargo test $(CARGO) --test $$test -- --test-threads 2; done; \
	cargo test $(CARGO) --test failure_drills -- --ignored --exact the_page_of_the_failure_drills_is_written

# Alone: with all other crates it would be built with the AWS SDK.
simulate: ## Simulate years of up to a million endpoints (docs/reference/scale.md); takes some ten minutes
	cargo run --profile bench -p simulation --bin simulate
	cargo test --profile bench -p simulation --test health -- --ignored --nocapture

bench: ## Time the pure parts: the order of starts, the diagnosis, summaries, parsing
	cargo bench -p simulation --bench pure

# Built with the profile that is deployed, for this machine: the first time takes half an hour.
MEASURED := target/$(MACHINE)-unknown-linux-gnu/release
measure: build ## Measure sizes, starts and CPU of what is deployed (docs/reference/performance.md)
	nice cargo build --release $(CARGO) --bin bare-lambda $(FUNCTIONS:%=--bin %)
	@trap 'local-cloud down --name measured' EXIT; local-cloud up --name measured --authz-reuse 0 >/dev/null; \
	local-cloud try --name measured www.measured.test >/dev/null; \
	tests/measure/programs.py $(MEASURED) --cloud measured --domain www.measured.test --page docs/reference/performance.md
	WRITE_PAGES=1 cargo $(RUN_TESTS) $(CARGO) --test measure --run-ignored only --no-capture

costs: build ## Count what DynamoDB is asked for, and calculate what an endpoint costs (docs/reference/costs.md)
	WRITE_PAGES=1 cargo $(RUN_TESTS) $(CARGO) --test units
	infra/costs.py docs/reference/costs.md

requirements: ## Resolve the Python tools after a change of infra/requirements/*.in
	infra/requirements/compile.sh

licences: set-up ## List what the binaries contain of others (target/THIRD-PARTY-LICENCES)
	@infra/third-party-licences.py target/THIRD-PARTY-LICENCES

clean: down ## Remove what was built, and the local clouds' state; keep what was fetched
	rm -rf target .aws-sam .local/clouds .local/env .local/bin/managed-https .local/bin/local-cloud
