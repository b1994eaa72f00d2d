#!/usr/bin/env bash
# An interrupt ends a run cleanly: exit status 130, and the summary of what was done so far.
weft=$1
[ -n "$WEFT_FIXTURES" ] || { echo "no fixtures: not checked" && exit 0; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# Background jobs of a shell ignore SIGINT; env gives it back its usual meaning.
env --default-signal=INT "$weft" blocktest --threads 1 "$WEFT_FIXTURES/benchmark/blockchain_tests" >"$out" 2>&1 &
pid=$!
sleep 0.5
kill -INT $pid
wait $pid
status=$?
[ $status = 130 ] || { echo "exit status $status, expected 130" && exit 1; }
tail -n 1 "$out" | grep -qE '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' || { echo "no summary: $(tail -n 1 "$out")" && exit 1; }
