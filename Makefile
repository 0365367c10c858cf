# Three commands to know:
#   make run-local                                                     on this machine
#   make up run-cluster get-results down CLUSTER_SIZE=3 CLOUD=sandbox  on a cluster; CLOUD=aws for a real one
#   make test
# `make` alone lists the rest.

INPUT_LINES ?= 1000000
INPUT       ?=
WORKERS     ?= 2
OUTPUT      ?= output
FUZZTIME    ?= 20s
SEED        ?= 1
ROUNDS      ?= 5
EVERY       ?= 1s
KILLS       ?= 24
RUNS        ?= 3

# The cluster. What is empty is as it was last time, or flashmob's default.
CLUSTER_SIZE ?=
CLOUD        ?=
TYPE         ?=
REGION       ?=
STACK        ?=

export CGO_ENABLED = 0

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo devel)
BUILD   := go build -trimpath -buildvcs=false -ldflags "-s -w -X flashmob/internal/buildinfo.version=$(VERSION)"

# What hosts like this one get: build-all makes it, and build keeps it from being another version's.
own_worker = bin/worker-$(shell go env GOHOSTOS)-$(shell go env GOHOSTARCH)

# Which cloud the cluster is in: what was said, or what was said last time.
cloud := $(or $(CLOUD),$(shell cat .flashmob/clusters/$(or $(STACK),flashmob)/cloud 2>/dev/null),aws)
stack := $(if $(STACK),--stack $(STACK))

# A pulumi that .ci/pulumi has built is found behind one of the user's own.
export PATH := $(PATH):$(CURDIR)/bin/tools

.DEFAULT_GOAL := help
.PHONY: dist help build build-all tools run-local up run-cluster get-results down test test/cluster test/faults measure-faults bench bench/query2 bench/wordcount bench/memory bench/votes bench/exec bench/foretold bench/overhead bench/large bench/cluster fuzz tutorial-votes tutorial-query2 tutorial-wordcount fmt vet clean
.NOTPARALLEL: up run-cluster get-results down

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9\/-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make run-local INPUT_LINES=$(INPUT_LINES) WORKERS=$(WORKERS) OUTPUT=$(OUTPUT)   are the defaults"
	@echo "  make up run-cluster get-results down CLUSTER_SIZE=3 INPUT_LINES=$(INPUT_LINES) CLOUD=sandbox   with TYPE, REGION, STACK, INPUT"

build: ## build bin/flashmob and bin/worker
	@mkdir -p bin
	$(BUILD) -o bin/ ./cmd/flashmob ./cmd/worker
	@! [ -e $(own_worker) ] || cp bin/worker $(own_worker)

build-all: ## build all programs into bin, with a worker for hosts of either architecture
	@mkdir -p bin
	$(BUILD) -o bin/ ./cmd/flashmob ./cmd/worker ./cmd/infra ./cmd/sandbox
	GOOS=linux GOARCH=amd64 $(BUILD) -o bin/worker-linux-amd64 ./cmd/worker
	GOOS=linux GOARCH=arm64 $(BUILD) -o bin/worker-linux-arm64 ./cmd/worker

tools: ## see to what clusters need beside our own programs: pulumi, and for the sandbox sshd and nft
ifeq ($(cloud),sandbox)
	@.ci/sandbox
	@command -v pulumi >/dev/null || .ci/pulumi bin/tools
endif

up: build-all tools ## make a cluster of CLUSTER_SIZE hosts and a metrics host, or change its size; CLOUD=aws|sandbox
	bin/flashmob up --yes --cloud $(cloud) $(stack) $(if $(CLUSTER_SIZE),--size $(CLUSTER_SIZE)) $(if $(TYPE),--type $(TYPE)) $(if $(REGION),--region $(REGION))

run-cluster: ## run INPUT, or INPUT_LINES generated rows, on the cluster, into OUTPUT
	bin/flashmob run $(stack) $(if $(INPUT),--input $(INPUT),--lines $(INPUT_LINES)) -o $(OUTPUT) --force

get-results: ## fetch what is missing of the run's results in OUTPUT, and prove that they are whole
	bin/flashmob results $(stack) -o $(OUTPUT)

down: ## end the cluster, and prove that nothing is left
	bin/flashmob down $(stack) $(if $(REGION),--region $(REGION))

run-local: build ## generate INPUT_LINES rows and classify them with WORKERS slots, into OUTPUT
	bin/flashmob run --local --lines $(INPUT_LINES) --workers $(WORKERS) -o $(OUTPUT) --force

test: ## vet, check the format, run all tests
	@.ci/test

test/cluster: ## all that is tested on clusters, in the sandbox as root, with the operator killed at KILLS moments: 20 minutes
	@$(MAKE) --no-print-directory tools CLOUD=sandbox
	FLASHMOB_KILLS=$(KILLS) go test -timeout 60m ./internal/sandbox/... ./infra/... ./orchestrator/... ./cmd/infra ./cmd/flashmob

test/faults: build ## kill, stop and slow the processes of ROUNDS runs of every application, from SEED on, and compare the results
	@for app in classifier votes query2 wordcount; do bin/flashmob chaos --app $$app --seed $(SEED) --rounds $(ROUNDS) --every $(EVERY) || exit 1; done
	@bin/flashmob chaos --app wordcount --replicas 3 --seed $(SEED) --rounds 1 --every 4s

measure-faults: ## measure what faults cost, on this machine, RUNS times: half an hour for 3
	go run ./bench/faults -runs $(RUNS)
	go test ./bench/faults -update -count=1

bench: build ## measure beside a hand-written limit and GNU parallel, on this machine
	go run ./bench/local -flashmob bin/flashmob

bench/query2: ## measure query2 beside a hand-written limit, DuckDB and mawk, on this machine
	go run ./bench/keyed -app query2

bench/wordcount: ## measure wordcount beside a hand-written limit, GNU parallel, DuckDB and Redis, on this machine
	go run ./bench/keyed -app wordcount

bench/memory: ## measure what memory a key takes in query2 and wordcount, and that the input's size does not matter
	go run ./bench/memory

bench/votes: ## measure how many votes a second go from source to sink, and how long each is on its way
	go run ./bench/votes

bench/exec: ## measure programs as operators beside GNU parallel and bare pipes, and an object store, on this machine
	go run ./bench/exec

bench/foretold: build-all tools ## ask plan what runs will take, do them, and say how far it was off; ONLY='sandbox: m*' does some
	go run ./bench/foretold -bin bin $(if $(ONLY),-only '$(ONLY)')

bench/overhead: ## measure what metrics and the page cost, against a build that has none
	go run ./bench/overhead

bench/large: ## put 20 GB through a pipe and as a file, and see how much memory and disk that takes
	go run ./bench/large

bench/cluster: build-all tools ## measure the whole cluster path, up to down, in the sandbox
	go run ./bench/cluster -bin bin

dist: ## make archives and Debian packages, for Linux and macOS on amd64 and arm64, into dist
	.ci/dist dist

fuzz: ## fuzz every parser for FUZZTIME each
	@.ci/fuzz $(FUZZTIME)

tutorial-votes: build ## run docs/tutorials/votes.md's experiments at full length: a minute
	bin/flashmob demo votes

tutorial-query2: build ## run docs/tutorials/query2.md's query over INPUT_LINES generated visits
	bin/flashmob run --local --app query2 --lines $(INPUT_LINES) -o $(OUTPUT) --force

tutorial-wordcount: build ## count the words of this project's own pages, as docs/tutorials/wordcount.md does
	bin/flashmob run --local --app wordcount --input 'docs/*.md' --input README.md -o $(OUTPUT) --force

fmt: ## format the code
	gofmt -l -w .

vet: ## vet the code
	go vet ./...

clean: ## remove what build and run-local made
	rm -rf bin output dist
