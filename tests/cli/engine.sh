#!/usr/bin/env bash
# Tests of the Engine API in both forms, made from official blockchain tests: payloads that are right, payloads that are refused and why, and what
# is wrong with a test.
. "$(dirname "$0")/common.bash"
[ -n "$WEFT_FIXTURES" ] && command -v python3 >/dev/null || { echo "no fixtures or no python3: not checked" && exit 77; }
here=$(dirname "$0")/..

count=0
for part in paris shanghai/eip4895_withdrawals cancun/eip4844_blobs prague/eip7702_set_code_tx osaka; do
    for file in $(find "$WEFT_FIXTURES/blockchain_tests/$part" -name '*.json' -size -2000k 2>/dev/null | sort | head -n 2); do
        count=$((count + $(python3 "$here/engine_x.py" "$file" "$folder")))
    done
done
[ $count -gt 10 ] || { echo "no blockchain tests to make them from: not checked" && exit 77; }
for form in engine engine_x; do
    "$weft" blocktest --executor all "$folder/blockchain_tests_$form" >"$folder/out" 2>"$folder/err"
    [ "$(cat "$folder/out")" = "$count passed, 0 failed, 0 skipped" ] || complain "$form, $count tests: $(head -n 3 "$folder/out") $(cat "$folder/err")"
done

# One test that is valid, with blobs' fields, changed in each way.
python3 "$here/engine_x.py" "$(find "$WEFT_FIXTURES/blockchain_tests/cancun/eip1153_tstore" -name '*.json' | sort | head -n 1)" "$folder/one" >/dev/null
mv "$folder"/one/blockchain_tests_engine_x/cancun/*.json "$folder/one/blockchain_tests_engine_x/cancun/test.json"
judges() { # judges TEXT CODE: what the first test says when CODE has changed it; TEXT "" for none but a pass
    python3 - "$folder/one/blockchain_tests_engine_x/cancun" "$2" <<'P'
import json, sys
document = json.load(open(sys.argv[1] + "/test.json"))
name, c = next((n, c) for n, c in document.items() if c["network"] == "Cancun")
p = c["engineNewPayloads"][0]
payload, params = p["params"][0], p["params"]
exec(sys.argv[2])
json.dump({name: c}, open(sys.argv[1] + "/changed.json", "w"))
P
    "$weft" blocktest --executor both "$folder/one/blockchain_tests_engine_x/cancun/changed.json" >"$folder/out" 2>"$folder/err"
    if [ -z "$1" ]; then
        grep -qx "1 passed, 0 failed, 0 skipped" "$folder/out" || complain "$2: $(head -n 1 "$folder/out") $(cat "$folder/err")"
    else
        grep -q "^FAILED.*$1" "$folder/out" || complain "$2: expected '$1', found: $(head -n 1 "$folder/out") $(cat "$folder/err")"
    fi
}
refused="c['lastblockhash'] = payload['parentHash']; c['postStateDiff'] = {}"
judges "" "pass"
judges "refused: BLOCK_HASH" "payload['gasUsed'] = '0x1'"
judges "" "payload['gasUsed'] = '0x1'; p['validationError'] = 'BlockException.INVALID_BLOCK_HASH'; $refused"
judges "refused: PAYLOAD_VERSIONED_HASHES" "params[1] = ['0x01' + '11' * 31]"
judges "" "params[1] = ['0x01' + '11' * 31]; p['validationError'] = 'BlockException.INVALID_VERSIONED_HASHES'; $refused"
judges "refused: BLOCK_HASH" "params[2] = '0x' + '11' * 32"
judges "refused: PAYLOAD_VERSION" "p['newPayloadVersion'] = '4'"
judges "" "p['newPayloadVersion'] = '4'; p['errorCode'] = '-38005'; $refused"
judges "refused for PAYLOAD_FIELDS.*expected -38005" "del payload['excessBlobGas']; p['errorCode'] = '-38005'"
judges "" "del payload['excessBlobGas']; p['errorCode'] = '-32602'; $refused"
judges "" "del params[2]; p['errorCode'] = '-32602'; $refused"
judges "" "payload['withdrawals'] = None; p['errorCode'] = '-32602'; $refused"
judges "accepted, expected -32602" "p['errorCode'] = '-32602'"
judges "unknown name -1" "p['errorCode'] = '-1'"
judges "lastblockhash" "c['lastblockhash'] = payload['parentHash']"
judges "state at the end: account 0x" "c['postStateDiff'].pop(next(iter(c['postStateDiff'])))"
judges "state at the end: account 0x.*: existence is 0x1, expected 0x0" "c['postStateDiff'][next(iter(c['postStateDiff']))] = None"
judges "postStateHash" "c['postStateHash'] = '0x' + '11' * 32"
judges "preHash: .*No such file" "c['preHash'] = '0x00'"
exit $bad
