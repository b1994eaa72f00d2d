#!/usr/bin/env bash
# tools/fuzz.sh BUILD SECONDS: runs every fuzz target of a fuzz build for so long, over the seeds that tools/fuzz_seeds.py makes and what
# earlier runs found (both in .cache/corpus/NAME). Ends with `N passed, N failed`; an input that broke a target is kept in .cache/crashes.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1 seconds=$2 passed=0 failed=0
mkdir -p .cache/crashes
python3 tools/fuzz_seeds.py .cache/corpus || exit
for target in "$build"/fuzz_*; do
    [ -x "$target" ] || continue
    name=${target##*/fuzz_}
    corpus=.cache/corpus/$name
    mkdir -p "$corpus"
    log=$(mktemp)
    if "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -artifact_prefix=".cache/crashes/$name-" \
        "$corpus" >"$log" 2>&1; then
        echo "ok    $name: $(grep -oE 'Done [0-9]+ runs' "$log" | tail -n 1)"
        passed=$((passed + 1))
    else
        echo "FAIL  $name"
        tail -n 40 "$log"
        failed=$((failed + 1))
    fi
    rm -f "$log"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
