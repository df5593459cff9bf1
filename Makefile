# Everything that this project can do, from a fresh machine: `make help` lists it.
#
# Needed beforehand: Python 3.11+, a stable Rust toolchain with clippy and rustfmt, gcc, make, and Node (for pyright).
# All cargo work shares one target folder and the release profile, so that nothing is compiled twice.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
STAMPS := build/stamps
CARGO_HOME ?= $(HOME)/.cargo

# The programs that the demo and the benchmark measure, and the peers, at fixed versions.
RIPGREP_VERSION := 15.2.0
INFERNO_VERSION := 0.12.8
FLAMEGRAPH_VERSION := 0.6.15
SAMPLY_VERSION := 0.13.1
RUSTFILT_VERSION := 0.2.1
COUNTS_VERSION := 1.0.7
UV_VERSION := 0.13.9

# Seconds that each fuzz target runs, and which: all if none is named.
FUZZ_SECONDS ?= 30
FUZZ_TARGETS ?=

RIPGREP := build/ripgrep/bin/rg
CRATE_SOURCES := $(CARGO_HOME)/registry/src
# The viewer's page, built into the Python package.
PAGE := src/pyrometer/show/page/page.js
VIEWER_SOURCES := $(shell find viewer/src viewer/public -type f) viewer/vite.config.ts viewer/tsconfig.json
RUST_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

# The extension is built for this interpreter everywhere, so that cargo does not rebuild it for another.
export PYO3_PYTHON := $(BIN)/python
export VIRTUAL_ENV := $(VENV)
export CARGO_TARGET_DIR := $(CURDIR)/target

.PHONY: help setup build viewer ripgrep counts large peers demo pictures test test-rust test-viewer test-python lint check-targets format bench measured wheel fuzz lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMPS)/dev ## create .venv with the development tools, install missing system packages (when root)

$(STAMPS)/system: tools/system-packages
	@mkdir -p $(STAMPS)
	@tools/system-packages $(PYTHON)
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/system
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'installing the development tools into .venv'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

build: $(STAMPS)/native $(PAGE) ## compile the Rust extension, build the viewer, and install pyrometer into .venv

$(STAMPS)/native: $(STAMPS)/dev $(RUST_SOURCES) pyproject.toml
	@echo 'building and installing pyrometer (minutes the first time)'
	@$(BIN)/maturin develop --release > build/maturin.log 2>&1 || { cat build/maturin.log; exit 1; }
	@touch $@

viewer: $(PAGE) ## build the viewer's page into the Python package

$(STAMPS)/viewer: viewer/package-lock.json
	@mkdir -p $(STAMPS)
	@npm ci --prefix viewer --silent --no-audit --no-fund
	@touch $@

$(PAGE): $(STAMPS)/viewer $(VIEWER_SOURCES)
	@echo 'building the viewer'
	@npm run --prefix viewer --silent build > build/viewer.log 2>&1 || { cat build/viewer.log; exit 1; }
	@touch $@

ripgrep: $(STAMPS)/ripgrep-$(RIPGREP_VERSION) ## build ripgrep, as its release profile says, with line tables

# A target folder of its own: its dependencies are built with other flags.
$(STAMPS)/ripgrep-$(RIPGREP_VERSION):
	@mkdir -p $(STAMPS)
	@echo 'building ripgrep $(RIPGREP_VERSION)'
	@CARGO_PROFILE_RELEASE_DEBUG=1 CARGO_PROFILE_RELEASE_STRIP=none CARGO_TARGET_DIR=build/ripgrep/target \
	  cargo install --quiet --locked --force --version $(RIPGREP_VERSION) --root build/ripgrep ripgrep
	@touch $@

counts: $(STAMPS)/counts-$(COUNTS_VERSION) ## install the program counts, which tests and the benchmark compare with

$(STAMPS)/counts-$(COUNTS_VERSION):
	@mkdir -p $(STAMPS)
	@echo 'building counts $(COUNTS_VERSION)'
	@CARGO_TARGET_DIR=build/counts/target \
	  cargo install --quiet --locked --force --version $(COUNTS_VERSION) --root build/counts counts
	@touch $@

demo: build ripgrep ## record ripgrep searching the sources of all downloaded crates; leaves build/demo/ripgrep.html
	@mkdir -p build/demo
	@echo 'recording: ripgrep counts the words in the crate sources, three times over'
	@$(BIN)/pyrometer record -o build/demo/ripgrep.pyro -- $(RIPGREP) -uuu --count-matches '\w+' \
	  $(foreach pass,1 2 3,$(CRATE_SOURCES)) > build/demo/counts.txt
	@$(BIN)/pyrometer report build/demo/ripgrep.pyro -o build/demo/ripgrep.html
	@$(BIN)/pyrometer flamegraph build/demo/ripgrep.pyro -o build/demo/flamegraph.svg
	@echo
	@echo 'the report:      $(CURDIR)/build/demo/ripgrep.html (open it in a browser)'
	@echo 'the flame graph: $(CURDIR)/build/demo/flamegraph.svg'
	@echo 'the recording:   $(CURDIR)/build/demo/ripgrep.pyro'

pictures: build ## make the pictures of docs/pictures, by the tests that look at every panel
	@$(BIN)/pytest --quiet tests/browser/test_pictures.py
	@tools/pictures docs/pictures build/pictures/{overview,flame,functions,tree,source,threads,heat,counters,heap}-light.png
	@tools/pictures docs build/pictures/all.png

test: test-rust test-viewer test-python ## run all tests: Rust, TypeScript and Python

# Of all crates, so that those of the extension are compiled with the same features. Examples are checked by clippy.
test-rust: $(STAMPS)/dev ## run the Rust tests
	cargo test --release --locked --workspace --quiet --tests
	cargo test --release --locked --workspace --quiet --doc
	cargo test --release --locked --manifest-path examples/Cargo.toml --target-dir build/examples/rust --quiet

test-viewer: $(STAMPS)/viewer ## run the viewer's tests of layout, search and sums
	npm run --prefix viewer --silent test

# Readers of foreign formats that other people wrote.
$(STAMPS)/readers: tests/readers/package-lock.json
	@mkdir -p $(STAMPS)
	@npm ci --prefix tests/readers --silent --no-audit --no-fund
	@touch $@

# As many at a time as there are cores, those of a file by one process: their programs and recordings are made once.
test-python: build ripgrep counts $(STAMPS)/readers ## run the Python tests
	$(BIN)/pytest --numprocesses auto --dist loadfile -m 'not alone'
	$(BIN)/pytest -m alone

lint: $(STAMPS)/dev $(STAMPS)/viewer ## check formatting, types, layers, and that lock files carry no addresses
	cargo fmt --all --check
	cargo fmt --manifest-path examples/Cargo.toml --check
	cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings
	cargo clippy --release --locked --manifest-path examples/Cargo.toml --target-dir build/examples/rust --all-targets --quiet -- -D warnings
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/pyright
	PYTHONPATH=src $(BIN)/lint-imports --no-cache --no-logo
	npm run --prefix viewer --silent lint
	cargo clippy --release --locked --package pyrometer-python --no-default-features --quiet -- -D warnings
	tools/check-targets
	tools/check-locks

check-targets: $(STAMPS)/dev ## compile what works everywhere for ARM, macOS and Windows (needs their rustup targets)
	tools/check-targets --all

PEERS := inferno@$(INFERNO_VERSION) flamegraph@$(FLAMEGRAPH_VERSION) samply@$(SAMPLY_VERSION) rustfilt@$(RUSTFILT_VERSION)
INSTALL_PEER := CARGO_TARGET_DIR=build/peers/target cargo install --quiet --root build/peers

format: $(STAMPS)/dev $(STAMPS)/viewer ## format all code
	cargo fmt --all
	cargo fmt --manifest-path examples/Cargo.toml
	$(BIN)/ruff check --quiet --fix-only
	$(BIN)/ruff format --quiet
	npm run --prefix viewer --silent format

large: $(STAMPS)/large ## build a program with more than 500 MB of debug info, for the benchmark (20 minutes)

$(STAMPS)/large: bench/large/Cargo.toml bench/large/Cargo.lock bench/large/src/main.rs
	@mkdir -p $(STAMPS)
	@echo 'building a program with much debug info (20 minutes)'
	@cargo build --release --locked --quiet --manifest-path bench/large/Cargo.toml --target-dir build/large
	@touch $@

peers: $(STAMPS)/system ## build the tools that the benchmark compares with (perf comes from the system)
	@for peer in $(PEERS); do \
	  if test -e "$(STAMPS)/$$peer"; then continue; fi; \
	  echo "building $$peer"; \
	  if $(INSTALL_PEER) --locked "$$peer"; then touch "$(STAMPS)/$$peer"; continue; fi; \
	  echo "$$peer cannot be built with its own lock file: trying newer dependencies"; \
	  if $(INSTALL_PEER) "$$peer"; then touch "$(STAMPS)/$$peer"; continue; fi; \
	  echo "$$peer cannot be built here: the benchmark will say so"; \
	done

# What is ours in the benchmarks. They ask for it themselves: a part that is run alone must not measure an older one.
measured: build
	@mkdir -p build/bench
	@$(BIN)/python -m compileall -q src # as an installation does
	@cargo build --release --locked --quiet --package pyrometer-symbols --example resolve_addresses
	@cargo build --release --locked --quiet --package pyrometer-formats --example read_rate
	@cargo build --release --locked --quiet --manifest-path examples/Cargo.toml --target-dir build/examples/rust

bench: measured ripgrep counts peers large $(STAMPS)/readers ## measure against the peers; writes the tables in bench/
	$(BIN)/python -m bench.run
	$(BIN)/python -m bench.viewer

wheel: $(STAMPS)/dev $(PAGE) ## build a wheel into dist/ and try it in a fresh environment
	@rm -rf dist build/wheel
	@$(BIN)/maturin build --release --out dist > build/maturin.log 2>&1 || { cat build/maturin.log; exit 1; }
	@$(PYTHON) -m venv build/wheel
	@build/wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	@cd build/wheel && bin/pyrometer --version && bin/python -c 'from pyrometer.show import report; report.assemble("", "")'
	@ls -sh dist/*.whl

fuzz: ## run every fuzz target, or FUZZ_TARGETS, for FUZZ_SECONDS each (builds cargo-fuzz where it is missing)
	@tools/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

lock: $(STAMPS)/dev ## pin the newest allowed versions of everything in requirements/dev.in
	@test -x build/uv/bin/uv || { $(PYTHON) -m venv build/uv; build/uv/bin/python -m pip install --quiet uv==$(UV_VERSION); }
	@env -u PIP_FIND_LINKS build/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  pyproject.toml requirements/dev.in -o requirements/dev.txt
	@tools/check-locks

clean: ## remove everything that was built, the environment included
	rm -rf build dist target .venv
	rm -rf viewer/node_modules src/pyrometer/show/page
	find src -name '*.so' -delete
