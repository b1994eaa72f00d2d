#!/usr/bin/env bash
# `weft run`: arguments, results, prestate, traces.
. "$(dirname "$0")/common.bash"

expects() { # expects TEXT ARGUMENT...: TEXT must be in what `weft run ARGUMENT...` prints
    local text=$1
    shift
    "$weft" run "$@" >"$folder/out" 2>"$folder/err" || { echo "weft run $*: exit status $?" && bad=1; }
    grep -qF -- "$text" "$folder/out" || { echo "weft run $*: expected '$text' in: $(cat "$folder/out" "$folder/err")" && bad=1; }
}

add=60356000350160005260206000f3 # a wrong sum: 0x35 + calldata[0], for its bytes are easily told
expects '"output":"0x000000000000000000000000000000000000000000000000000000000000003d"' \
    --json --input 0000000000000000000000000000000000000000000000000000000000000008 60356000350160005260206000f3
printf ' 0x6035 6000\n350160005260206000f3\n' >"$folder/code"
printf '0000000000000000000000000000000000000000000000000000000000000008\n' >"$folder/input"
expects '000000000000000000000000000000000000000000000000000000000000003d' --codefile "$folder/code" --inputfile "$folder/input"
expects 'status     success' --code=$add
expects 'status     execution reverted' 60006000fd
expects '"status":"out of gas"' --json --gas 100 5b600056
expects 'gas used   100 of 100' --gas 100 5b600056
expects '"fork":"Osaka"' --json 00
expects '"status":"undefined instruction"' --json --fork Prague 60011e
expects '"status":"success"' --json 60011e
expects 'slot    0x0: 0x0 -> 0x7' 6007600055
expects '"created":"0x1f2a98889594024bffda3311cbe69728d392c06d"' --json --create 600160005360016000f3
expects 'bench      min' --bench=1 00

cat >"$folder/genesis.json" <<'GENESIS'
{"config": {"chainId": 5, "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
            "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 9},
 "number": "0x8", "timestamp": "0x64", "gasLimit": "0x5000", "coinbase": "0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba",
 "alloc": {"0x00000000000000000000000000000000000000aa": {"balance": "0x9", "code": "0x4660005543600155", "storage": {"0x0": "0x5"}}}}
GENESIS
expects '"fork":"Istanbul"' --json --prestate "$folder/genesis.json" 00
expects '"gas":20480' --json --prestate "$folder/genesis.json" 00
expects '"fork":"Cancun"' --json --fork Cancun --prestate "$folder/genesis.json" 00
expects '"gas":50000' --json --gas 50000 --prestate "$folder/genesis.json" 00
expects '"storage":{"0x1":"0x8"}' --json --gas 50000 --prestate "$folder/genesis.json" \
    --receiver 0x00000000000000000000000000000000000000aa # slot 0 stays: it is 5, the chain id

"$weft" run --trace --trace.memory 600160005300 2>"$folder/trace" >/dev/null
[ "$(wc -l <"$folder/trace")" = 5 ] || { echo "weft run --trace: expected five lines" && bad=1; }
grep -q '"memory":"0x01000000000000000000000000000000000000000000000000000000000000' "$folder/trace" ||
    { echo "weft run --trace.memory: expected the memory" && bad=1; }
"$weft" run --trace --trace.nostack 600100 2>&1 >/dev/null | grep -q '"stack":null' ||
    { echo "weft run --trace.nostack: expected no stack" && bad=1; }
exit $bad
