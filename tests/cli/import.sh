#!/usr/bin/env bash
# weft make-chain, import and db: what they promise about files, folders, exit codes and going on.
. "$(dirname "$0")/common.bash"

expect() { # expect STATUS TEXT ARGUMENT...: TEXT in what is printed, on either side
    local expected=$1 text=$2 status
    shift 2
    "$weft" "$@" >"$folder/out" 2>"$folder/err"
    status=$?
    [ $status = "$expected" ] || complain "weft $*: exit status $status, expected $expected: $(cat "$folder/err")"
    grep -qF -- "$text" "$folder/out" "$folder/err" || complain "weft $*: expected '$text' in: $(cat "$folder/out" "$folder/err")"
    [ "$expected" = 2 ] && [ "$(wc -l <"$folder/err")" != 1 ] && complain "weft $*: expected one line on stderr"
}

expect 2 "expected --datadir and --genesis" import "$folder/nothing"
expect 2 "expected --datadir" db stat
expect 2 "expected stat, check, prune, tx or block" db look --datadir "$folder/db"
expect 2 "no store in the folder" db stat --datadir "$folder/db"
expect 2 "expected --genesis" make-chain "$folder/chain"

# The same arguments make the same chain.
chain=("--blocks" 30 "--gas-per-block" 1000000 "--fill" 5 "--touch" 5)
expect 0 '"number":30' make-chain "$folder/chain" --genesis "$folder/genesis" "${chain[@]}"
expect 1 "block 1: withdrawals: block body has parts of another fork" import --datadir "$folder/public" --genesis mainnet "$folder/chain"
head=$(grep -o '"head":"[^"]*"' "$folder/out")
expect 0 "$head" make-chain "$folder/chain2" --genesis "$folder/genesis2" "${chain[@]}" --threads 1
cmp -s "$folder/chain" "$folder/chain2" || complain "make-chain: the same arguments made another chain"
import=(import --datadir "$folder/db" --genesis "$folder/genesis")

# To the head, serially, from gzip, and again.
expect 0 "$head" "${import[@]}" --json "$folder/chain"
expect 0 '"known":30' "${import[@]}" --json "$folder/chain"
expect 0 "$head" db stat --datadir "$folder/db" --json
expect 0 '"ok":true' db check --datadir "$folder/db" --json
expect 0 "built anew" db check --datadir "$folder/db"

# Blocks and transactions that the chain has, and others. The hashes come from the chain's own file.
expect 0 '"number":30' db block 30 --datadir "$folder/db" --json
grep -qF -- "$(sed 's/"head"/"hash"/' <<<"$head")" "$folder/out" || complain "db block 30: expected hash $head"
hash=$(grep -o '"hash":"[^"]*"' "$folder/out" | cut -d'"' -f4)
expect 0 "number           30" db block "$hash" --datadir "$folder/db"
transactions=$(python3 "$(dirname "$0")/transactions.py" "$folder/chain")
for place in 1:0 17:2 30:1; do
    set -- $(grep "^${place/:/ } " <<<"$transactions")
    expect 0 "\"hash\":\"$3\",\"block\":$1,\"index\":$2," db tx "$3" --datadir "$folder/db" --json
    grep -qE '"from":"0x[0-9a-f]{40}",.*"status":1,"gas_used":[1-9][0-9]*,' "$folder/out" || complain "db tx $3: $(cat "$folder/out")"
done
expect 0 "gas_used" db tx "$3" --datadir "$folder/db"
expect 2 "not in the chain" db tx "${3%????}0000" --datadir "$folder/db"
expect 2 "not in the chain" db block 31 --datadir "$folder/db"
expect 2 "not in the chain" db block "${3}" --datadir "$folder/db"
expect 2 "expected 0x and 64 hex digits" db tx 0x12 --datadir "$folder/db"
expect 2 "expected a number, or 0x" db block latest --datadir "$folder/db"
expect 2 "db tx: expected a transaction's hash after it" db tx --datadir "$folder/db"
gzip -k "$folder/chain"
expect 0 "$head" import --datadir "$folder/zipped" --genesis "$folder/genesis" --executor serial --batch 7 --json "$folder/chain.gz"
expect 0 "gave up 26 undo records, receipts of 26 blocks" db prune --datadir "$folder/db" --history 4 --receipts
expect 0 "built anew" db check --datadir "$folder/db"

# Another chain's blocks, another genesis, files that are no blocks.
expect 0 '"number":3' make-chain "$folder/other" --genesis "$folder/othergenesis" --blocks 3 --seed 9 --gas-per-block 2000000
expect 2 "has another chain" import --datadir "$folder/db" --genesis "$folder/othergenesis" "$folder/chain"
expect 1 "block 1: parent of the block is unknown: 0x" "${import[@]}" "$folder/other"
expect 1 "; the genesis file's is block 0, 0x" "${import[@]}" "$folder/other"
expect 2 "No such file" "${import[@]}" "$folder/missing"
echo "no blocks" >"$folder/text"
expect 2 "expected an RLP list" "${import[@]}" "$folder/text"

# A block that is cut off, and one with a wrong byte: those before it are kept.
size=$(stat -c %s "$folder/chain")
head -c $((size - 100)) "$folder/chain" >"$folder/cut"
expect 2 "block 30: file is no chain of blocks: expected more bytes: the file is cut off" import --datadir "$folder/cutdb" --genesis "$folder/genesis" "$folder/cut"
expect 0 '"number":29' db stat --datadir "$folder/cutdb" --json
cp "$folder/chain" "$folder/wrong"
printf '\xff\xff' | dd of="$folder/wrong" bs=1 seek=$((size - 2000)) conv=notrunc 2>/dev/null
expect 1 "block 30" import --datadir "$folder/wrongdb" --genesis "$folder/genesis" "$folder/wrong"
expect 0 '"number":29' db stat --datadir "$folder/wrongdb" --json
expect 0 "$head" import --datadir "$folder/wrongdb" --genesis "$folder/genesis" --json "$folder/chain"

# No room: what the line says, and that the folder goes on when there is some.
if small=$(mktemp -d) && mount -t tmpfs -o size=3M none "$small" 2>/dev/null; then
    expect 2 "no space left for the store" import --datadir "$small/db" --genesis "$folder/genesis" "$folder/chain"
    mount -o remount,size=100M "$small"
    expect 0 "$head" import --datadir "$small/db" --genesis "$folder/genesis" --json "$folder/chain"
    umount "$small"
fi
rmdir "$small"

# A reorganisation: two branches over one genesis; the file that comes last counts.
expect 0 '"number":20' make-chain "$folder/left" --genesis "$folder/genesis" --blocks 20 --gas-per-block 500000 --seed 1
left=$(grep -o '"head":"[^"]*"' "$folder/out")
expect 0 '"number":12' make-chain "$folder/right" --genesis "$folder/genesis" --blocks 12 --gas-per-block 500000 --seed 2
right=$(grep -o '"head":"[^"]*"' "$folder/out")
expect 0 "$left" import --datadir "$folder/branches" --genesis "$folder/genesis" --json "$folder/left"
expect 0 "$right" import --datadir "$folder/branches" --genesis "$folder/genesis" --json "$folder/right"
expect 0 "built anew" db check --datadir "$folder/branches"
expect 0 "$left" import --datadir "$folder/branches" --genesis "$folder/genesis" --json "$folder/left"
expect 0 "built anew" db check --datadir "$folder/branches"

# SIGTERM ends it after a block; it goes on from there.
expect 0 '"number":400' make-chain "$folder/long" --genesis "$folder/longgenesis" --blocks 400 --gas-per-block 1000000
head=$(grep -o '"head":"[^"]*"' "$folder/out")
"$weft" import --datadir "$folder/longdb" --genesis "$folder/longgenesis" "$folder/long" >"$folder/out" 2>&1 &
await_work $! 15
kill -TERM $!
wait $!
status=$?
[ $status = 130 ] || complain "import after SIGTERM: exit status $status"
expect 0 "$head" import --datadir "$folder/longdb" --genesis "$folder/longgenesis" --json "$folder/long"

# A damaged file is told from a good one.
python3 - "$folder/zipped/state.mdb" <<'PYTHON' 2>/dev/null
import sys
data = bytearray(open(sys.argv[1], "rb").read())
middle = len(data) // 2
for i in range(middle, len(data) - 64, 997):
    data[i] ^= 0x55
open(sys.argv[1], "wb").write(data)
PYTHON
"$weft" db check --datadir "$folder/zipped" >"$folder/out" 2>&1 && complain "db check: a damaged store passes"

if [ -n "$WEFT_FIXTURES" ] && [ -d "$WEFT_FIXTURES/rpc_compat" ]; then
    head=$(grep -o '"headBlockHash": "[^"]*"' "$WEFT_FIXTURES/rpc_compat/headfcu.json" | grep -o '0x[0-9a-f]*')
    expect 0 "$head" import --datadir "$folder/rpc" --genesis "$WEFT_FIXTURES/rpc_compat/genesis.json" --json \
        "$WEFT_FIXTURES/rpc_compat/chain.rlp"
    expect 0 "built anew" db check --datadir "$folder/rpc"
fi
# A store whose file was cut off: a line, and no signal.
"$weft" make-chain --genesis "$folder/short.json" --blocks 20 "$folder/short.rlp" >/dev/null 2>&1
"$weft" import --datadir "$folder/short" --genesis "$folder/short.json" "$folder/short.rlp" >/dev/null 2>&1
truncate -s 40000 "$folder/short/state.mdb"
expect 2 "expected a store as weft left it" db check --datadir "$folder/short"

exit $bad
