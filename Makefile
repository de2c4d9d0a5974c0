# Two commands do everything: make report (measure, and a report) and make test.
.DEFAULT_GOAL := help
.PHONY: help build test bench report lint generate check-generated ci clean-bin

GO ?= go
BIN := bin/ipcbench
SOURCES := $(shell find . -name '*.go' -not -name '*_test.go') go.mod go.sum

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(BIN) ## build bin/ipcbench, a static binary

$(BIN): $(SOURCES)
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/ipcbench

test: ## all tests that need nothing special, at most 6 minutes
	$(GO) test ./...

bench: ## the suite as Go benchmarks, at most 4 minutes
	$(GO) test -run '^$$' -bench . ./bench

report: $(BIN) ## measure the default preset, at most 5 minutes, and write the report
	$(GO) build -o bin/benchstat golang.org/x/perf/cmd/benchstat
	$(BIN) run --preset default --report --benchstat bin/benchstat

lint: ## gofmt, go vet for every architecture, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these files' >&2; exit 1; }
	for arch in amd64 arm64 riscv64 386; do GOARCH=$$arch CGO_ENABLED=0 $(GO) vet ./... || exit 1; done
	$(GO) tool staticcheck ./...

generate: $(BIN) ## write the generated parts of the documents
	scripts/generate

check-generated: generate ## fail where a generated part is not up to date
	git diff --exit-code -- README.md

ci: lint test check-generated ## what CI runs
