#!/usr/bin/env bash
# The command lines, files and answers of those who call geth's `evm`: execution-spec-tests, retesteth, goevmlab.
. "$(dirname "$0")/common.bash"
weft=$(realpath "$weft")
ln -s "$weft" "$folder/evm"
cd "$folder" || exit 1

has() { # has FILE TEXT
    grep -qF -- "$2" "$1" || complain "expected '$2' in $1: $(head -c 600 "$1")"
}
exits() { # exits CODE PROGRAM ARGUMENT...
    local code=$1 status
    shift
    "$@" >out 2>err </dev/null
    status=$?
    [ $status = "$code" ] || complain "$*: exit status $status, expected $code: $(cat err)"
}

# ---- a state test of two results, one of which expects another root; and a transaction that is refused ----

empty=0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347
good=0x88b6ccf28c32f5c96effb546b8ca3dae4428525425255c6a21ca3a0d2b3380a7
before=0x952571d434dc025cdcf3ce9f9251f0b0264bf56688bd81dca3b784fab3170639
zero=0x$(printf '0%.0s' {1..64})
state_test() { # state_test NAME GAS HASH...
    local name=$1 gas=$2 posts=""
    shift 2
    for hash in "$@"; do posts="$posts, {\"hash\": \"$hash\", \"logs\": \"$empty\", \"indexes\": {\"data\": 0, \"gas\": 0, \"value\": 0}}"; done
    echo "\"$name\": {\"env\": {\"currentCoinbase\": \"0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\", \"currentDifficulty\": \"0x20000\",
  \"currentGasLimit\": \"0x5f5e100\", \"currentNumber\": \"0x1\", \"currentTimestamp\": \"0x3e8\"},
 \"pre\": {\"7e5f4552091a69125d5dfcb7b8c2659029395bdf\": {\"balance\": \"0x56bc75e2d63100000\", \"nonce\": \"\", \"code\": \"\", \"storage\": {}}},
 \"transaction\": {\"nonce\": \"0x0\", \"gasLimit\": [\"$gas\"], \"value\": [\"0x0\"], \"data\": [\"0x\"], \"gasPrice\": \"0xa\",
  \"to\": \"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"secretKey\": \"0x$(printf '0%.0s' {1..63})1\"},
 \"post\": {\"Berlin\": [${posts:2}]}}"
}
echo "{$(state_test 'dir/a.py::one[fork_Berlin-x 1]' 0xf4240 $good $zero), $(state_test two 0x1 $before)}" >state.json
echo "{$(state_test fine 0xf4240 $good)}" >fine.json

# geth's program has verdicts in an array, succeeds whatever they are, and names the state root on stderr, also of what was refused.
exits 0 ./evm statetest state.json
command -v python3 >/dev/null && ! python3 - <<P && complain "evm statetest: $(cat out)"
import json
all = json.load(open("out"))
assert [(x["name"], x["pass"], x["fork"], x.get("stateRoot")) for x in all] == [
    ("dir/a.py::one[fork_Berlin-x 1]", True, "Berlin", "$good"), ("dir/a.py::one[fork_Berlin-x 1]", False, "Berlin", "$good"),
    ("two", False, "Berlin", "$before")], all
assert all[0].get("error") is None and all[1]["error"] and all[2]["error"]
P
[ "$(grep -c '^{"stateRoot": "0x' err)" = 3 ] || complain "evm statetest: expected three roots: $(cat err)"
exits 0 ./evm --verbosity 100 statetest --human state.json
has out "1 tests passed, 2 tests failed."
exits 0 ./evm statetest --run 'dir/a\.py::one\[fork_Berlin\-x\ 1\]' --statetest.index=0 state.json
[ "$(grep -c '"name"' out)" = 1 ] || complain "--run and --statetest.index: $(cat out)"
exits 0 ./evm statetest --statetest.fork London state.json
[ "$(cat out)" = "[]" ] || complain "--statetest.fork: $(cat out)"
exits 2 ./evm statetest missing.json
exits 1 "$weft" statetest state.json
has out "1 passed, 2 failed"
exits 2 "$weft" statetest --run '(' state.json
has err "--run: expected an extended regular expression"

# Names on standard input, each run before the next is asked for.
printf 'fine.json\nfine.json\n\nmissing.json\n' | "$weft" statetest >out 2>err || complain "names on stdin: $(cat err)"
has out "2 passed, 0 failed"
printf 'fine.json\nstate.json' | ./evm statetest >out 2>err || complain "evm: names on stdin: $(cat err)"
[ "$(grep -c '^\[$' out)" = 2 ] || complain "expected an array for each file: $(cat out)"
printf 'missing.json\n' | "$weft" blocktest >out 2>err && complain "blocktest: a missing file on stdin"
has err "missing.json: No such file"
mkfifo names
"$weft" statetest --trace <names >answer 2>&1 &
exec 7>names
echo fine.json >&7
for _ in {1..600}; do
    grep -q stateRoot answer && break
    sleep 0.1
done
has answer '{"output":"","gasUsed":"0x0"}' # while the list of names is still open
exec 7>&-
wait $! || complain "names from a pipe: $(cat answer)"

# ---- tracing, as geth's callers ask for it ----

for flags in --trace --trace=true -trace "--trace=1 --trace.format json" "--trace --trace.nomemory --trace.noreturndata=true --nostorage"; do
    # shellcheck disable=SC2086
    exits 0 "$weft" statetest $flags fine.json
    has err '{"output":"","gasUsed":"0x0"}'
done
exits 0 ./evm --json --nomemory --noreturndata statetest fine.json
has err '{"output":"","gasUsed":"0x0"}'
for flags in --trace=false -trace=0 --trace.format=json; do
    exits 0 "$weft" statetest "$flags" fine.json
    [ -s err ] && complain "$flags: expected no trace: $(cat err)"
done
exits 2 "$weft" statetest --trace=maybe fine.json
has err "--trace: expected no value, true or false, found 'maybe'"
exits 2 "$weft" statetest --trace --trace.format=md fine.json
has err "--trace.format: expected json, found 'md'"
exits 2 "$weft" t8n --trace.tracer callTracer
has err "--trace.tracer: expected none"

# ---- t8n ----

key=0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8
from=0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b
to=0x00000000000000000000000000000000000000aa
cat >alloc.json <<EOF
{"$from": {"balance": "1000000000000000000"},
 "$to": {"balance": "0x5", "code": "0x60006000600060006000600061bbbb5af15060bb3dff", "storage": {}},
 "0x000000000000000000000000000000000000bbbb": {"balance": "0x0", "code": "0x00"},
 "0x00000961ef480eb55e80d19ad83579a64c007002": {"balance": "0x0", "code": "0x00"},
 "0x0000bbddc7ce488642fb579f8b00f3a590007251": {"balance": "0x0", "code": "0x00"}}
EOF
cat >env.json <<EOF
{"currentCoinbase": "0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", "currentDifficulty": "0x20000", "currentGasLimit": "30000000",
 "currentNumber": "1", "currentTimestamp": "1000", "currentBaseFee": "0x7", "ommers": []}
EOF
zeros=$(printf '0%.0s' {1..62})
cat >late.json <<EOF
{"currentCoinbase": "0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", "currentRandom": "0x0", "currentGasLimit": "30000000", "currentNumber": "1",
 "currentTimestamp": "1000", "currentBaseFee": "0x7", "withdrawals": [], "parentBeaconBlockRoot": "0x00$zeros", "currentExcessBlobGas": "0x0",
 "parentBaseFee": "0x7"}
EOF
echo "[{\"gas\": \"0x186a0\", \"gasPrice\": \"0x10\", \"input\": \"0x\", \"nonce\": \"0x0\", \"to\": \"$to\", \"value\": \"0x1\",
  \"v\": \"0x0\", \"r\": \"0x0\", \"s\": \"0x0\", \"secretKey\": \"$key\"}]" >txs.json
nowhere=(--output.alloc= --output.result= --output.body=)
exits 0 ./evm --verbosity 2 t8n --state.fork Berlin --trace --trace.callframes=true --opcode.count counts.json "${nowhere[@]}"
trace=$(echo trace-0-0x*.jsonl)
[ "$(head -n 1 "$trace")" = "{\"from\":\"$from\",\"to\":\"$to\",\"gas\":\"0x13498\",\"value\":\"0x1\",\"type\":\"CALL\"}" ] ||
    complain "the first line of a trace with call frames: $(head -n 1 "$trace")"
has "$trace" '"to":"0x000000000000000000000000000000000000bbbb"'
has "$trace" "{\"from\":\"$to\",\"to\":\"0x0000000000000000000000000000000000000000\",\"gas\":\"0x0\",\"value\":\"0x6\",\"type\":\"SELFDESTRUCT\"}"
has counts.json '"PUSH1": 7'
has counts.json '"SELFDESTRUCT": 1'
for reward in 0x80 128 0200; do # of wei, in the notations that Go's flags have
    exits 0 "$weft" t8n --state.fork Berlin --state.reward $reward --output.result "" --output.alloc stdout
    tr -d ' \n' <out | grep -qF '"0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0":{"balance":"0x7dee0"}' ||
        complain "--state.reward $reward: $(cat out)"
done
for fork in Berlin+2929 London+3198 Istanbul+3198; do exits 0 "$weft" t8n --state.fork $fork "${nowhere[@]}"; done
exits 0 "$weft" t8n --state.fork Shanghai+3860+3855 --input.env late.json "${nowhere[@]}"
exits 3 "$weft" t8n --state.fork Istanbul+2929 "${nowhere[@]}"

# Why a transaction is refused, in the words that execution-spec-tests looks for.
refused() { # refused TEXT FORK MEMBERS: a transaction with these members instead
    python3 - "$3" >tx.json <<'Q'
import json, sys
tx = {"gas": "0x186a0", "gasPrice": "0x10", "input": "0x", "nonce": "0x0", "to": "0x00000000000000000000000000000000000000ab", "value": "0x1",
      "chainId": "0x1", "v": "0x0", "r": "0x0", "s": "0x0", "secretKey": "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8"}
new = json.loads(sys.argv[1])
if "maxFeePerGas" in new:
    del tx["gasPrice"]
print(json.dumps([{**tx, **new}]))
Q
    exits 0 "$weft" t8n --state.fork "$2" --input.env late.json --input.txs tx.json --output.alloc "" --output.result stdout
    has out "$1"
}
if command -v python3 >/dev/null; then
    fees='"maxFeePerGas": "0x10", "maxPriorityFeePerGas": "0x0"'
    blob="$fees, \"type\": \"0x3\", \"maxFeePerBlobGas\": \"0x9\", \"blobVersionedHashes\": [\"0x01$zeros\"]"
    code="$fees, \"type\": \"0x4\", \"authorizationList\": [{\"chainId\": \"0x1\", \"address\": \"$to\", \"nonce\": \"0x0\", \"v\": \"0x0\", \"r\": \"0x1\", \"s\": \"0x1\"}]"
    many=$(printf "\"0x01$zeros\",%.0s" {1..6})
    refused "nonce too high" Shanghai '{"nonce": "0x1"}'
    refused "nonce has max value" Shanghai '{"nonce": "0xffffffffffffffff"}'
    refused "gas limit reached" Shanghai '{"gas": "0x1c9c381"}'
    refused "transaction gas limit too high" Osaka '{"gas": "0x1000001"}'
    refused "insufficient funds for gas * price + value" Shanghai '{"value": "0xffffffffffffffffffff"}'
    refused "intrinsic gas too low" Shanghai '{"gas": "0x5207"}'
    refused "insufficient gas for floor data gas cost" Prague "{\"gas\": \"0x5400\", \"input\": \"0x$(printf '11%.0s' {1..28})\"}"
    refused "max fee per gas less than block base fee" Shanghai '{"gasPrice": "0x6"}'
    refused "max priority fee per gas higher than max fee per gas" Shanghai '{"type": "0x2", "maxFeePerGas": "0x10", "maxPriorityFeePerGas": "0x11"}'
    refused "max initcode size exceeded" Shanghai "{\"gas\": \"0x100000\", \"to\": null, \"input\": \"0x$(head -c 98306 /dev/zero | tr '\0' 0)\"}"
    refused "transaction type not supported" Shanghai "{$blob}"
    refused "transaction type not supported" Cancun "{$code}"
    refused "max fee per blob gas less than block blob gas fee" Cancun "{${blob/0x9/0x0}}"
    refused "has invalid hash version" Cancun "{${blob/0x01/0x02}}"
    refused "blob transaction missing blob hashes" Cancun "{${blob/\"0x01$zeros\"/}}"
    refused "would exceed maximum allowance" Cancun "{${blob/[/[$many}}"
    refused "blob transaction has too many blobs" Osaka "{${blob/[/[$many}}"
    refused "input string too short for common.Address, decoding into (types.BlobTx).To" Cancun "{$blob, \"to\": null}"
    refused "input string too short for common.Address, decoding into (types.SetCodeTx).To" Prague "{$code, \"to\": null}"
    refused "EIP-7702 transaction with empty auth list" Prague "{$fees, \"type\": \"0x4\", \"authorizationList\": []}"
fi

# ---- t9n and b11r, under their long names as well ----

exits 0 "$weft" t8n --state.fork London --output.body txs.rlp --output.alloc "" --output.result ""
exits 0 "$weft" t9n --state.fork London --input.txs txs.rlp
has out "\"address\": \"$from\""
has out '"intrinsicGas": "0x5208"'
exits 0 ./evm transaction -state.fork=London -state.chainid=5 --input.txs txs.rlp
has out '"error": "invalid chain id for signer"'
exits 11 "$weft" t9n --input.txs txs.json
echo '"0xc301"' >cut.rlp
exits 12 "$weft" t9n --input.txs cut.rlp

echo "{\"stateRoot\": \"$zero\", \"number\": \"0x1\", \"gasLimit\": \"30000000\", \"timestamp\": 1000, \"extraData\": \"0x\"}" >header.json
exits 0 "$weft" b11r --output.block stdout
has out '"hash": "0x'
first=$(cat out)
printf '{"header": %s, "txs": %s}' "$(cat header.json)" "$(cat txs.rlp)" |
    ./evm block-builder --input.header stdin --input.txs stdin --output.block stdout >out 2>err || complain "b11r: $(cat err)"
[ "$(cat out)" = "$first" ] || complain "b11r: from stdin another block: $(cat out)"
exits 0 "$weft" b11r --output.basedir made/here
has made/here/block.json '"rlp": "0xf9'
sed 's/}$/, "parentBeaconBlockRoot": "'$zero'"}/' header.json >gap.json
exits 10 "$weft" b11r --input.header gap.json
has err "withdrawalsRoot: expected a value, as a later field has one"
exits 3 "$weft" b11r --seal.clique clique.json
exits 11 "$weft" b11r --input.header missing.json
exit $bad
