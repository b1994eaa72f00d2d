#!/usr/bin/env bash
# weft witness: the witness that a test has comes out, from serial and parallel execution; --check says so in one line.
weft=$1
[ -n "$WEFT_FIXTURES" ] && [ -d "$WEFT_FIXTURES/blockchain_tests_zkevm" ] || { echo "no fixtures: not checked" && exit 77; }
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
bad=0
tests=$(find "$WEFT_FIXTURES/blockchain_tests_zkevm" -name '*.json' -path '*witness_bytecodes_call_variants*' | sort)
folder=$(dirname "$(head -n 1 <<<"$tests")")

for executor in serial parallel; do
    "$weft" witness --executor $executor --workers 2 "$folder" 2>/dev/null | python3 -c '
import json, sys
count = 0
for line in sys.stdin:
    made = json.loads(line)
    blocks = json.load(open(made["file"]))[made["case"]]["blocks"]
    own = [b["executionWitness"] for b in blocks if int(b["blockHeader"]["number"], 16) == made["block"]]
    assert own == [made["executionWitness"]], made["case"]
    count += 1
assert count > 0
' || bad=1
done
"$weft" witness --check "$folder" | grep -qE '^[1-9][0-9]* passed, 0 failed, 0 skipped$' || bad=1
if [ -d "$WEFT_FIXTURES/mainnet_blocks/46147" ]; then
    "$weft" witness "$WEFT_FIXTURES/mainnet_blocks/46147" | python3 -c '
import json, sys
made = json.loads(sys.stdin.read())
assert made["block"] == 46147 and made["executionWitness"]["state"]
' || bad=1
fi
exit $bad
