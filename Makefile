# Two commands do everything: make report (measure, and a report) and make test.
.DEFAULT_GOAL := help
# Man pages and completions go where Linux distributions look for them.
PREFIX ?= /usr/local
# The host's own Go, whatever the target.
ARCHES ?= amd64,arm64,riscv64,386
DIST = GOOS= GOARCH= $(GO) run ./tools/dist

.PHONY: help build guests dist install uninstall check test test-long test-denied surroundings machines try-slurm race bench report fidelity examples lint generate check-generated nolinkname ci

GO ?= go
BIN := bin/ipcbench
SOURCES := $(shell find . -name '*.go' -not -name '*_test.go') go.mod go.sum

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(BIN) bin/share ## build bin/ipcbench, a static binary, and what install adds to it

$(BIN): $(SOURCES)
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/ipcbench

# Of the same sources as $(BIN), and never older: kernels refuses one that is.
GUESTS ?= $(filter-out $(shell $(GO) env GOARCH),amd64 arm64 riscv64)
guests: $(GUESTS:%=bin/guests/ipcbench-%) ## build what runs in guests of other architectures, for `ipcbench kernels`

bin/guests/ipcbench-%: $(BIN)
	GOOS=linux GOARCH=$* CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/ipcbench

bin/share: $(BIN) LICENSE
	rm -rf $@
	$(DIST) share $@

# bin/share is the list of what goes below PREFIX/share.
install: bin/share ## install it with man pages and completions into PREFIX (/usr/local), below DESTDIR
	install -D -m 755 $(BIN) "$(DESTDIR)$(PREFIX)/bin/ipcbench"
	for f in $$(cd bin/share && find * -type f); do install -D -m 644 bin/share/$$f "$(DESTDIR)$(PREFIX)/share/$$f" || exit; done

uninstall: bin/share ## remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/ipcbench"
	for f in $$(cd bin/share && find * -type f); do rm -f "$(DESTDIR)$(PREFIX)/share/$$f" || exit; done

dist: ## write archives, Debian packages and SHA256SUMS for every architecture into dist/
	rm -rf dist
	$(DIST) release -arch "$(ARCHES)" dist

check: ## gofmt, go vet and the quick tests, about a minute on 2 CPUs
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these files' >&2; exit 1; }
	$(GO) vet ./...
	$(GO) test -short $(ALL)

# Tests run what is shipped: programs without cgo. Most of their time is starts of
# processes, and one without the C library takes a tenth less of a CPU to start.
check test test-long nolinkname: export CGO_ENABLED := 0

# Most packages compute for half of their time and wait for the rest: one more at once
# than there are CPUs. Those that take longest come first, and none is left for the end.
# No test reads debug information of its own.
SLOWEST := ./conformance ./command ./kernels ./runner ./report ./external/conform ./tools/gatesim
ALL := -p $$(($$(nproc) + 1)) -ldflags=-w -timeout 15m $(SLOWEST) ./...

test: ## all tests that need nothing special, about 5 minutes on 2 CPUs
	$(GO) test $(ALL)

test-long: ## tests that `make test` plays in part, whole: some minutes more
	IPCBENCH_LONG=1 $(GO) test -timeout 30m -run 'TestConformance$$|TestNoFaultPasses$$|TestSessionOutOfFiles|TestIsolations|TestCapacityOfEveryLink|TestScarce|TestPageIsUpToDate|TestAdviceInBrowser|TestAliasIsTheSame|TestRelease$$|TestGitBisect$$|TestRogues$$|TestHostile$$|TestTopology|TestProfileOfAnotherProgram|OfAnotherModule|TestPlaces$$|LeavesNothing$$' ./internal/alias ./external/conform ./conformance ./runner ./command ./tools/dist ./tools/gatesim ./report ./kernels ./semantics

test-denied: ## every system call refused alone by a seccomp filter, by EPERM and ENOSYS: a quarter of an hour
	IPCBENCH_LONG=1 $(GO) test -timeout 5h -run 'TestEveryRefusedCall|TestInherited' ./command

surroundings: ## the tests in each of a dozen surroundings, one after the other: as another user, on one CPU, with small limits …
	scripts/try-surroundings

machines: ## conformance and statements in guests of amd64, 386, arm64 and riscv64, and docs/machines.md: an hour or more; RULES=^fifo plays those of one mechanism
	for pattern in '6.1.*-cloud-amd64' '6.1.*-cloud-arm64'; do scripts/fetch-debian-kernel "$$pattern" || exit; done
	for pattern in '6.12.*-cloud-amd64' '6.12.*-cloud-arm64' '6.12.*-arm64-16k' '6.12.*[0-9]-riscv64'; do SUITE=trixie scripts/fetch-debian-kernel "$$pattern" || exit; done
	SUITE=bullseye-security scripts/fetch-debian-kernel '5.10.*-cloud-amd64'
	# These suites move on: what they no longer have is skipped.
	-SUITE=sid scripts/fetch-debian-kernel '7.2.*-cloud-amd64'
	-SUITE=trixie-backports scripts/fetch-debian-kernel '7.3.*-cloud-amd64'
	IPCBENCH_LONG=1 $(GO) test -timeout 12h -run 'TestGuests$$' ./kernels -machines $(CURDIR)/docs/machines.json $(if $(RULES),-guest-rules '$(RULES)')

try-slurm: $(BIN) ## deploy/slurm for real, on loopback: 8 shards, one of them killed (as root; Debian: slurm-wlm munge)
	scripts/try-slurm

race: ## the same under the race detector (needs gcc: apt-get install gcc libc6-dev)
	$(GO) test -race ./...

bench: ## the suite as Go benchmarks, at most 4 minutes
	$(GO) test -run '^$$' -bench . ./bench

# What was measured is reported even where a cell failed or is not to be
# trusted; the status says so all the same.
report: $(BIN) ## measure the default preset, 4 to 7 minutes, and write the report
	@$(BIN) run --preset default; status=$$?; \
	case $$status in 0|1|3|5) $(BIN) report || exit;; esac; exit $$status

fidelity: ## the engine against hand-written C, 30 quiet minutes (needs gcc: apt-get install gcc libc6-dev; perf and stress-ng if they are there)
	$(GO) run ./tools/overhead

examples: ## build the examples of transports; names those whose Debian packages are missing
	@GO=$(GO) scripts/build-examples

lint: ## gofmt, go vet for every architecture, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these files' >&2; exit 1; }
	for arch in amd64 arm64 riscv64 386; do GOARCH=$$arch CGO_ENABLED=0 $(GO) vet ./... || exit 1; done
	CGO_ENABLED=0 $(GO) vet -tags man ./command ./cmd/ipcbench
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
