#!/usr/bin/env bash
# weft t8n: output files and streams, rejected transactions, exit codes, and the same bytes from every executor.
. "$(dirname "$0")/common.bash"

has() { # has FILE TEXT
    grep -qF -- "$2" "$folder/$1" || complain "expected '$2' in $1: $(head -c 300 "$folder/$1")"
}

exits() { # exits CODE ARGUMENT...: with the files of the folder as input
    local code=$1 status
    shift
    (cd "$folder" && "$weft" t8n "$@" >out 2>err </dev/null)
    status=$?
    [ $status = "$code" ] || complain "weft t8n $*: exit status $status, expected $code: $(cat "$folder/err")"
}

weft=$(realpath "$weft")
key=0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8
cat >"$folder/alloc.json" <<EOF
{"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b": {"balance": "1000000000000000000"},
 "00000000000000000000000000000000000000aa": {"balance": "0x0", "code": "0x6001600055600160005260206000a000", "storage": {"0x02": "0x03"}}}
EOF
cat >"$folder/env.json" <<EOF
{"currentCoinbase": "0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", "currentDifficulty": "0x20000", "currentGasLimit": "30000000",
 "currentNumber": "1", "currentTimestamp": "1000", "currentBaseFee": "0x7"}
EOF
cat >"$folder/txs.json" <<EOF
[{"gas": "0x186a0", "gasPrice": "0x10", "input": "0x", "nonce": "0x0", "to": "0x00000000000000000000000000000000000000aa",
  "value": "0x1", "v": "0x0", "r": "0x0", "s": "0x0", "secretKey": "$key"},
 {"gas": "0x186a0", "gasPrice": "0x10", "input": "0x", "nonce": "0x5", "to": null,
  "value": "0x1", "v": "0x0", "r": "0x0", "s": "0x0", "secretKey": "$key"}]
EOF

exits 0 --state.fork London --output.basedir made/here --output.body=txs.rlp
has made/here/alloc.json '"balance": "0x1"'
has made/here/result.json '"error": "nonce too high"'
has made/here/result.json '"index": 1'
has made/here/result.json '"stateRoot": "0x857ded1f71b3c9319ddf258037bcdc55afdd8f86ed063434eb2b5d4a2c38d2cc"'

# What came out as the body goes in again, and nothing is rejected.
exits 0 -state.fork=London -input.txs made/here/txs.rlp --output.alloc "" --output.result stdout
grep -q rejected "$folder/out" && complain "a transaction of the body was rejected"
has out "$(grep stateRoot "$folder/made/here/result.json")"

# Every executor gives the same bytes, on stdin and stdout as well.
printf '{"alloc": %s, "env": %s, "txs": %s}' "$(cat "$folder/alloc.json")" "$(cat "$folder/env.json")" \
    "$(cat "$folder/txs.json")" >"$folder/all.json"
streams="--input.alloc stdin --input.env stdin --input.txs stdin --output.alloc stdout --output.result stdout --output.body stdout"
for executor in "serial" "parallel --threads 1" "parallel --threads 4" "both" "all --threads 1,3"; do
    # shellcheck disable=SC2086
    "$weft" t8n $streams --state.fork London --executor $executor <"$folder/all.json" >"$folder/now" || complain "--executor $executor fails"
    [ -e "$folder/first" ] || cp "$folder/now" "$folder/first"
    cmp "$folder/first" "$folder/now" || complain "--executor $executor gives other bytes"
done

# Traces, one file for each transaction that was included.
exits 0 --state.fork London --trace --trace.nostack --output.basedir traces --output.alloc ""
ls "$folder"/traces/trace-0-0x*.jsonl >/dev/null || complain "expected traces/trace-0-HASH.jsonl"
grep -q '"opName":"SSTORE"' "$folder"/traces/trace-0-0x*.jsonl || complain "expected SSTORE in the trace"
[ "$(ls "$folder/traces" | wc -l)" = 2 ] || complain "expected one trace and the result: $(ls "$folder/traces")"

# A link named evm is taken for geth's tool.
ln -s "$weft" "$folder/evm"
"$folder/evm" --version | grep -qE '^evm version weft' || complain "evm --version: expected 'evm version'"
"$folder/evm" t8n --help | grep -qw Prague || complain "evm t8n --help: expected the names of forks"

# Blob and set-code transactions have a recipient, also where they come as JSON; a parity is 0 or 1.
zeros=$(printf '0%.0s' {1..62})
cat >"$folder/late.json" <<EOF
{"currentCoinbase": "0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", "currentRandom": "0x0", "currentGasLimit": "30000000", "currentNumber": "1",
 "currentTimestamp": "1000", "currentBaseFee": "0x7", "withdrawals": [], "parentBeaconBlockRoot": "0x00$zeros", "currentExcessBlobGas": "0x0"}
EOF
typed='"gas": "0x186a0", "maxFeePerGas": "0x10", "maxPriorityFeePerGas": "0x0", "input": "0x", "nonce": "0x0", "value": "0x0", "chainId": "0x1"'
blobs='"type": "0x3", "maxFeePerBlobGas": "0x9", "v": "0x0", "r": "0x0", "s": "0x0"'
blobs="$typed, $blobs, \"secretKey\": \"$key\", \"blobVersionedHashes\": [\"0x01$zeros\"]"
echo "[{$blobs, \"to\": null}, {$blobs}, {$blobs, \"to\": \"0x00000000000000000000000000000000000000aa\"}]" >"$folder/nowhere.json"
exits 0 --state.fork Cancun --input.env late.json --input.txs nowhere.json --output.result stdout --output.alloc ""
[ "$(grep -c 'decoding into (types.BlobTx).To' "$folder/out")" = 2 ] || complain "blob transactions without recipient: $(cat "$folder/out")"
has out '"blobGasUsed": "0x20000"'
echo "[{$typed, \"type\": \"0x2\", \"to\": null, \"v\": \"0x2\", \"r\": \"0x1\", \"s\": \"0x1\"}]" >"$folder/parity.json"
exits 10 --state.fork Cancun --input.env late.json --input.txs parity.json
has err "yParity: expected 0 or 1"

exits 2 --state.chain 1
exits 3 --state.fork Nowhere
exits 3 --state.fork London+9999
exits 0 --state.fork Istanbul+3198 --output.alloc "" --output.result ""
exits 3 --state.fork Paris # no currentRandom
exits 3 --state.fork Shanghai
exits 3 --state.reward much
exits 11 --input.env missing.json
sed 's/"0x7"/"seven"/' "$folder/env.json" >"$folder/wrong.json"
exits 10 --state.fork London --input.env wrong.json
echo '[' >"$folder/cut.json"
exits 10 --input.txs cut.json
echo '"0xc301"' >"$folder/cut.rlp"
exits 12 --state.fork London --input.txs cut.rlp
# BLOCKHASH of a block whose hash is not given.
sed 's/"0x6001600055600160005260206000a000"/"0x60004000"/' "$folder/alloc.json" >"$folder/asks.json"
exits 4 --state.fork London --input.alloc asks.json
has err "ERROR(4)"
exit $bad
