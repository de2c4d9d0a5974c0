# Two commands do everything: make report (measure, and a report) and make test.
.DEFAULT_GOAL := help
# Man pages and completions go where Linux distributions look for them. Pages
# come from a build of their own: see cmd/ipcbench/manpages.
PREFIX ?= /usr/local
MANPAGES = CGO_ENABLED=0 $(GO) run -tags man ./cmd/ipcbench docs man
man := $(DESTDIR)$(PREFIX)/share/man/man1
bash := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zsh := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fish := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

.PHONY: help build install uninstall check test test-long test-denied surroundings race bench report fidelity lint generate check-generated nolinkname ci

GO ?= go
BIN := bin/ipcbench
SOURCES := $(shell find . -name '*.go' -not -name '*_test.go') go.mod go.sum

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(BIN) bin/share ## build bin/ipcbench, a static binary, and what install adds to it

$(BIN): $(SOURCES)
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/ipcbench

bin/share: $(BIN)
	rm -rf $@ && mkdir -p $@/man
	$(MANPAGES) $@/man
	for shell in bash zsh fish; do $(BIN) completion $$shell >$@/$$shell || exit; done

install: bin/share ## install it with man pages and completions into PREFIX (/usr/local), below DESTDIR
	install -D -m 755 $(BIN) "$(DESTDIR)$(PREFIX)/bin/ipcbench"
	install -d "$(man)" && install -m 644 bin/share/man/*.1 "$(man)"
	install -D -m 644 bin/share/bash "$(bash)/ipcbench"
	install -D -m 644 bin/share/zsh "$(zsh)/_ipcbench"
	install -D -m 644 bin/share/fish "$(fish)/ipcbench.fish"

uninstall: ## remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/ipcbench" "$(man)/ipcbench.1" "$(man)"/ipcbench-*.1 \
		"$(bash)/ipcbench" "$(zsh)/_ipcbench" "$(fish)/ipcbench.fish"

check: ## gofmt, go vet and the quick tests, under a minute on 2 CPUs
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these files' >&2; exit 1; }
	$(GO) vet ./...
	$(GO) test -short ./...

test: ## all tests that need nothing special, about 9 minutes on 2 CPUs
	$(GO) test -timeout 15m ./...

test-long: ## tests that `make test` plays in part, whole: some minutes more
	IPCBENCH_LONG=1 $(GO) test -timeout 30m -run 'TestConformance$$|TestNoFaultPasses$$|TestSessionOutOfFiles|TestIsolations|TestCapacityOfEveryLink|TestScarce|TestPageIsUpToDate|TestAdviceInBrowser|TestAliasIsTheSame' ./internal/alias ./internal/conformance ./runner ./cmd/ipcbench ./tools/gatesim ./report

test-denied: ## every system call refused alone by a seccomp filter, by EPERM and ENOSYS: an hour or more
	IPCBENCH_LONG=1 $(GO) test -timeout 5h -run 'TestEveryRefusedCall|TestInherited' ./cmd/ipcbench

surroundings: ## the tests in each of a dozen surroundings, one after the other: as another user, on one CPU, with small limits …
	scripts/try-surroundings

race: ## the same under the race detector (needs gcc: apt-get install gcc libc6-dev)
	$(GO) test -race ./...

bench: ## the suite as Go benchmarks, at most 4 minutes
	$(GO) test -run '^$$' -bench . ./bench

# What was measured is reported even where a cell failed or is not to be
# trusted; the status says so all the same.
report: $(BIN) ## measure the default preset, about 5 minutes, and write the report
	@$(BIN) run --preset default; status=$$?; \
	case $$status in 0|1|3|5) $(BIN) report || exit;; esac; exit $$status

fidelity: ## the engine against hand-written C, 30 quiet minutes (needs gcc: apt-get install gcc libc6-dev; perf and stress-ng if they are there)
	$(GO) run ./tools/overhead

lint: ## gofmt, go vet for every architecture, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these files' >&2; exit 1; }
	for arch in amd64 arm64 riscv64 386; do GOARCH=$$arch CGO_ENABLED=0 $(GO) vet ./... || exit 1; done
	CGO_ENABLED=0 $(GO) vet -tags man ./cmd/ipcbench
	$(GO) tool staticcheck ./...

nolinkname: ## build without functions of Go's runtime, as a later Go may force, and try it
	$(GO) vet -tags nolinkname ./...
	$(GO) test -tags nolinkname -short ./internal/sys ./mechanisms/shm ./runner

generate: $(BIN) ## write the generated parts of the documents
	scripts/generate

check-generated: generate ## fail where a generated part is not up to date
	git diff --exit-code -- docs README.md bench

ci: ## what CI runs
	.ci/run
