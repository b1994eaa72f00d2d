#!/usr/bin/env bash
# An interrupt ends a run cleanly: exit status 130, and what was done so far is shown or kept.
. "$(dirname "$0")/common.bash"

ends() { # ends SECONDS ARGUMENT...: interrupted after so long
    local after=$1 pid status since
    shift
    # Background jobs of a shell ignore SIGINT; env gives it back its usual meaning.
    env --default-signal=INT "$weft" "$@" >"$folder/out" 2>&1 &
    pid=$!
    sleep "$after"
    since=$(date +%s)
    kill -INT $pid
    wait $pid
    status=$?
    took=$(($(date +%s) - since)) # a second more or less
    [ $status = 130 ] || complain "weft $*: exit status $status, expected 130"
}

ends 0.3 run --gas 1000000000000000 5b600056
ends 0.5 bench --repeat 100000 transfers
for size in "--repeat 100000" "--size 300000"; do
    # shellcheck disable=SC2086
    ends 1.5 explain $size chain
    [ $took -le 3 ] || complain "weft explain $size: took $took s to end"
done
ends 1.5 explain --repeat 100000 --size 200 -o "$folder/page.html" transfers
[ -s "$folder/page.html" ] || complain "an interrupted explain: expected the page of what was found out"
ends 0.5 make-chain --genesis "$folder/genesis.json" --blocks 100000 "$folder/chain"
"$weft" make-chain --genesis "$folder/genesis.json" --blocks 300 "$folder/chain" >/dev/null 2>&1 || complain "make-chain fails"
ends 0.3 import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/chain"
"$weft" db check --datadir "$folder/store" >"$folder/out" 2>&1 || complain "db check after an interrupted import: $(cat "$folder/out")"
"$weft" import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/chain" >"$folder/out" 2>&1
grep -q "^head is block 300" "$folder/out" || complain "an interrupted import does not go on: $(cat "$folder/out")"
if [ -n "$WEFT_FIXTURES" ]; then
    ends 0.5 replay --repeat 10000 "$WEFT_FIXTURES/mainnet_blocks"
    grep -q " blocks " "$folder/out" || complain "replay: no summary"
    ends 0.5 blocktest --threads 1 "$WEFT_FIXTURES/benchmark/blockchain_tests"
    tail -n 1 "$folder/out" | grep -qE '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' || complain "no summary: $(tail -n 1 "$folder/out")"
fi
exit $bad
