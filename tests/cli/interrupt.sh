#!/usr/bin/env bash
# An interrupt ends a run cleanly: exit status 130, and what was done so far is shown or kept.
. "$(dirname "$0")/common.bash"

ends() { # ends TICKS ARGUMENT...: interrupted after so much work; sets $after, the ticks that it worked on
    local work=$1 pid status before ticks
    shift
    # Background jobs of a shell ignore SIGINT; env gives it back its usual meaning.
    env --default-signal=INT "$weft" "$@" >"$folder/out" 2>&1 &
    pid=$!
    await_work $pid "$work"
    before=$(ticks_of $pid) || complain "weft $*: over before it was interrupted"
    kill -INT $pid
    after=0
    while ticks=$(ticks_of $pid); do
        after=$((ticks - before))
        sleep 0.02
    done
    wait $pid
    status=$?
    [ $status = 130 ] || complain "weft $*: exit status $status, expected 130"
}

ends 30 run --gas 1000000000000000 5b600056
ends 50 bench --repeat 100000 transfers
for size in "--repeat 100000" "--size 300000"; do
    # shellcheck disable=SC2086
    ends 150 explain $size chain
    [ "$after" -le 600 ] || complain "weft explain $size: worked on for $after hundredths of a second"
done
ends 150 explain --repeat 100000 --size 200 -o "$folder/page.html" transfers
[ -s "$folder/page.html" ] || complain "an interrupted explain: expected the page of what was found out"
ends 50 make-chain --genesis "$folder/genesis.json" --blocks 100000 "$folder/chain"
"$weft" make-chain --genesis "$folder/genesis.json" --blocks 300 "$folder/chain" >/dev/null 2>&1 || complain "make-chain fails"
ends 30 import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/chain"
"$weft" db check --datadir "$folder/store" >"$folder/out" 2>&1 || complain "db check after an interrupted import: $(cat "$folder/out")"
"$weft" import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/chain" >"$folder/out" 2>&1
grep -q "^head is block 300" "$folder/out" || complain "an interrupted import does not go on: $(cat "$folder/out")"
if [ -n "$WEFT_FIXTURES" ]; then
    ends 50 replay --repeat 10000 "$WEFT_FIXTURES/mainnet_blocks"
    grep -q " blocks " "$folder/out" || complain "replay: no summary"
    ends 50 blocktest --threads 1 "$WEFT_FIXTURES/benchmark/blockchain_tests"
    tail -n 1 "$folder/out" | grep -qE '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' || complain "no summary: $(tail -n 1 "$folder/out")"
fi
exit $bad
