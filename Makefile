# Everything here needs Go and make; what else a target needs it brings itself or says.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

# Modules with a go.mod of their own: what is written against the published packages.
NESTED := $(patsubst %/go.mod,%,$(wildcard examples/*/go.mod bench/go.mod))

# Generous: the slowest package takes minutes with the race detector on two cores.
TEST_TIMEOUT ?= 15m

# The race detector needs cgo, and that needs a C compiler.
RACE := $(shell [ "$$(go env CGO_ENABLED)" = 1 ] && command -v "$$(go env CC)" >/dev/null && echo -race)

# Tools are pinned in one mod file per group; `go tool` builds and keeps them.
tool      = go tool -modfile=$(CURDIR)/.tools/$(1).mod $(2)
GOLANGCI := $(call tool,lint,golangci-lint)
GOFUMPT  := $(call tool,lint,gofumpt)
BUF      := $(call tool,buf,buf)
DEADCODE := $(call tool,check,deadcode)

##@ Use

.PHONY: run
run: build ## start Headrace and run the sample tasks (ONCE=1: end when they are done)
	examples/thumbnails/run.sh

.PHONY: build
build: ## make bin/headrace and each plugin as bin/plugins/NAME
	go build -o bin/headrace ./cmd/headrace
	go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./plugins/... | while read -r package; do \
	    name=$${package#*/plugins/}; \
	    go build -o "bin/plugins/$${name%%/*}" "$$package"; \
	done

.PHONY: bench
bench: build bin/withservices ## compare Headrace with its peers on this machine (ARGS="…" goes to the program)
	cd bench && ../bin/withservices -- go run . $(ARGS)

##@ Develop

.PHONY: test
test: bin/withservices bin/testreport ## run every test, against a real Redis and PostgreSQL
	bin/withservices -- $(MAKE) test-with-services

.PHONY: test-faults
test-faults: ## kill, stop and freeze what two nodes stand on while they work (FAULTS_TASKS, FAULTS_ROUNDS, FAULTS_SEED)
	go test -tags faults -v -count=1 -timeout 30m ./core/faulttest

.PHONY: services
services: bin/withservices ## open a shell in which the tests' Redis and PostgreSQL run
	bin/withservices -- "$${SHELL:-bash}"

.PHONY: generate
generate: ## write the generated code anew
	go generate ./...

.PHONY: fmt
fmt: ## format all Go code
	$(GOLANGCI) fmt
	$(GOFUMPT) -w .

##@ Judge

.PHONY: check
check: check-race check-format check-lint check-imports check-deadcode check-modules check-nested check-proto check-generated ## everything that judges the code without running it

.PHONY: check-race
check-race: ## the race detector is there, so `make test` has used it
	@[ -n "$(RACE)" ] || { echo "make check needs the race detector: install a C compiler (Debian: apt-get install gcc libc6-dev)"; exit 1; }

.PHONY: check-format
check-format: ## gofumpt has nothing to change, nested modules included
	@unformatted=$$($(GOFUMPT) -l .); \
	if [ -n "$$unformatted" ]; then \
	    printf 'not formatted (make fmt):\n%s\n' "$$unformatted"; exit 1; \
	fi

.PHONY: check-lint
check-lint: ## golangci-lint
	$(GOLANGCI) run ./...
	$(GOLANGCI) run --build-tags faults ./core/faulttest

.PHONY: check-imports
check-imports: ## imports point one way
	go test -count=1 ./core/archtest

.PHONY: check-deadcode
check-deadcode: ## every function is reached by a program or a test (or is an example that is only compiled)
	@dead=$$($(DEADCODE) -test -tags faults ./...); \
	dead=$$(grep -v 'unreachable func: Example' <<<"$$dead" || true); \
	if [ -n "$$dead" ]; then \
	    printf 'never reached:\n%s\n' "$$dead"; exit 1; \
	fi

.PHONY: check-modules
check-modules: ## go.mod and go.sum say what the code imports
	@for module in . $(NESTED); do \
	    echo "go mod tidy -diff in $$module"; (cd "$$module" && go mod tidy -diff); \
	done

.PHONY: check-nested
check-nested: ## nested modules build and pass vet
	@for module in $(NESTED); do \
	    echo "go vet in $$module"; (cd "$$module" && go vet ./...); \
	done

.PHONY: check-proto
check-proto: ## buf: style, and no change that breaks built plugins
	cd sdk/proto && $(BUF) lint
	@base=$$(git rev-parse --verify --quiet origin/main || git rev-parse --verify --quiet main || true); \
	if [ -n "$$base" ] && [ -n "$$(git ls-tree -r --name-only "$$base" -- sdk/proto/buf.yaml)" ]; then \
	    echo "buf breaking against $$base"; \
	    cd sdk/proto && $(BUF) breaking --against "$(CURDIR)/.git#ref=$$base,subdir=sdk/proto"; \
	else \
	    echo "no earlier version of sdk/proto to compare with"; \
	fi

.PHONY: check-generated
check-generated: ## generated code is what its sources give
	.ci/check-generated

.PHONY: help
help: ## show this
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The targets below serve those above.

# Go decides whether these are up to date.
.PHONY: bin/withservices bin/testreport
bin/withservices bin/testreport:
	@go build -o $@ ./core/testenv/$(@F)

# All modules are tested, also after one has failed.
.PHONY: test-with-services
test-with-services:
	@[ -n "$(RACE)" ] || echo "note: no C compiler, so the tests run without the race detector"
	@failed=0; \
	{ for module in . $(NESTED); do \
	      (cd "$$module" && go test -json $(RACE) -shuffle=on -timeout $(TEST_TIMEOUT) ./...) || failed=1; \
	  done; exit $$failed; } | bin/testreport
