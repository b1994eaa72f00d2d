#!/usr/bin/env bash
# State tests in older forms, as geth reads them: a key instead of a sender, empty texts, bytes without 0x, numbers too big for any transaction.
. "$(dirname "$0")/common.bash"

empty=0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347
key=0x0000000000000000000000000000000000000000000000000000000000000001
fork=Berlin code=0x nonce=0x0 value=0x0 data=0x expected="" root="" to='"to": "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",'
sender="\"secretKey\": \"$key\"," price='"gasPrice": "0xa",' base_fee="" gas=0xf4240
test_file() {
    cat >"$folder/test.json" <<T
{"old": {"env": {"currentCoinbase": "0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", "currentDifficulty": "0x20000", $base_fee
  "currentGasLimit": "0x5f5e100", "currentNumber": "0x1", "currentTimestamp": "0x3e8"},
 "pre": {"7e5f4552091a69125d5dfcb7b8c2659029395bdf": {"balance": "0x56bc75e2d63100000", "nonce": "", "code": "", "storage": {}}$code_account},
 "transaction": {"nonce": "$nonce", "gasLimit": ["$gas"], "value": ["$value"], "data": ["$data"], $to $sender $price "x": 0},
 "post": {"$fork": [{"hash": "${root:-0x$(printf '0%.0s' {1..64})}", "logs": "$empty", "indexes": {"data": 0, "gas": 0, "value": 0} $expected}]}}}
T
}
code_account=""
root_of() { # the state root afterwards, whatever became of the transaction
    test_file
    "$weft" statetest --trace "$folder/test.json" 2>&1 >/dev/null | sed -n 's/.*"stateRoot": "\(0x[0-9a-f]*\)".*/\1/p'
}
is() { # is NAME FOUND EXPECTED
    [ "$2" = "$3" ] || complain "$1: found '$2', expected '$3'"
}

transfer=0x88b6ccf28c32f5c96effb546b8ca3dae4428525425255c6a21ca3a0d2b3380a7
is "a key instead of a sender" "$(root_of)" $transfer
is "a sender" "$(sender='"sender": "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",' root_of)" $transfer
is "empty texts" "$(nonce="" value="" data="" root_of)" $transfer
is "decimal digits" "$(gas=1000000 nonce=0 root_of)" $transfer
before=$(gas=0x1 root_of)
is "a refused transaction changes nothing" "$before" 0x952571d434dc025cdcf3ce9f9251f0b0264bf56688bd81dca3b784fab3170639
is "a nonce that no transaction has" "$(nonce=0x10000000000000000 root_of)" "$before"
is "no recipient" "$(to="" root_of)" "$(to='"to": "",' root_of)"
bytes='6001600055'
is "data without 0x" "$(to="" data=$bytes root_of)" "$(to="" data=0x$bytes root_of)"
with() { # with CODE: an account of that code is called
    code_account=", \"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": {\"balance\": \"1\", \"nonce\": \"0\", \"code\": \"$1\", \"storage\": {\"01\": \"\"}}" root_of
}
is "code without 0x" "$(with $bytes)" "$(with 0x$bytes)"
[ "$(with $bytes)" = "$(with 0x)" ] && complain "code without 0x is not run"
is "no base fee" "$(fork=London root_of)" "$(fork=London base_fee='"currentBaseFee": "0xa",' root_of)"
is "no price, where there is a base fee of nothing" "$(fork=London base_fee='"currentBaseFee": "0x0",' price="" root_of)" \
    "$(fork=London base_fee='"currentBaseFee": "0x0",' price='"gasPrice": "0x0",' root_of)"

# A set-code transaction has a recipient, wherever it comes from.
fork=Prague base_fee='"currentRandom": "0x0", "currentBaseFee": "0x7",' to="" root=$before
sender="$sender \"authorizationList\": [{\"chainId\": \"0x1\", \"address\": \"0x$(printf '1%.0s' {1..40})\", \"nonce\": \"0x0\", \"v\": \"0x0\", \"r\": \"0x1\", \"s\": \"0x1\"}],"
price='"maxFeePerGas": "0xa", "maxPriorityFeePerGas": "0x0",'
expected=', "expectException": "TransactionException.TYPE_4_TX_CONTRACT_CREATION"'
test_file
"$weft" statetest "$folder/test.json" >"$folder/out" 2>&1 || complain "a set-code transaction without recipient: $(cat "$folder/out")"
exit $bad
