#!/usr/bin/env bash
# Genesis files as people write them: what geth's reader takes is taken, and gives the block that geth makes of it.
. "$(dirname "$0")/common.bash"

config='"chainId": 77, "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
 "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 0'
rest='"nonce": "0x42", "timestamp": "0x10", "extraData": "0x1234", "gasLimit": "0x1c9c380", "difficulty": "0x20000",
 "coinbase": "0x2222222222222222222222222222222222222222"'
mix="0x1111111111111111111111111111111111111111111111111111111111111111"
alloc='"alloc": {"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {"balance": "0x10"}}'
usual=0x5ed73b9932838336c6cbf9c5baa0bc1fa3788b35854b25c4551245fa560184b5
: >"$folder/none"

run() {
    rm -rf "$folder/store"
    echo "$1" >"$folder/genesis.json"
    "$weft" import --datadir "$folder/store" --genesis "$folder/genesis.json" "$folder/none" >"$folder/out" 2>"$folder/err"
}

# The genesis block is all that is looked at: the file of blocks is empty, which the last line says.

gives() { # gives NAME HASH DOCUMENT [WARNING]
    run "$3"
    tail -n 1 "$folder/err" | grep -qF "none: block 1: " || complain "$1: $(cat "$folder/err")"
    sed -i '$d' "$folder/err"
    grep -q "head is block 0, $2" "$folder/out" || complain "$1: expected $2, found: $(cat "$folder/out")"
    if [ $# = 4 ]; then
        grep -qF "$4" "$folder/err" || complain "$1: expected '$4' in: $(cat "$folder/err")"
        [ "$(wc -l <"$folder/err")" = 1 ] || complain "$1: expected one warning: $(cat "$folder/err")"
    else
        [ -s "$folder/err" ] && complain "$1: expected no warning: $(cat "$folder/err")"
    fi
}

refuses() { # refuses TEXT DOCUMENT
    run "$2"
    [ $? = 2 ] || complain "expected exit status 2 for: $2"
    [ "$(wc -l <"$folder/err")" = 1 ] || complain "expected one line: $(cat "$folder/err")"
    grep -qF "$1" "$folder/err" || complain "expected '$1' in: $(cat "$folder/err")"
}

gives "as it should be" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"$mix\", $alloc}"
gives "mixhash" $usual "{\"config\": {$config}, $rest, \"mixhash\": \"$mix\", $alloc}"
gives "chainID" $usual "{\"config\": {${config/chainId/chainID}}, $rest, \"mixHash\": \"$mix\", $alloc}"
gives "capitals" $usual "{\"CONFIG\": {${config/istanbulBlock/IstanbulBlock}}, $rest, \"MixHash\": \"$mix\", ${alloc/balance/Balance}}"
gives "of two the last" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"0x\", \"MIXHASH\": \"$mix\", $alloc}"
gives "no extra data" 0x321b2e0cb674b952e2ca9c65eee5ce32eaf821cb16c68583c2f732de3ae5bb89 \
    "{\"config\": {$config}, ${rest/0x1234/}, \"mixHash\": \"$mix\", $alloc}"
gives "base fee of zero" 0x49f037c73888773712ca7c7f9b244088a0b34d6c6e84e0e1768cc653e3c565c4 \
    "{\"config\": {$config, \"londonBlock\": 0}, $rest, \"mixHash\": \"$mix\", $alloc, \"baseFeePerGas\": \"0x0\"}"
gives "a total difficulty of 76 bits" $usual "{\"config\": {$config, \"londonBlock\": 5,
 \"terminalTotalDifficulty\": 58750000000000000000000, \"terminalTotalDifficultyPassed\": true}, $rest, \"mixHash\": \"$mix\", $alloc}"
gives "plain numbers" $usual "{\"config\": {$config}, \"nonce\": 66, \"timestamp\": \"16\", \"extraData\": \"0x1234\",
 \"gasLimit\": 30000000, \"difficulty\": \"131072\", \"coinbase\": \"2222222222222222222222222222222222222222\",
 \"mixHash\": \"$mix\", \"number\": \"\", ${alloc/'"0x10"'/16}}"
gives "names that nobody knows" $usual "{\"config\": {$config, \"ethash\": {}, \"dreamBlock\": 3}, $rest, \"mixHash\": \"$mix\",
 \"colour\": \"red\", \"alloc\": {\"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": {\"balance\": \"0x10\", \"pet\": 1, \"pet\": 2}}}" \
    "unknown and ignored: colour, config.dreamBlock, alloc.ADDRESS.pet"

refuses "chainId: expected a number" "{\"config\": {}, $rest, $alloc}"
refuses "genesis: alloc: expected an object" "{\"config\": {$config}, $rest}"
refuses "difficulty: expected a number" "{\"config\": {$config}, ${rest/0x20000/much}, $alloc}"
refuses "berlinBlock: expected at least 5, which istanbulBlock has, found 0" "{\"config\": {${config/'"istanbulBlock": 0'/'"istanbulBlock": 5'}}, $rest, $alloc}"
refuses "account 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: balance: expected a number" \
    "{\"config\": {$config}, $rest, ${alloc/'"0x10"'/'"much"'}}"
refuses "account 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: slot 0x1: storage value: expected a word" \
    "{\"config\": {$config}, $rest, ${alloc/'"0x10"'/'"0x1", "storage": {"0x1": "x"}'}}"
refuses "account 0x12: name of an account" "{\"config\": {$config}, $rest, \"alloc\": {\"0x12\": {}}}"
refuses "target: expected a number" "{\"config\": {$config, \"cancunTime\": 0, \"blobSchedule\": {\"cancun\": {\"max\": 6}}}, $rest, $alloc}"

# ---- the names of forks, in every notation and out of order ----

london="$config, \"londonBlock\": 0"
for value in 0 '"0"' '"0x0"' '"0x"' '""' 0.0 0e0; do
    gives "londonBlock $value" 0x49f037c73888773712ca7c7f9b244088a0b34d6c6e84e0e1768cc653e3c565c4 \
        "{\"config\": {$config, \"londonBlock\": $value}, $rest, \"mixHash\": \"$mix\", $alloc, \"baseFeePerGas\": $value}"
done
for value in null; do
    gives "londonBlock $value" $usual "{\"config\": {$config, \"londonBlock\": $value}, $rest, \"mixHash\": \"$mix\", $alloc, \"baseFeePerGas\": $value}"
done
for value in 0.5 -1 '"x"' '"0xg"' true '[]' '{}' 1e99; do
    refuses "londonBlock: expected a number" "{\"config\": {$config, \"londonBlock\": $value}, $rest, $alloc}"
done
for value in 58750000000000000000000 '"58750000000000000000000"' '"0xc70d808a128d7380000"' 5.875e22 5.875E+22; do
    gives "terminalTotalDifficulty $value" $usual \
        "{\"config\": {$config, \"londonBlock\": 5, \"terminalTotalDifficulty\": $value}, $rest, \"mixHash\": \"$mix\", $alloc}"
done
for value in 16 '"16"' '"0x10"' '"0x0010"' 1.6e1; do
    gives "balance and timestamp $value" $usual "{\"config\": {$config}, ${rest/'"0x10"'/$value}, \"mixHash\": \"$mix\", ${alloc/'"0x10"'/$value}}"
done
# Each optional member missing, null and empty.
for member in baseFeePerGas excessBlobGas blobGasUsed slotNumber number gasUsed; do
    for value in null '""' 0 '"0x0"'; do
        gives "$member $value" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"$mix\", $alloc, \"$member\": $value}"
    done
done
for member in parentHash; do
    gives "$member null" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"$mix\", $alloc, \"$member\": null}"
done
for value in null 0 '"0"' '"0x"' '""'; do
    gives "nonce of an account $value" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"$mix\", ${alloc/'"0x10"'/'"0x10", "nonce": '$value}}"
done
for value in null '"0x"' '""'; do
    gives "code $value" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"$mix\", ${alloc/'"0x10"'/'"0x10", "code": '$value}}"
done
for value in null '{}'; do
    gives "storage $value" $usual "{\"config\": {$config}, $rest, \"mixHash\": \"$mix\", ${alloc/'"0x10"'/'"0x10", "storage": '$value}}"
done
gives "what other clients keep beside the rules" $usual "{\"config\": {$config, \"discovery\": {}, \"checkpoint\": {}, \"ethash\": {},
 \"terminalTotalDifficultyPassed\": false, \"withdrawalRequestContractAddress\": \"0x00000961ef480eb55e80d19ad83579a64c007002\",
 \"enableVerkleAtGenesis\": false, \"preMergeForkBlock\": 0}, $rest, \"mixHash\": \"$mix\", $alloc}"

refuses "pragueTime: expected at least 7, which cancunTime has, found 6" \
    "{\"config\": {$london, \"shanghaiTime\": 7, \"cancunTime\": 7, \"pragueTime\": 6}, $rest, $alloc}"
refuses "bpo2Time: expected at least 9, which osakaTime has, found 8" \
    "{\"config\": {$london, \"shanghaiTime\": 7, \"osakaTime\": 9, \"bpo2Time\": 8}, $rest, $alloc}"
refuses "eip155Block: expected the block that eip158Block has" "{\"config\": {${config/'"eip155Block": 0'/'"eip155Block": 1'}}, $rest, $alloc}"
refuses "withdrawalRequestContractAddress: expected 0x00000961" \
    "{\"config\": {$config, \"withdrawalRequestContractAddress\": \"0x1111111111111111111111111111111111111111\"}, $rest, $alloc}"
refuses "enableVerkleAtGenesis: expected false" "{\"config\": {$config, \"enableVerkleAtGenesis\": true}, $rest, $alloc}"
refuses "blobSchedule: expected an object or an array" "{\"config\": {$london, \"cancunTime\": 0, \"blobSchedule\": 1}, $rest, $alloc}"

# ---- chain specifications, as Nethermind has them ----

every='"eip150Transition": 0, "eip155Transition": "0x0", "eip160Transition": "0", "eip140Transition": "0x0", "eip1014Transition": "0x0", "eip1344Transition": "0x0", "eip2929Transition": "0x0"'
first='"seal": {"ethereum": {"nonce": "0x42", "mixHash": "'$mix'"}}, "timestamp": "0x10", "extraData": "0x1234", "gasLimit": "0x1c9c380",
 "difficulty": "0x20000", "author": "0x2222222222222222222222222222222222222222"'
accounts='"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {"balance": "0x10"}, "0x0000000000000000000000000000000000000001": {"builtin": {}}'
spec() { # spec PARAMS [ENGINE]
    local engine=${2:-ethash}
    [ "$engine" = ethash ] && engine='"Ethash": {}'
    echo "{\"name\": \"x\", \"engine\": {$engine}, \"params\": {\"networkID\": \"0x4d\", $1}, \"genesis\": {$first}, \"accounts\": {$accounts}, \"nodes\": []}"
}
gives "a chain specification" $usual "$(spec "$every")"
gives "a bare total difficulty" $usual "$(spec "$every, \"eip1559Transition\": 5, \"terminalTotalDifficulty\": \"C70D808A128D7380000\"")"
gives "names of EIPs that nobody knows" $usual "$(spec "$every, \"eip9999Transition\": 0")" "unknown and ignored: params.eip9999Transition"
refuses "eip160Transition: expected 7, as eip155Transition has: both are of one fork, found 0" "$(spec "${every/'"eip155Transition": "0x0"'/'"eip155Transition": 7'}")"
refuses "engine: expected Ethash" "$(spec "$every" '"AuRa": {}')"

# ---- networks without a file ----

for network in mainnet:d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3 \
    Sepolia:25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9 \
    holesky:b5f7f912443c940f21fd611f12828d75b534364ed9e95ca4e307729a4661bde4 \
    HOODI:bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b; do
    rm -rf "$folder/store"
    "$weft" import --datadir "$folder/store" --genesis "${network%:*}" "$folder/none" 2>&1 | grep -qF "head is block 0, 0x${network#*:}" ||
        complain "--genesis ${network%:*}: expected ${network#*:}"
done

# ---- what a node answers to eth_config (EIP-7910): go-ethereum's own answers for Hoodi, and schedules of blobs ----

is() { # is TEXT COMMAND...
    local text=$1
    shift
    "$weft" "$@" 2>&1 | tr -d ' \n' | grep -qF -- "$text" || complain "weft $*: expected $text in: $("$weft" "$@" 2>&1 | head -n 12)"
}
is '"current":{"activationTime":0,"blobSchedule":{"baseFeeUpdateFraction":3338477,"max":6,"target":3},"chainId":"0x88bb0","forkId":"0xbef71d30"' \
    fork --genesis hoodi --time 0
is '"next":{"activationTime":1742999832,"blobSchedule":{"baseFeeUpdateFraction":5007716,"max":9,"target":6},"chainId":"0x88bb0","forkId":"0x0929e24e"' \
    fork --genesis hoodi --time 0
is '"current":{"activationTime":1762955544,"blobSchedule":{"baseFeeUpdateFraction":11684671,"max":21,"target":14},"chainId":"0x88bb0","forkId":"0x23aa1351"' \
    fork --genesis hoodi --time 1800000000
is '"next":null,"last":null' fork --genesis hoodi --time 1800000000
is '"current":null' fork --genesis mainnet --time 0
late="$london, \"terminalTotalDifficulty\": 0, \"shanghaiTime\": 0, \"cancunTime\": 0, \"pragueTime\": 0, \"osakaTime\": 100"
blobs='"target": 2, "max": 4, "baseFeeUpdateFraction": 1112826'
for schedule in "\"bpo1Time\": 200, \"blobSchedule\": {\"BPO1\": {$blobs}}" "\"blobSchedule\": [{\"timestamp\": \"0xc8\", $blobs}]"; do
    echo "{\"config\": {$late, $schedule}, ${rest/0x20000/0}, \"mixHash\": \"$mix\", $alloc}" >"$folder/genesis.json"
    is '"current":{"activationTime":100,"blobSchedule":{"baseFeeUpdateFraction":5007716,"max":9,"target":6}' fork --genesis "$folder/genesis.json" --time 199
    is '"next":{"activationTime":200,"blobSchedule":{"baseFeeUpdateFraction":1112826,"max":4,"target":2}' fork --genesis "$folder/genesis.json" --time 199
done
exit $bad
