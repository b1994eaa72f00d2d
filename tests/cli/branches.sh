#!/usr/bin/env bash
# weft import: branches, what --history keeps, readers and writers beside an import, and files that are no files.
. "$(dirname "$0")/common.bash"

expect() { # expect STATUS TEXT ARGUMENT...: TEXT in what is printed; with exit code 1 or 2 in one line on stderr
    local expected=$1 text=$2 status
    shift 2
    timeout 60 "$weft" "$@" >"$folder/out" 2>"$folder/err" </dev/null
    status=$?
    [ $status = "$expected" ] || complain "weft $*: exit status $status, expected $expected: $(cat "$folder/err")"
    grep -qF -- "$text" "$folder/out" "$folder/err" || complain "weft $*: expected '$text' in: $(cat "$folder/out" "$folder/err")"
    case $expected in [12]) [ "$(wc -l <"$folder/err")" = 1 ] || complain "weft $*: expected one line on stderr: $(cat "$folder/err")" ;; esac
}

# Two chains that have their first 20 blocks in common.
chain=(--gas-per-block 500000 --fill 5)
expect 0 '"number":60' make-chain "$folder/main" --genesis "$folder/genesis" "${chain[@]}" --blocks 60 --fill-blocks 20
main=$(grep -o '"head":"[^"]*"' "$folder/out")
expect 0 '"number":50' make-chain "$folder/side" --genesis "$folder/genesis2" "${chain[@]}" --blocks 50 --fill-blocks 25
side=$(grep -o '"head":"[^"]*"' "$folder/out")
import=(import --genesis "$folder/genesis")

# Too far back: nothing changes, and the line says what can be done. The history that is kept counts for later imports.
expect 0 "$main" "${import[@]}" --datadir "$folder/short" --history 10 --json "$folder/main"
for threads in 1 3; do
    expect 1 "leaves the chain at block 20, 0x" "${import[@]}" --datadir "$folder/short" --threads $threads "$folder/side"
    grep -qF "can only go back to block 50 (--history 10); import the branch into another folder, or this chain anew with --history 40" \
        "$folder/err" || complain "a branch too far back: $(cat "$folder/err")"
    expect 0 "$main" db stat --datadir "$folder/short" --json
done
expect 0 '"oldest_undo":51,"history":10' db stat --datadir "$folder/short" --json
expect 0 "--history is now 4, was 10: the head, block 60, can go back to block 56" "${import[@]}" --datadir "$folder/short" --history 4 "$folder/main"
expect 0 '"oldest_undo":57,"history":4' db stat --datadir "$folder/short" --json
expect 0 "--history is now 30, was 4: the head, block 60, can go back to block 56, and farther" "${import[@]}" --datadir "$folder/short" --history 30 "$folder/main"
expect 0 "imported 0 blocks" "${import[@]}" --datadir "$folder/short" "$folder/main"
[ -s "$folder/err" ] && complain "an import with the history that is kept says: $(cat "$folder/err")"
expect 0 '"oldest_undo":57,"history":30' db stat --datadir "$folder/short" --json
expect 0 "gave up 0 undo records" db prune --datadir "$folder/short"
expect 0 "built anew" db check --datadir "$folder/short"

# Near enough: as a whole. One that turns bad leaves the old head.
expect 0 "$main" "${import[@]}" --datadir "$folder/db" --json "$folder/main"
head -c $(($(stat -c %s "$folder/side") - 40)) "$folder/side" >"$folder/cut"
expect 2 "block 50: file is no chain of blocks: expected more bytes: the file is cut off; the branch from block 20 on is not kept, the head stays block 60" \
    "${import[@]}" --datadir "$folder/db" "$folder/cut"
expect 0 "$main" db stat --datadir "$folder/db" --json
cp "$folder/side" "$folder/wrong"
printf '\xff\xff' | dd of="$folder/wrong" bs=1 seek=$(($(stat -c %s "$folder/side") - 300)) conv=notrunc 2>/dev/null
expect 1 "the branch from block 20 on is not kept, the head stays block 60" "${import[@]}" --datadir "$folder/db" "$folder/wrong"
expect 0 "$main" db stat --datadir "$folder/db" --json
expect 0 "$side" "${import[@]}" --datadir "$folder/db" --json "$folder/side"
expect 0 "built anew" db check --datadir "$folder/db"
expect 0 "$main" "${import[@]}" --datadir "$folder/db" --json "$folder/main" "$folder/main"
expect 0 "built anew" db check --datadir "$folder/db"

# While somebody has the folder: who reads sees the newest commit, who writes is told.
exec 9<>"$folder/db/LOCK"
if flock -n 9; then
    expect 0 "$main" db stat --datadir "$folder/db" --json
    expect 0 "built anew" db check --datadir "$folder/db"
    expect 2 "store is in use by another process" "${import[@]}" --datadir "$folder/db" "$folder/side"
    expect 2 "store is in use by another process" db prune --datadir "$folder/db"
fi
exec 9>&-

# What is no file, or has no end.
: >"$folder/empty"
mkfifo "$folder/pipe"
ln -s loop "$folder/loop"
for name in empty /dev/null; do
    [ -e "$name" ] || name=$folder/$name
    expect 2 "the file is empty" "${import[@]}" --datadir "$folder/none" "$name"
done
expect 2 "is a folder, expected a file" "${import[@]}" --datadir "$folder/none" "$folder"
expect 2 "Too many levels of symbolic links" "${import[@]}" --datadir "$folder/none" "$folder/loop"
expect 2 "/dev/zero: is a device, expected a file" "${import[@]}" --datadir "$folder/none" /dev/zero
expect 2 "is a pipe without a writer" "${import[@]}" --datadir "$folder/none" "$folder/pipe"
expect 2 "is a device, expected a file" import --datadir "$folder/none" --genesis /dev/zero "$folder/main"
cat "$folder/main" >"$folder/pipe" &
expect 0 "$main" "${import[@]}" --datadir "$folder/piped" --json "$folder/pipe"
wait

exit $bad
