#!/usr/bin/env bash
# An interrupt ends a run cleanly: exit status 130, and what was done so far is shown or kept.
. "$(dirname "$0")/common.bash"

bound=$((120 * $(nproc))) # a second on each processor, and what ends it

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
    [ "$after" -le "$bound" ] || complain "weft $*: worked on for $after hundredths of a second"
}

# A call that does not end in its time, for t8n.
zeros=$(printf '0%.0s' {1..38})
key=0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8
cat >"$folder/alloc.json" <<E
{"0x${zeros}aa": {"balance": "0x0", "code": "0x5b600056"}, "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b": {"balance": "0x1"}}
E
cat >"$folder/env.json" <<E
{"currentCoinbase": "0x${zeros}00", "currentDifficulty": "0x1", "currentGasLimit": "0xffffffffffff", "currentNumber": "1",
 "currentTimestamp": "1", "currentBaseFee": "0x0"}
E
cat >"$folder/txs.json" <<E
[{"gas": "0xffffffffff", "gasPrice": "0x0", "input": "0x", "nonce": "0x0", "to": "0x${zeros}aa", "value": "0x0", "v": "0x0", "r": "0x0",
  "s": "0x0", "secretKey": "$key"}]
E
t8n="t8n --state.fork London --input.alloc $folder/alloc.json --input.env $folder/env.json --input.txs $folder/txs.json"
"$weft" make-chain --genesis "$folder/genesis.json" --blocks 300 "$folder/chain" >/dev/null 2>&1 || complain "make-chain fails"
before=$(cksum <"$folder/chain")

# After so much work (hundredths of a second), each command that can last.
while read -r ticks arguments; do
    # shellcheck disable=SC2086
    ends "$ticks" $arguments
done <<E
30 run --gas 1000000000000000 5b600056
30 run --trace --gas 1000000000000 5b600056
30 run --bench=60 --gas 100000000 5b600056
50 bench --repeat 100000 transfers
50 bench --opcodes
50 bench --hostile
80 bench --simulate 2 --size 20000 chain
50 bench --perturb 100000 transfers
80 bench --size 1000000 transfers
150 explain --repeat 100000 chain
150 explain --size 300000 chain
50 $t8n --output.basedir $folder/made
50 make-chain --genesis $folder/genesis.json --blocks 300 --gas-per-block 900000000 $folder/chain
E
[ "$(ls "$folder/made")" = "" ] || complain "an interrupted t8n: $(ls "$folder/made")"

# What was done is kept, or is as it was: pages, chains, stores.
ends 150 explain --repeat 100000 --size 200 -o "$folder/page.html" transfers
[ -s "$folder/page.html" ] || complain "an interrupted explain: expected the page of what was found out"
ends 50 make-chain --genesis "$folder/genesis.json" --blocks 100000 "$folder/chain"
"$weft" import --datadir "$folder/some" --genesis "$folder/genesis.json" "$folder/chain" >"$folder/out" 2>&1 ||
    complain "an interrupted make-chain: expected whole blocks: $(cat "$folder/out")"
"$weft" make-chain --genesis "$folder/genesis.json" --blocks 300 "$folder/chain" >/dev/null 2>&1
[ "$(cksum <"$folder/chain")" = "$before" ] || complain "make-chain after an interrupted one: expected the same chain"
ends 30 import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/chain"
"$weft" db check --datadir "$folder/store" >"$folder/out" 2>&1 || complain "db check after an interrupted import: $(cat "$folder/out")"
"$weft" import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/chain" >"$folder/out" 2>&1
grep -q "^head is block 300" "$folder/out" || complain "an interrupted import does not go on: $(cat "$folder/out")"
ends 5 db check --datadir "$folder/store"
if [ -n "$WEFT_FIXTURES" ]; then
    # --simulate ends the block it is at, so one must not take long.
    for way in "--repeat 10000" "--repeat 10000 --pipeline" "--repeat 50 --simulate 2" "--repeat 10000 --perturb 1000"; do
        # shellcheck disable=SC2086
        ends 50 replay $way "$WEFT_FIXTURES/mainnet_blocks"
        grep -q " blocks" "$folder/out" || complain "replay $way: no summary"
    done
    ends 50 statetest "$WEFT_FIXTURES/state_tests"
    ends 50 witness "$WEFT_FIXTURES/blockchain_tests"
    ends 50 blocktest --threads 1 "$WEFT_FIXTURES/benchmark/blockchain_tests"
    tail -n 1 "$folder/out" | grep -qE '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' || complain "no summary: $(tail -n 1 "$folder/out")"
fi
exit $bad
