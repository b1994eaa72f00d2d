#!/usr/bin/env bash
# Bad usage and unreadable input: exit status 2, one line on stderr that begins with "weft: ", nothing on stdout. Help: 0.
. "$(dirname "$0")/common.bash"

refuses() { # refuses TEXT ARGUMENT...: TEXT must be in the message
    local text=$1 status
    shift
    "$weft" "$@" >"$folder/out" 2>"$folder/err"
    status=$?
    [ $status = 2 ] || complain "weft $*: exit status $status, expected 2"
    [ "$(wc -l <"$folder/err")" = 1 ] || complain "weft $*: expected one line on stderr, found: $(cat "$folder/err")"
    grep -q "^weft: " "$folder/err" || complain "weft $*: expected a line that begins with 'weft: '"
    grep -qF -- "$text" "$folder/err" || complain "weft $*: expected '$text' in: $(cat "$folder/err")"
}

echo '{"case": {"env": {}' >"$folder/cut.json"
echo '{"case": {"env": {}}}' >"$folder/empty.json"
mkdir "$folder/nothing"

refuses "expected a command" nonsense
refuses "expected PATH" statetest
refuses "--threads: expected a number" statetest --threads zero "$folder"
refuses "--executor: expected serial, parallel, both, bal or all" blocktest --executor fast "$folder"
refuses "--fork: expected the name of a fork" statetest --fork Nowhere "$folder"
refuses "--seed: expected an option" statetest --seed 1 "$folder"
refuses "--filter: expected a value" statetest "$folder" --filter
refuses "$folder/missing: No such file" statetest "$folder/missing"
refuses "$folder/missing: No such file" replay "$folder/missing"
refuses "expected a bundle" replay "$folder/nothing"
refuses "cut.json: line 2, column 1: expected JSON" statetest "$folder/cut.json"
refuses "empty.json: case: transaction: expected an object" statetest "$folder/empty.json"
refuses "expected the name of a fork" fork Nowhere
refuses "expected the name of a workload" bench nothing

refuses "run: CODE: expected an even number of hex digits, found 3" run 60f
refuses "run: --code: expected hex digits, found 'xyz'" run --code xyz
refuses "$folder/missing: No such file" run --codefile "$folder/missing"
refuses "expected the code once" run --code 00 00
refuses "expected the input once" run --input 00 --inputfile x 00
refuses "--gas: expected a number below 2^63" run --gas 0x8000000000000000 00
refuses "--value: expected a number below 2^256" run --value one 00
refuses "--sender: expected an address of 40 hex digits" run --sender 0x12 00
refuses "--bench[=SECONDS]: expected a number of seconds" run --bench=0 00
refuses "cut.json: line 2, column 1: expected JSON" run --prestate "$folder/cut.json" 00
refuses "--trace: expected an option" blocktest --trace "$folder"

for command in "" import db make-chain replay statetest blocktest bench run witness t8n explain fork; do
    "$weft" $command --help >"$folder/out" 2>"$folder/err" || complain "weft $command --help fails"
    grep -q "usage: weft" "$folder/out" || complain "weft $command --help: expected a usage line"
    [ -s "$folder/err" ] && complain "weft $command --help writes to stderr"
done
"$weft" --version | grep -qE '^weft [0-9]+\.[0-9]+\.[0-9]+$' || complain "weft --version: expected a version"
"$weft" fork Osaka --diff | grep -q "op.CLZ" || complain "weft fork Osaka --diff: expected CLZ"

# An empty folder is no error: there is nothing in it that fails.
[ "$("$weft" statetest "$folder/nothing")" = "0 passed, 0 failed, 0 skipped" ] || complain "statetest of an empty folder"
exit $bad
