# SPDX-License-Identifier: Apache-2.0
# The front door. CMake and Ninja do the work; see CMakePresets.json and CONTRIBUTING.md.

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: asan build deps ci-deps test demo bare-chip bench fuzz format lint install uninstall clean ci help

build: ## build/birthmark (the default)
	@command -v cmake >/dev/null || { echo "cmake is missing: run 'make deps'" >&2; exit 1; }
	@test -f build/build.ninja || cmake --preset release
	@cmake --build build

deps: ## install what building and testing need (Debian, Ubuntu); elsewhere say what is missing
	@scripts/deps.sh

ci-deps:
	@scripts/deps.sh --ci

asan: deps
	@test -f build-asan/build.ninja || cmake --preset asan
	@cmake --build build-asan

test: deps ## all tests, first as released, then under ASan and UBSan
	@$(MAKE) --no-print-directory build asan
	@scripts/test.sh build build-asan

demo: deps ## from a certificate to an image and back, on this machine
	@$(MAKE) --no-print-directory build
	@bash examples/demo.sh build

bare-chip: deps ## firmware for a bare ESP32 and ESP32-C3, versions 1.0 and 1.1, in build/bare-chip
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory -C examples/bare-chip BIRTHMARK=$(CURDIR)/build/birthmark OUT=$(CURDIR)/build/bare-chip

bench: deps ## measure, and write docs/performance.md
	@$(MAKE) --no-print-directory build
	@bench/run.sh build

fuzz: ## run each fuzz target for FUZZ_SECONDS (60)
	@scripts/deps.sh --ci
	@test -f build-fuzz/build.ninja || cmake --preset fuzz
	@cmake --build build-fuzz
	@scripts/fuzz.sh build-fuzz $(FUZZ_SECONDS)

format: ## clang-format all C files in place
	@scripts/lint.sh --format

lint: ci-deps ## format check, clang-tidy, shellcheck
	@cmake --preset release >/dev/null
	@scripts/lint.sh build $(JOBS)

install: build ## to PREFIX (/usr/local), below DESTDIR
	@DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)"

uninstall: ## remove what the last install put there
	@test -f build/install_manifest.txt || { echo "nothing was installed from here"; exit 1; }
	@while read -r f || [ -n "$$f" ]; do rm -f -- "$(DESTDIR)$$f"; done <build/install_manifest.txt

clean: ## remove all build folders
	rm -rf build build-dev build-asan build-clang build-fuzz build-freestanding

ci: ## everything that the continuous integration runs
	@.ci/run

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'
