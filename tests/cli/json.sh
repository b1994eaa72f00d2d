#!/usr/bin/env bash
# --json: one object a line with the promised fields, and nothing else on stdout; no colours where stdout is no terminal.
weft=$1
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
bad=0

objects() { # objects NAMES ARGUMENT...
    local names=$1
    shift
    "$weft" "$@" 2>/dev/null | python3 -c '
import json, sys
names = sys.argv[1].split()
lines = sys.stdin.read().splitlines()
assert lines, "no output"
for line in lines:
    value = json.loads(line)
    missing = [n for n in names if n not in value]
    assert not missing, f"{missing} not in {line}"
    assert value.get("verified", True) is True, line
' "$names" || {
        echo "weft $*"
        bad=1
    }
}

objects "workload txs gas threads serial_ms parallel_ms cpu_ms speedup ideal reruns conflicts verified" \
    bench --json --size 50 --repeat 1 --threads 1,2
objects "opcode shape fork gas times fast plain verified code twin check" bench --opcodes --json --repeat 1 \
    ADD mulmod JUMPI KECCAK256 SLOAD sstore CALL RETURN CREATE2 LOG4 modexp blake2f
objects "opcode verified" bench --opcodes --json --repeat 1 --fork Amsterdam DUPN SWAPN EXCHANGE SLOTNUM CREATE SSTORE
objects "fork" fork --json
objects "fork op.CLZ" fork Osaka --json
objects "fork op.CLZ" fork Osaka --diff --json
if [ -n "$WEFT_FIXTURES" ]; then
    objects "block fork txs gas threads serial_ms parallel_ms cpu_ms speedup reruns conflicts verified" \
        replay --json "$WEFT_FIXTURES/mainnet_blocks/46147"
    objects "file case fork verdict" statetest --json "$WEFT_FIXTURES/state_tests/cancun/eip1153_tstore"
    objects "file case fork verdict" blocktest --json "$WEFT_FIXTURES/blockchain_tests/frontier/examples"
fi
if "$weft" bench --size 50 --repeat 1 --threads 1 transfers | grep -q $'\033'; then
    echo "colours in a pipe"
    bad=1
fi
exit $bad
