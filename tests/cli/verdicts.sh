#!/usr/bin/env bash
# Cases that must fail do fail: exit status 1, a line that says what and where, and the summary last. Made from official cases by
# changing what they expect.
[ -n "$WEFT_FIXTURES" ] && command -v python3 >/dev/null || { echo "no fixtures or no python3: not checked" && exit 77; }
. "$(dirname "$0")/common.bash"

# edit FROM TO CODE: changes every case `c` of a file.
edit() {
    python3 - "$1" "$2" "$3" <<'P'
import json, sys
document = json.load(open(sys.argv[1]))
for name, c in document.items():
    exec(sys.argv[3])
json.dump(document, open(sys.argv[2], "w"))
P
}

fails() { # fails TEXT COMMAND FILE
    "$weft" "$2" "$3" >"$folder/out" 2>"$folder/err"
    local status=$?
    [ $status = 1 ] || complain "$2, $1: exit status $status, expected 1"
    grep -q "^FAILED $3: .*$1" "$folder/out" || complain "$2: expected '$1', found: $(head -n 2 "$folder/out")"
    tail -n 1 "$folder/out" | grep -qE '^[0-9]+ passed, [1-9][0-9]* failed, 0 skipped$' || complain "$2, $1: summary"
}

first() { find "$WEFT_FIXTURES/$1" -name '*.json' | sort | head -n 1; }
state=$(first state_tests/cancun/eip1153_tstore)
block=$(first blockchain_tests/cancun/eip1153_tstore)
post='[p for v in c["post"].values() for p in v]'

edit "$state" "$folder/root.json" "for p in $post: p['hash'] = '0x' + '11' * 32"
fails "state root is 0x" statetest "$folder/root.json"
edit "$state" "$folder/logs.json" "for p in $post: p['logs'] = '0x' + '11' * 32"
fails "logs hash is 0x" statetest "$folder/logs.json"
edit "$state" "$folder/accepted.json" "for p in $post: p['expectException'] = 'TransactionException.NONCE_IS_MAX'"
fails "accepted, expected TransactionException.NONCE_IS_MAX" statetest "$folder/accepted.json"
edit "$state" "$folder/sender.json" "c['transaction']['sender'] = '0x' + '11' * 20"
fails "txbytes and fields differ in sender" statetest "$folder/sender.json"
edit "$state" "$folder/balance.json" "
for a in c['pre'].values(): a['balance'] = '0x01'
for p in $post: del p['txbytes']"
fails "refused: sender cannot pay" statetest "$folder/balance.json"
edit "$state" "$folder/reason.json" "
for a in c['pre'].values(): a['balance'] = '0x01'
for p in $post: p['expectException'] = 'TransactionException.NONCE_IS_MAX'"
fails "refused for TX_INSUFFICIENT_FUNDS, expected TransactionException.NONCE_IS_MAX" statetest "$folder/reason.json"

# A transaction that cannot be written down otherwise than in RLP: its value has 33 bytes.
edit "$state" "$folder/value.json" "
c['transaction']['value'] = ['0x:bigint 0x1' + '00' * 32]
for p in $post: p.update(indexes={'data': 0, 'gas': 0, 'value': 0}, expectException='TransactionException.RLP_INVALID_VALUE',
    txbytes='0xf880806482520894' + 'd0' * 20 + 'a101' + '00' * 32 + '801ba0' + '01' * 32 + 'a0' + '02' * 32)"
"$weft" statetest "$folder/value.json" >"$folder/out" 2>&1
grep -q "state root is 0x" "$folder/out" || complain "a value that is too big: expected to be refused, found: $(head -n 2 "$folder/out")"

# Older tests reward the coinbase with nothing even where the transaction is refused; before EIP-161 it exists then.
refused="
for a in c['pre'].values(): a['balance'] = '0x01'
p = $post[0]
del p['txbytes']
p.update(hash='0x' + '11' * 32, expectException='TR_NoFunds', indexes={'data': 0, 'gas': 0, 'value': 0})
c['transaction'] = {k: v for k, v in c['transaction'].items() if k in ('data', 'gasLimit', 'value', 'nonce', 'to', 'sender')}
c['transaction']['gasPrice'] = '0x0a'
c['post'] = {'Homestead': [p]}
empty = {c['env']['currentCoinbase']: {'balance': '0x00', 'nonce': '0x00', 'code': '0x', 'storage': {}}}"
edit "$state" "$folder/exists.json" "$refused; c['pre'].update(empty)"
root=$("$weft" statetest "$folder/exists.json" 2>&1 | sed -n 's/.*state root is \(0x[0-9a-f]*\),.*/\1/p' | head -n 1)
edit "$state" "$folder/rewarded.json" "$refused; p['hash'] = '$root'"
"$weft" statetest "$folder/rewarded.json" >"$folder/out" 2>&1 || complain "a coinbase that is rewarded with nothing: $(head -n 2 "$folder/out")"

edit "$block" "$folder/head.json" "c['lastblockhash'] = '0x' + '11' * 32"
fails "lastblockhash" blocktest "$folder/head.json"
edit "$block" "$folder/end.json" "next(iter(c['postState'].values()))['balance'] = '0x1234'"
fails "state at the end: account 0x.*: balance is" blocktest "$folder/end.json"
edit "$block" "$folder/genesis.json" "next(iter(c['pre'].values()))['balance'] = '0x1234'"
fails "genesis: state root differs" blocktest "$folder/genesis.json"
edit "$block" "$folder/valid.json" "c['blocks'][0]['expectException'] = 'BlockException.INVALID_STATE_ROOT'"
fails "block 0 accepted, expected BlockException.INVALID_STATE_ROOT" blocktest "$folder/valid.json"

# Names of exceptions that nobody knows, also beside one that fits.
for name in TransactionException.NO_SUCH_NAME "TransactionException.INSUFFICIENT_ACCOUNT_FUNDS|TR_NoSuchName"; do
    edit "$state" "$folder/name.json" "
for a in c['pre'].values(): a['balance'] = '0x01'
for p in $post: p['expectException'] = '$name'"
    fails "unknown name .*NoSuchName\|unknown name .*NO_SUCH_NAME" statetest "$folder/name.json"
    edit "$block" "$folder/name.json" "c['blocks'][0]['expectException'] = '$name'"
    fails "unknown name .*NoSuchName\|unknown name .*NO_SUCH_NAME" blocktest "$folder/name.json"
done

# One malformed case is that case's failure: the others are run.
for command in statetest blocktest; do
    [ $command = statetest ] && from=$state || from=$block
    python3 - "$from" "$folder/mixed.json" <<'P'
import json, sys
document = json.load(open(sys.argv[1]))
json.dump({"bad one": {"env": {}, "network": 5}, **document, "bad two": 7}, open(sys.argv[2], "w"))
P
    "$weft" $command "$folder/mixed.json" >"$folder/out" 2>"$folder/err"
    [ $? = 1 ] || complain "$command of malformed cases: expected exit status 1"
    [ "$(grep -c "^FAILED $folder/mixed.json: bad .*: malformed: " "$folder/out")" = 2 ] || complain "$command of malformed cases: $(cat "$folder/out")"
    tail -n 1 "$folder/out" | grep -qE '^[1-9][0-9]* passed, 2 failed, 0 skipped$' || complain "$command hides cases behind a malformed one"
    [ -s "$folder/err" ] && complain "$command of malformed cases: $(cat "$folder/err")"
done

# What the test shows of a block is what its RLP says.
shows() { # shows TEXT CODE
    edit "$block" "$folder/shown.json" "b = c['blocks'][0]; $2"
    fails "$1" blocktest "$folder/shown.json"
}
shows "block 0: blockHeader: gasUsed differs from the RLP" "b['blockHeader']['gasUsed'] = '0x1234'"
shows "block 0: blockHeader: extraData differs from the RLP" "b['blockHeader']['extraData'] = '0x1234'"
shows "block 0: blockHeader: hash differs from the RLP" "b['blockHeader']['hash'] = '0x' + '11' * 32"
shows "block 0: blockHeader: number of fields differs from the RLP" "del b['blockHeader']['parentBeaconBlockRoot']"
shows "block 0: transactions: 0: nonce differs from the RLP" "b['transactions'][0]['nonce'] = '0x99'"
shows "block 0: transactions: 0: signature differs from the RLP" "b['transactions'][0]['r'] = '0x99'"
shows "block 0: transactions: the document has 0, the RLP 1" "b['transactions'] = []"
shows "block 0: withdrawals: the document has 1, the RLP 0" "b['withdrawals'] = [{}]"
shows "genesisBlockHeader: timestamp differs from genesisRLP" "c['genesisBlockHeader']['timestamp'] = '0x77'"

# The test's own blob numbers and chain id.
blobs=$WEFT_FIXTURES/blockchain_tests/cancun/eip4844_blobs
blobs=$(find "$blobs" -name 'test_valid_blob_tx_combinations.json' -o -name 'test_correct_excess_blob_gas*.json' | sort | head -n 1)
if [ -n "$blobs" ]; then
    edit "$blobs" "$folder/schedule.json" "c['config']['blobSchedule'] = {'Cancun': {'target': '0x02', 'max': '0x06', 'baseFeeUpdateFraction': '0x32f0ed'}}"
    fails "BLOCK_EXCESS_BLOB_GAS" blocktest "$folder/schedule.json"
fi
edit "$block" "$folder/chain.json" "c['config']['chainid'] = '0x02'"
fails "TX_WRONG_CHAIN_ID" blocktest "$folder/chain.json"

# In the oldest tests, a block without a header shown is one that must be refused.
edit "$block" "$folder/hidden.json" "del c['blocks'][0]['blockHeader']"
fails "block 0 accepted, expected " blocktest "$folder/hidden.json"
edit "$block" "$folder/refused.json" "
b = c['blocks'][0]
del b['blockHeader']
b['rlp'] = b['rlp'][:-2] + '00'
c['lastblockhash'] = c['genesisBlockHeader']['hash']
c.pop('postState')"
"$weft" blocktest "$folder/refused.json" | tail -n 1 | grep -qE '^[1-9][0-9]* passed, 0 failed, 0 skipped$' || complain "a block that nobody says why to refuse"

# The merge, at a total difficulty: at once, and never.
paris=$(first blockchain_tests/paris)
edit "$paris" "$folder/merged.json" "c['network'] = c['network'].replace('Paris', 'GrayGlacierToParisAtDiff0')"
"$weft" blocktest "$folder/merged.json" | tail -n 1 | grep -qE '^[1-9][0-9]* passed, 0 failed, 0 skipped$' || complain "the merge at difficulty 0"
"$weft" blocktest --stateless "$folder/merged.json" | tail -n 1 | grep -qE '^[1-9][0-9]* passed, 0 failed, 0 skipped$' || complain "the merge at difficulty 0, without state"
edit "$paris" "$folder/unmerged.json" "c['network'] = c['network'].replace('Paris', 'GrayGlacierToParisAtDiffC0000')"
fails "block 0 refused: BLOCK_DIFFICULTY" blocktest "$folder/unmerged.json"

# An unknown fork is skipped; where everything is, nothing was checked.
edit "$state" "$folder/unknown.json" "c['post'] = {'Nowhere': [p for p in $post]}"
"$weft" statetest "$folder/unknown.json" >"$folder/out" 2>"$folder/err"
[ $? = 2 ] || complain "unknown forks alone: expected exit status 2"
tail -n 1 "$folder/out" | grep -qE '^0 passed, 0 failed, [1-9][0-9]* skipped$' || complain "unknown fork: expected to be skipped"
"$weft" statetest "$folder/unknown.json" "$state" >/dev/null || complain "unknown forks beside others: expected exit status 0"

# A bundle of which the header lies.
cp -r "$WEFT_FIXTURES/mainnet_blocks/46147" "$folder/bundle" && chmod -R u+w "$folder/bundle"
sed -i 's/"gasUsed": *"0x5208"/"gasUsed":"0x5209"/' "$folder/bundle/block.json"
"$weft" replay "$folder/bundle" >"$folder/out"
[ $? = 1 ] || complain "replay of a wrong header: expected exit status 1"
grep -A 1 "FAILED" "$folder/out" | grep -q "^ *block hash differs" || complain "replay of a wrong header: $(cat "$folder/out")"
exit $bad
