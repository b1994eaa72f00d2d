#!/usr/bin/env bash
# weft replay --pipeline says of every block what it says without, whatever the number of threads; --simulate has its tables.
[ -n "$WEFT_FIXTURES" ] && [ -d "$WEFT_FIXTURES/mainnet_blocks" ] && command -v python3 >/dev/null ||
    { echo "no fixtures or no python3: not checked" && exit 77; }
. "$(dirname "$0")/common.bash"

# Six blocks; in one the state before is another, one has a wrong sender, so both must fail in the middle.
mkdir "$folder/blocks"
for block in 46147 930196 2641321 2675000 9068998 19923400; do
    cp -r "$WEFT_FIXTURES/mainnet_blocks/$block" "$folder/blocks/$block"
    chmod -R u+w "$folder/blocks/$block"
done
python3 - "$folder/blocks" <<'P'
import json, sys
def edit(name, change):
    path = f"{sys.argv[1]}/{name}"
    value = json.load(open(path))
    change(value)
    json.dump(value, open(path, "w"))
def other_state(state):
    for account in state.values(): account["balance"] = "0x0"
edit("2641321/prestate.json", other_state)
edit("9068998/block.json", lambda block: block["transactions"][1].update({"from": "0x" + "11" * 20}))
P

# What is said of each block: number, transactions, gas, verdict.
verdicts() {
    "$weft" replay --json "$@" 2>"$folder/err" | python3 -c '
import json, sys
for line in sys.stdin:
    value = json.loads(line)
    if "block" in value: print(value["block"], value.get("txs"), value.get("gas"), value["verified"], value.get("error"))
'
    echo "status ${PIPESTATUS[0]}"
    cat "$folder/err"
}

expected=$(verdicts --executor parallel --repeat 1 "$folder/blocks")
[ "$(grep -c True <<<"$expected")" = 4 ] && [ "$(grep -c False <<<"$expected")" = 2 ] && grep -q "^status 1$" <<<"$expected" ||
    complain "replay: $expected"
for threads in 1 2 3 8; do
    found=$(verdicts --pipeline --threads $threads --oversubscribe --repeat 1 "$folder/blocks")
    [ "$found" = "$expected" ] || complain "--pipeline on $threads threads: $found instead of $expected"
done
found=$(verdicts --pipeline --executor serial --repeat 2 "$folder/blocks")
[ "$found" = "$expected" ] || complain "--pipeline --executor serial: $found instead of $expected"

"$weft" replay --repeat 1 "$folder/blocks" >"$folder/out"
[ "$(tail -n 1 "$folder/out")" = "2 of 6 blocks failed: 2641321, 9068998" ] || complain "no summary: $(tail -n 1 "$folder/out")"

# A bundle that cannot be read is named, the others go on; exit status 2 is for none that can be read.
echo '{"number": "0xa3' >"$folder/blocks/2675000/prestate.json"
expected=$(verdicts --executor parallel --repeat 1 "$folder/blocks")
grep -q "^status 1$" <<<"$expected" && [ "$(grep -c "prestate.json" <<<"$expected")" = 2 ] && [ "$(grep -c True <<<"$expected")" = 3 ] &&
    grep -q "3 of 6 blocks failed: 2641321, 2675000, 9068998" <<<"$expected" || complain "replay: $expected"
mv "$folder/blocks/2641321/block.json" "$folder/kept" && echo '{"number": "x"}' >"$folder/blocks/2641321/block.json"
"$weft" replay --repeat 1 "$folder/blocks" >"$folder/out" 2>"$folder/err"
[ $? = 1 ] && grep -q "2641321/block.json: " "$folder/err" && grep -q "^3 of 6 blocks failed: " "$folder/out" ||
    complain "a malformed block.json: $(cat "$folder/out" "$folder/err")"
mv "$folder/kept" "$folder/blocks/2641321/block.json"
for way in "" --pipeline "--simulate 2" "--perturb 1"; do
    # shellcheck disable=SC2086
    "$weft" replay --repeat 1 $way "$folder/blocks/2675000" >"$folder/out" 2>"$folder/err"
    [ $? = 2 ] && [ "$(wc -l <"$folder/err")" = 1 ] || complain "replay $way: no readable bundle: $(cat "$folder/out" "$folder/err")"
    # shellcheck disable=SC2086
    "$weft" replay --repeat 1 $way "$folder/blocks" >"$folder/out" 2>"$folder/err"
    [ $? = 1 ] && grep -q 19923400 "$folder/out" || complain "replay $way: a bad bundle hides later ones: $(cat "$folder/out" "$folder/err")"
done
"$weft" explain --repeat 1 --threads 1 "$folder/blocks" >"$folder/out" 2>"$folder/err"
[ $? = 1 ] && grep -q 19923400 "$folder/out" || complain "explain: a bad bundle hides later ones: $(cat "$folder/out" "$folder/err")"

# What is missing is named.
cp -r "$WEFT_FIXTURES/mainnet_blocks/8889776" "$folder/lacking" && chmod -R u+w "$folder/lacking" && echo '{}' >"$folder/lacking/block_hashes.json"
for way in "" --pipeline "--simulate 2"; do
    # shellcheck disable=SC2086
    "$weft" replay --repeat 1 $way "$folder/lacking" 2>&1 | grep -qE "block 8889776: block hash of 888977[0-9] is not in block_hashes.json" ||
        complain "replay $way: expected the missing block hash"
done
for hashes in '[]' '{"010x": "0x00"}' '{"-1": "0x00"}'; do
    rm -rf "$folder/odd" && cp -r "$WEFT_FIXTURES/mainnet_blocks/46147" "$folder/odd" && chmod -R u+w "$folder/odd"
    echo "$hashes" >"$folder/odd/block_hashes.json"
    "$weft" replay "$folder/odd" >"$folder/out" 2>&1
    [ $? = 2 ] && grep -qE "block_hashes.json: .*expected (an object of block hashes|a block number)" "$folder/out" ||
        complain "block_hashes.json, $hashes: $(cat "$folder/out")"
done
for threads in 1 2 8; do
    found=$(verdicts --pipeline --threads $threads --oversubscribe --repeat 1 "$folder/blocks")
    [ "$found" = "$expected" ] || complain "--pipeline on $threads threads: $found instead of $expected"
done

# Receipts, where there are some, tell which transaction differs first: here the only one, whose recipient has lost its code.
cp -r "$WEFT_FIXTURES/mainnet_blocks/15537393" "$folder/other" && chmod -R u+w "$folder/other"
python3 - "$folder/other" <<'P'
import json, sys
block, state = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("block", "prestate"))
del state[next(a for a in state if a.lower() == block["transactions"][0]["to"].lower())]["code"]
json.dump(state, open(f"{sys.argv[1]}/prestate.json", "w"))
json.dump([{"cumulativeGasUsed": block["gasUsed"], "status": "0x1", "logs": []}], open(f"{sys.argv[1]}/receipts.json", "w"))
P
for way in "" --pipeline; do
    # shellcheck disable=SC2086
    "$weft" replay --repeat 1 --json $way "$folder/other" >"$folder/out" 2>&1
    grep -qE 'header has 29991429; first difference from receipts.json: transaction 0: gas used: computed [0-9]+, expected 29991429"' \
        "$folder/out" || complain "replay $way: expected the transaction that differs: $(cat "$folder/out")"
done
echo '[{"cumulativeGasUsed": 1}' >"$folder/other/receipts.json"
"$weft" replay --repeat 1 "$folder/other" 2>&1 >/dev/null | grep -q "other/receipts.json: line " || complain "replay: expected a line for receipts.json"

# The costs of both ways.
"$weft" replay --pipeline --json --repeat 1 "$WEFT_FIXTURES/mainnet_blocks/930196" | tail -n 1 | python3 -c '
import json, sys
value = json.loads(sys.stdin.read())
assert value["identical"] is True and value["blocks"] == 1 and value["speedup"] > 0 and value["cpu_ratio"] > 0
for way in ("one_by_one", "pipelined"): assert value[way]["wall_ms"] >= value[way]["execution_ms"] > 0, value
' || complain "--pipeline --json"
"$weft" replay --pipeline --repeat 1 "$WEFT_FIXTURES/mainnet_blocks/930196" | tail -n 1 |
    grep -qE '^pipelined: [0-9.]+ times the throughput, [0-9.]+ times the CPU time, results identical$' || complain "--pipeline: last line"

# An interrupt ends it after what is under way: the blocks so far, in order, and exit status 130.
mkdir "$folder/many"
for i in $(seq 1000 1399); do ln -s "$WEFT_FIXTURES/mainnet_blocks/930196" "$folder/many/$i"; done
env --default-signal=INT "$weft" replay --pipeline "$folder/many" >"$folder/out" 2>"$folder/err" &
pid=$!
await_work $pid 20
kill -INT $pid
wait $pid
status=$?
[ $status = 130 ] || complain "interrupted: exit status $status"
grep -qE "^ +all +[0-9]+ blocks .* ok$" "$folder/out" || complain "interrupted: $(tail -n 2 "$folder/out")"

# The scheduler on virtual workers.
"$weft" replay --simulate 1,4,16 --json --repeat 1 "$WEFT_FIXTURES/mainnet_blocks/46147" "$WEFT_FIXTURES/mainnet_blocks/9068998" | python3 -c '
import json, sys
*blocks, all = [json.loads(line) for line in sys.stdin]
assert [b["block"] for b in blocks] == [46147, 9068998] and all["blocks"] == 2, blocks
for i, workers in enumerate((1, 4, 16)):
    for value in (*blocks, all):
        s = value["simulated"][i]
        assert s["workers"] == workers and s["possible_ms"] <= s["ms"] * 1.0001 and s["busy_ms"] > 0, value
    assert abs(sum(b["simulated"][i]["ms"] for b in blocks) - all["simulated"][i]["ms"]) < 1e-4
    assert all["simulated"][i]["worst"] == min(b["simulated"][i]["speedup"] for b in blocks)
' || complain "--simulate --json"
"$weft" replay --simulate 2,8 --repeat 1 "$folder/blocks/46147" "$folder/blocks/2641321" >"$folder/out"
[ $? = 1 ] && grep -qE "^ +46147 +Frontier .* 1\.00\( 1\.00\)" "$folder/out" && grep -qE "^ +2641321 .* FAILED" "$folder/out" &&
    grep -qE "^ +all +1 blocks " "$folder/out" || complain "--simulate: $(cat "$folder/out")"

# Runs with workers held up: each as serial execution; a block that is wrong by itself fails.
"$weft" replay --perturb 4 --seed 9 --json "$WEFT_FIXTURES/mainnet_blocks/9068998" | python3 -c '
import json, sys
(value,) = [json.loads(line) for line in sys.stdin]
assert value["block"] == "9068998" and value["runs"] == 4 and value["verified"] is True, value
' || complain "--perturb --json"
"$weft" bench --perturb 3 --size 40 chain transfers >"$folder/out" || complain "bench --perturb: exit status"
tail -n 2 "$folder/out" | tr '\n' ' ' | grep -q "6 runs of 2 blocks, .*: every run as serial execution $" || complain "bench --perturb: $(cat "$folder/out")"
"$weft" replay --perturb 2 "$folder/blocks/2641321" >"$folder/out" && complain "--perturb: a wrong block passes"
grep -q "FAILED" "$folder/out" || complain "--perturb: $(cat "$folder/out")"

refuses() { # refuses TEXT ARGUMENT...
    local text=$1 status
    shift
    "$weft" replay "$@" "$folder/many/1000" >"$folder/out" 2>"$folder/err"
    status=$?
    [ $status = 2 ] && [ "$(wc -l <"$folder/err")" = 1 ] && grep -qF -- "$text" "$folder/err" || complain "$*: $status $(cat "$folder/err")"
}
refuses "expected one of --simulate, --pipeline and --perturb" --simulate 2 --pipeline
refuses "--executor: expected without --simulate and --perturb" --simulate 2 --executor serial
refuses "expected one of --simulate, --pipeline and --perturb" --perturb 2 --pipeline
refuses "--executor: expected without --simulate and --perturb" --perturb 2 --executor bal
refuses "--pipeline: expected --executor serial or parallel" --pipeline --executor bal
refuses "--simulate: expected up to 16 numbers" --simulate 2,,4
exit $bad
