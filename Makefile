# weft: a thin face on CMake (CMakePresets.json, CMakeLists.txt). `make help` names everything.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
# Compile for this machine's processor alone? By default what is built here and used here is, and what is installed is not.
NATIVE ?=
# More for clang-tidy's list of checks than .clang-tidy says.
CHECKS ?=
# The seconds that `make fuzz` gives each target, and that `make explore-long` searches.
FUZZ_SECONDS ?= 30
EXPLORE_SECONDS ?= 3600
PREFIX ?= /usr/local
ARGS ?=
FILTER ?=

SOURCES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' 2>/dev/null)

.DEFAULT_GOAL := build
.PHONY: help deps build run test unit check asan tsan rare debug gcc clang fuzz fuzz-fast difffuzz explore explore-long lint tidy clang-tidy format format-check symbols instructions bench \
	evmc examples install installable uninstall docs clean distclean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install and unpack all that building, testing and linting need
	tools/deps.sh

build: ## the release build: build/weft and the libraries
	@mkdir -p build 2>/dev/null && test -w build || { echo "$(CURDIR)/build cannot be written to: build in a copy that is yours" >&2; exit 1; }
	@tools/deps.sh --min --quiet
	@cmake --preset release -DWEFT_NATIVE=$(or $(NATIVE),ON) $(CMAKE_ARGS) >/dev/null
	@cmake --build build --parallel $(JOBS)

run: build ## build, then the main job: replay real blocks if they are here; or a command: make run ARGS="replay PATH"
	@tools/run.sh $(ARGS)

test: build ## unit tests, then the official fixtures when they are there
	@tests/run.sh

unit: build ## unit tests alone: make unit FILTER=rlp
	@build/weft_tests --filter "$(FILTER)"

# A build in a folder of its own and its unit tests.
asan tsan rare debug gcc clang:
	@tools/deps.sh --quiet
	@cmake --preset $@ $(CMAKE_ARGS) >/dev/null
	@cmake --build build-$@ --parallel $(JOBS)
	@build-$@/weft_tests --filter "$(FILTER)"

asan: ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
tsan: ## unit tests under ThreadSanitizer
rare: ## unit tests in a build that forces rare paths
debug: ## unit tests in a debug build
gcc: ## release build with gcc, warnings are errors, unit tests
clang: ## release build with clang 19, warnings are errors, unit tests

fuzz: ## run every fuzz target for FUZZ_SECONDS (30)
	@tools/deps.sh --quiet
	@cmake --preset fuzz $(CMAKE_ARGS) >/dev/null
	@cmake --build build-fuzz --parallel $(JOBS) --target fuzzers
	@tools/fuzz.sh build-fuzz $(FUZZ_SECONDS)

fuzz-fast: ## the same without sanitizers: many more inputs a second
	@tools/deps.sh --quiet
	@cmake --preset fuzz-fast $(CMAKE_ARGS) >/dev/null
	@cmake --build build-fuzz-fast --parallel $(JOBS) --target fuzzers
	@tools/fuzz.sh build-fuzz-fast $(FUZZ_SECONDS)

difffuzz: build ## random blocks: all executors, geth's evm (GETH_EVM), ethereum-spec-evm (EELS_EVM); SECONDS=60 SEED=
	@python3 tests/diff/difffuzz.py build/weft --seconds $(or $(filter-out 0,$(SECONDS)),60) $(if $(SEED),--seed $(SEED)) \
		$(addprefix --evm ,$(or $(GETH_EVM),$(shell command -v evm))) \
		$(addprefix --eels ,$(or $(EELS_EVM),$(shell command -v ethereum-spec-evm)))

explore: ## interleavings of the parallel core, faults put back, mutants: some minutes (docs/exploring.md)
	@tools/deps.sh --quiet
	@cmake --preset explore -DWEFT_NATIVE=$(or $(NATIVE),ON) $(CMAKE_ARGS) >/dev/null
	@cmake --build build-explore --parallel $(JOBS) --target explorers
	@tests/explore/run.sh build-explore

explore-long: ## the same for EXPLORE_SECONDS (3600), with new seeds, and all mutants
	@tools/deps.sh --quiet
	@cmake --preset explore -DWEFT_NATIVE=$(or $(NATIVE),ON) $(CMAKE_ARGS) >/dev/null
	@cmake --build build-explore --parallel $(JOBS) --target explorers
	@tests/explore/run.sh build-explore $(EXPLORE_SECONDS)

tidy: ## layers, names, form (tools/tidy.py)
	@python3 tools/tidy.py

lint: tidy format-check clang-tidy ## tidy, format-check and clang-tidy

clang-tidy: ## clang-tidy over the sources that the release build compiles (CHECKS=-clang-analyzer-*: without the slow half)
	@tools/deps.sh --quiet
	@cmake --preset release -DWEFT_NATIVE=$(or $(NATIVE),ON) $(CMAKE_ARGS) >/dev/null
	@grep -o '"file": "[^"]*/src/[^"]*\.c"' build/compile_commands.json | cut -d'"' -f4 | sort -u | \
		xargs -d '\n' -P $(JOBS) -n 4 clang-tidy-19 --quiet -p build --checks='$(CHECKS)' --warnings-as-errors='*' 2>/dev/null

format: ## rewrite all sources with clang-format
	@tools/deps.sh --quiet
	@clang-format-19 -i $(SOURCES)

format-check: ## fail where clang-format would change something
	@tools/deps.sh --quiet
	@clang-format-19 --dry-run -Werror $(SOURCES)

installable:
	@tools/deps.sh --min --quiet
	@cmake --preset install -DWEFT_NATIVE=$(or $(NATIVE),OFF) $(CMAKE_ARGS) >/dev/null
	@cmake --build build-install --parallel $(JOBS) --target installable

evmc: ## libweft-evmc.so, the VM as a module for EVMC hosts, and its tests (Go fetches EVMC's header, once)
	@tools/deps.sh --min --quiet
	@tools/evmc.sh
	@cmake --preset release -DWEFT_NATIVE=$(or $(NATIVE),ON) $(CMAKE_ARGS) >/dev/null
	@cmake --build build --parallel $(JOBS) --target weft_evmc weft_evmc_tests weft_over_evmc bench_evmc
	@tests/run.sh evmc

symbols: installable ## check that libweft exports only weft_ symbols
	@python3 tools/symbols.py build-install

instructions: gcc ## instructions executed for fixed work, against what was recorded (bench/instructions.csv)
	@tools/instructions.py build-gcc

bench: build ## build the micro benches and run them and `weft bench`
	@cmake --build build --parallel $(JOBS) --target benches
	@tools/bench.sh build

examples: installable ## build and run the examples against what would be installed; run that on other processors (valgrind, qemu-user)
	@tests/api/install_test.sh build-install

install: installable ## install the command, the libraries and headers under PREFIX (/usr/local); DESTDIR works
	@cmake --install build-install --prefix "$(PREFIX)"
	@(cat build-install/install_manifest.txt; echo) >build-install/installed

uninstall: ## remove what `make install` installed; DESTDIR as then
	@test -e build-install/installed || { echo "make uninstall: nothing was installed from here" >&2; exit 1; }
	@sed 's,^,$(DESTDIR),' build-install/installed | xargs -d '\n' rm -f
	@sed 's,^,$(DESTDIR),; s,/[^/]*$$,,; p; s,/[^/]*$$,,' build-install/installed | grep -E '/(weft|glibc-hwcaps)(/|$$)' | sort -ru | \
		xargs -d '\n' rmdir --ignore-fail-on-non-empty
	@rm build-install/installed

docs: ## the API reference into build/docs (needs doxygen)
	@command -v doxygen >/dev/null || { echo "make docs: doxygen is not installed" >&2; exit 1; }
	@doxygen docs/Doxyfile

clean: ## remove all build folders
	rm -rf build build-*

distclean: clean ## and what is cached and vendored
	rm -rf .cache deps/vendor
