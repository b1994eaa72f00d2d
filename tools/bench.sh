#!/usr/bin/env bash
# tools/bench.sh BUILD: runs the micro benches (bench/NAME.c), then the block benches of the command.
set -euo pipefail
cd "$(dirname "$0")/.."
for bench in "$1"/bench_*; do
    [ -x "$bench" ] || continue
    echo "== ${bench##*/bench_}"
    "$bench"
done
if [ -x "$1/weft" ]; then
    echo "== weft bench"
    "$1/weft" bench
fi
