#!/usr/bin/env bash
# tools/bench.sh BUILD: runs the micro benches (bench/NAME.c), then those of the command: instructions and precompiled contracts, workloads.
# Those that need fixtures ($WEFT_FIXTURES, see tests/fixtures.sh) are left out where there are none.
set -euo pipefail
cd "$(dirname "$0")/.."
fixtures=${WEFT_FIXTURES:-}
for bench in "$1"/bench_*; do
    [ -x "$bench" ] || continue
    name=${bench##*/bench_}
    arguments=()
    case $name in
        interpreter) arguments=("$fixtures/evm-benchmarks") && needs=$fixtures/evm-benchmarks ;;
        precompile) needs=$fixtures/precompile-vectors.tsv ;;
        trie) arguments=(--pairs 1000000) && needs=/ ;;
        *) needs=/ ;;
    esac
    echo "== $name"
    if [ -e "$needs" ]; then "$bench" "${arguments[@]}"; else echo "left out: $needs is not there"; fi
done
if [ -x "$1/weft" ]; then
    echo "== weft bench --opcodes"
    "$1/weft" bench --opcodes
    echo "== weft bench"
    "$1/weft" bench
fi
