#!/usr/bin/env bash
# Bad usage and unreadable input: exit status 2, one line on stderr that begins with "weft: ", nothing on stdout but a heading or a
# summary of what was done before. Help: 0.
. "$(dirname "$0")/common.bash"

refuses() { # refuses TEXT ARGUMENT...: TEXT must be in the message
    local text=$1 status
    shift
    "$weft" "$@" >"$folder/out" 2>"$folder/err"
    status=$?
    [ $status = 2 ] || complain "weft $*: exit status $status, expected 2"
    [ "$(wc -l <"$folder/err")" = 1 ] || complain "weft $*: expected one line on stderr, found: $(cat "$folder/err")"
    grep -q "^weft: " "$folder/err" || complain "weft $*: expected a line that begins with 'weft: '"
    case $1 in statetest | blocktest | replay | import | bench) ;; *)
        [ -s "$folder/out" ] && complain "weft $*: expected nothing on stdout, found: $(head -n 1 "$folder/out")" ;;
    esac
    grep -qF -- "$text" "$folder/err" || complain "weft $*: expected '$text' in: $(cat "$folder/err")"
}

echo '{"case": {"env": {}' >"$folder/cut.json"
echo '{"case": {"env": {}}}' >"$folder/empty.json"
mkdir "$folder/nothing"

refuses "nonsense: unknown command; see" nonsense
refuses "unknown command; see" help nonsense
refuses "rplay: unknown command, nearest is replay" rplay
refuses "help: unknown command" --help help
refuses "--treads: unknown option, nearest is --threads" replay --treads 2 "$folder"
refuses "--repaet=2: unknown option, nearest is --repeat" bench --repaet=2
refuses "--xyzzy: unknown option; see" bench --xyzzy
refuses "--datadir: expected a value, found ''" db stat --datadir ""
refuses "-o: expected a value" explain transfers -o
refuses "nothing was checked: 0 files" statetest
refuses "--threads: expected a number" statetest --threads zero "$folder"
refuses "--executor: expected serial, parallel, both, bal or all" blocktest --executor fast "$folder"
refuses "--fork: expected the name of a fork" statetest --fork Nowhere "$folder"
refuses "--seed: unknown option (replay has it)" statetest --seed 1 "$folder"
refuses "--filter: expected a value" statetest "$folder" --filter
refuses "$folder/missing: No such file" statetest "$folder/missing"
refuses "$folder/missing: No such file" replay "$folder/missing"
refuses "expected a bundle" replay "$folder/nothing"
refuses "expected a bundle, or the name of a workload" explain uniswp-like
refuses "cut.json: line 2, column 1: expected JSON" statetest "$folder/cut.json"
refuses "expected the name of a fork" fork Nowhere
refuses "expected the name of a workload" bench nothing
refuses "expected an instruction or a precompiled contract of Osaka" bench --opcodes transfers
refuses "expected an instruction or a precompiled contract of Prague" bench --opcodes --fork Prague CLZ
refuses "--opcodes: expected no option with it" bench --opcodes --threads 1 ADD

refuses "run: CODE: expected an even number of hex digits, found 3" run 60f
refuses "run: --code: expected hex digits, found 'xyz'" run --code xyz
refuses "$folder/missing: No such file" run --codefile "$folder/missing"
head -c 5000 /dev/zero >"$folder/zeros"
refuses "zeros: expected hex digits, found '\0'" run --codefile "$folder/zeros"
printf '00\0zz' >"$folder/zeros"
refuses "zeros: expected hex digits, found '\0'" run --inputfile "$folder/zeros" 00
refuses "expected the code once" run --code 00 00
refuses "expected the input once" run --input 00 --inputfile x 00
refuses "--gas: expected a number below 2^63" run --gas 0x8000000000000000 00
refuses "--value: expected a number below 2^256" run --value one 00
refuses "--sender: expected an address of 40 hex digits" run --sender 0x12 00
refuses "--bench[=SECONDS]: expected a number from 1 to 3600" run --bench=0 00
refuses "cut.json: line 2, column 1: expected JSON" run --prestate "$folder/cut.json" 00
refuses "--trace: unknown option (statetest has it)" blocktest --trace "$folder"

# Documents that are JSON and not what is expected, and files that are none; none of them crashes a command.
printf '[%.0s' {1..100000} >"$folder/deep.json"
printf ']%.0s' {1..100000} >>"$folder/deep.json"
echo '[]' >"$folder/array.json"
echo '{"case": {"env": {"currentNumber": "0xffffffffffffffffffffffffffffffff"}}}' >"$folder/huge.json"
printf '\xef\xbb\xbf{}' >"$folder/mark.json"
head -c 4096 /dev/urandom >"$folder/binary"
: >"$folder/empty"
for file in deep.json array.json huge.json mark.json binary empty nothing missing; do
    refuses "$file" run --prestate "$folder/$file" 00
    refuses "$file" import --datadir "$folder/store" --genesis "$folder/$file" "$folder/empty"
    refuses "$file" db stat --datadir "$folder/$file"
    refuses "$file" replay "$folder/$file"
    refuses "$file" explain "$folder/$file"
    case $file in huge.json) ;; *)
        refuses "$file" statetest "$folder/$file"
        refuses "$file" blocktest "$folder/$file" ;;
    esac
done
refuses "expected hex digits" run --codefile "$folder/binary"
LC_ALL=C grep -q "$(printf '[\001-\011\013-\037]')" "$folder/err" && complain "control characters reach the terminal: $(cat -v "$folder/err")"
refuses "/dev/null: line 1" statetest /dev/null
refuses "expected fewer operands" fork Osaka Prague
refuses "expected only options" t8n block.json
refuses "expected a number from 1 to 1024, found '0'" replay --threads 0 "$folder/nothing"
refuses "expected a number from 1 to 1024, found '100000'" replay --threads 100000 "$folder/nothing"
refuses "expected a number" make-chain --blocks -1 --genesis "$folder/g.json" "$folder/chain"
for many in "--blocks 0" "--gas-per-block 1" "--gas-per-block 18446744073709551615" "--cache-mb 99999999999"; do
    # shellcheck disable=SC2086
    refuses "expected a number from 1" make-chain $many --genesis "$folder/g.json" "$folder/chain"
done
refuses "expected a number from 0" make-chain --fill 18446744073709551615 --genesis "$folder/g.json" "$folder/chain"
refuses "expected what --gas-per-block has room for" make-chain --fill 100000 --genesis "$folder/g.json" "$folder/chain"
[ -e "$folder/g.json" ] || [ -e "$folder/chain" ] && complain "make-chain writes before it has looked at its options"
refuses "expected a number from 1" import --batch 0 --datadir "$folder/store" --genesis dev "$folder/empty"
refuses "expected a number of at least 1" db prune --history 0 --datadir "$folder/store"
refuses "expected a number from 1 to 10000000, found '99999999'" bench --size 99999999 transfers
refuses "expected a number below 2^64, found '1e3'" bench --seed 1e3 transfers
refuses "expected a block number" replay --rpc http://127.0.0.1:1 5-3
refuses "expected a block number" replay --rpc http://127.0.0.1:1 0x
odd=$folder/$(printf 'odd \377\376')
mkdir "$odd" && echo '[]' >"$odd/$(printf '\377.json')"
refuses "expected an object of test cases" statetest "$odd"
if [ "$(id -u)" != 0 ]; then
    echo '{}' >"$folder/closed.json" && chmod 000 "$folder/closed.json"
    refuses "Permission denied" statetest "$folder/closed.json"
fi

# Numbers: no suffix, no sign, nothing else; and the last of two counts.
for number in 1k 1M +1 -1 " 1" 1.0 0x "" 18446744073709551616; do
    refuses "--seed: expected a number below 2^64, found '$number'" bench --seed "$number" transfers
    refuses "--repeat: expected a number from 1 to 1000000, found '$number'" bench --repeat "$number" transfers
done
"$weft" bench --repeat 5 --size 1 --size=20 --repeat 1 --threads 1 --json transfers | grep -q '"txs":20,' || complain "the last --size counts"

# More threads than processors: one line, and as many as there are.
processors=$("$weft" bench --repeat 1 --size 20 --json transfers | tail -n 1 | sed 's/.*"threads":\([0-9]*\).*/\1/')
"$weft" bench --repeat 1 --size 20 --json --threads 1000 transfers >"$folder/out" 2>"$folder/err" || complain "--threads 1000 fails"
grep -q "\"threads\":$processors," "$folder/out" && [ "$(wc -l <"$folder/err")" = 1 ] && grep -q "1000 threads on $processors " "$folder/err" ||
    complain "--threads 1000: $(cat "$folder/out" "$folder/err")"
"$weft" bench --repeat 1 --size 20 --json --threads 1000 --oversubscribe transfers 2>&1 | grep -q '"threads":1000,' || complain "--oversubscribe"

for command in "" import db make-chain replay statetest blocktest bench run witness t8n explain fork; do
    "$weft" $command --help >"$folder/out" 2>"$folder/err" || complain "weft $command --help fails"
    awk 'length > 80' "$folder/out" | grep . && complain "weft $command --help: lines of more than 80 columns"
    [ -z "$command" ] || "$weft" help $command | cmp -s - "$folder/out" || complain "weft help $command: other than --help"
    [ -z "$command" ] || grep -q "^  weft $command" "$folder/out" || complain "weft $command --help: expected an example"
    grep -q "usage: weft" "$folder/out" || complain "weft $command --help: expected a usage line"
    [ -s "$folder/err" ] && complain "weft $command --help writes to stderr"
done
"$weft" --version | grep -qE '^weft [0-9]+\.[0-9]+\.[0-9]+ \([a-z0-9_-]+\)$' ||
    complain "weft --version: expected a version and a processor"
"$weft" fork Osaka --diff | grep -q "op.CLZ" || complain "weft fork Osaka --diff: expected CLZ"

# Little address space: one line, too, and no crash. (Builds with sanitizers need much of it before they begin.)
if (ulimit -v 2000000 && "$weft" --version) >"$folder/out" 2>&1; then
    (ulimit -v 2000000 && refuses "out of memory" bench --perturb 1 --size 20 transfers; exit $bad) || bad=1
fi

# Nothing to check is an error: an empty folder, a filter that lets nothing through, links that lead nowhere.
ln -s loop "$folder/loop"
ln -s gone.json "$folder/dangling.json"
mkdir -p "$folder/round/inner" && ln -s .. "$folder/round/inner/up"
for command in statetest blocktest; do
    refuses "nothing was checked" $command "$folder/nothing"
    refuses "nothing was checked" $command --filter "no case has this name" "$folder/empty.json"
    refuses "$folder/loop: " $command "$folder/loop"
    refuses "dangling.json: a link to nothing" $command "$folder/dangling.json"
    refuses "a link to a folder that it is in" $command "$folder/round"
done
exit $bad
