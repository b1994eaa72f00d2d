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
refuses "berlinBlock: expected not less" "{\"config\": {${config/'"istanbulBlock": 0'/'"istanbulBlock": 5'}}, $rest, $alloc}"
refuses "account 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: balance: expected a number" \
    "{\"config\": {$config}, $rest, ${alloc/'"0x10"'/'"much"'}}"
refuses "account 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: slot 0x1: storage value: expected a word" \
    "{\"config\": {$config}, $rest, ${alloc/'"0x10"'/'"0x1", "storage": {"0x1": "x"}'}}"
refuses "account 0x12: name of an account" "{\"config\": {$config}, $rest, \"alloc\": {\"0x12\": {}}}"
refuses "target: expected a number" "{\"config\": {$config, \"cancunTime\": 0, \"blobSchedule\": {\"cancun\": {\"max\": 6}}}, $rest, $alloc}"
exit $bad
