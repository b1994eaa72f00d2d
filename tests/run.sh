#!/usr/bin/env bash
# Runs every test suite and adds them up. The last line is `N passed, N failed, N skipped`; the exit status is 0 when none failed.
#
#     tests/run.sh                 all suites
#     tests/run.sh unit state ...  only these
#     BUILD=build-asan tests/run.sh    those of another build folder
#
# A suite is a function suite_NAME below that runs a program whose own last line is of that form. Suites over the official fixtures
# run when the fixtures are on this machine (see tests/fixtures.sh) and are left out, with a word, when they are not.
set -uo pipefail
cd "$(dirname "$0")/.."

build=${BUILD:-build}
weft=$build/weft
jobs=$(nproc)
export WEFT_FIXTURES
WEFT_FIXTURES=$(tests/fixtures.sh) || exit 2

suites=(unit cli cost t8n rules state block amsterdam older_state older_block witness benchmark mainnet python perturb traces store crash evmc)

suite_unit() { "$build/weft_tests" --jobs "$jobs"; }
suite_state() { fixture_suite statetest state_tests --executor both; }
suite_block() { fixture_suite blocktest blockchain_tests --executor all; }
suite_amsterdam() { fixture_suite blocktest blockchain_tests_devnet --executor all; }
# The rules of Amsterdam, case by case.
suite_rules() {
    command -v python3 >/dev/null && [ -x "$weft" ] || { absent "no python3 or $weft is not built" && return; }
    python3 tests/amsterdam/run.py "$weft"
}
# Of ethereum/tests and ethereum/legacytests, what has another form than the releases above.
suite_older_state() { fixture_suite statetest ethereum_tests/GeneralStateTests --executor both; }
suite_older_block() { fixture_suite blocktest ethereum_tests/BlockchainTests --executor all; }
suite_store() { fixture_suite blocktest blockchain_tests --store; }
# The importer is killed, and its disk fails: so often as $WEFT_CRASH_ROUNDS says.
suite_crash() {
    [ -x "$weft" ] && "$weft" --help 2>&1 | grep -qw make-chain || { absent "no command 'make-chain'" && return; }
    command -v python3 >/dev/null && command -v cc >/dev/null || { absent "no python3 or no cc" && return; }
    tests/crash/crash.py "$weft"
}
suite_witness() { fixture_suite blocktest blockchain_tests_zkevm --stateless --executor all; }
suite_benchmark() { fixture_suite blocktest benchmark/blockchain_tests --executor both; }
# weft t8n against geth's `evm t8n`, where that is: in $GETH_EVM or on the PATH.
suite_t8n() {
    local evm=${GETH_EVM:-$(command -v evm)} fixtures=()
    [ -x "$evm" ] || { absent "no evm of geth's in \$GETH_EVM or on the PATH" && return; }
    [ -x "$weft" ] || { absent "$weft is not built" && return; }
    [ -n "$WEFT_FIXTURES" ] && fixtures=(--fixtures "$WEFT_FIXTURES/blockchain_tests" --fixtures "$WEFT_FIXTURES/blockchain_tests_devnet" --files 150)
    python3 tests/diff/t8n.py "$weft" "$evm" --count 300 "${fixtures[@]}"
}
# A row of the table is a case.
suite_mainnet() {
    fixture_suite replay mainnet_blocks | awk '{ print } / (ok|FAILED)/ && $1 ~ /^[0-9]+$/ { if (/ ok$/) ok++; else bad++ }
        END { if (ok + bad) printf "%d passed, %d failed, 0 skipped\n", ok, bad }'
}

# Mainnet blocks through the library and its Python wrapper.
suite_python() {
    local library=$build/libweft.so
    command -v python3 >/dev/null && [ -e "$library" ] || { absent "no python3 or no $library" && return; }
    [ -d "$WEFT_FIXTURES/mainnet_blocks" ] || { absent "no mainnet_blocks in the fixtures" && return; }
    python3 tests/api/mainnet.py "$library" "$WEFT_FIXTURES/mainnet_blocks"
}

# Workloads and mainnet blocks, so often as $WEFT_PERTURB says, by workers that are delayed at random places: every run as serial execution.
suite_perturb() {
    [ -x "$weft" ] || { absent "$weft is not built" && return; }
    local runs=${WEFT_PERTURB:-10} lines passed failed
    lines=$("$weft" bench --perturb "$runs" --size 150 --json 2>/dev/null
        [ -d "$WEFT_FIXTURES/mainnet_blocks" ] && "$weft" replay --perturb "$runs" --json "$WEFT_FIXTURES/mainnet_blocks")
    grep '"verified":false' <<<"$lines"
    passed=$(grep -c '"verified":true' <<<"$lines") failed=$(grep -c '"verified":false' <<<"$lines")
    echo "$passed passed, $failed failed, 0 skipped"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# Traces compared with those of geth's `evm`, where that is to be had.
suite_traces() {
    [ -x "$weft" ] || { absent "$weft is not built" && return; }
    tests/diff/traces --weft "$weft"
}

# The VM as an EVMC module, where it has been built (make evmc): against the native VM, and the official tests on top of it.
suite_evmc() {
    [ -x "$build/weft_evmc_tests" ] && [ -x "$build/weft_over_evmc" ] || { absent "the EVMC module is not built" && return; }
    "$build/weft_evmc_tests" | sed 's/ passed, .*/ of the module/' || return
    weft=$build/weft_over_evmc fixture_suite statetest state_tests
}

# Each script in tests/cli checks one habit of the command; it gets the command's path and prints what was wrong. Exit status 77: it could
# not check anything here.
suite_cli() {
    [ -x "$weft" ] || { absent "$weft is not built" && return; }
    local script passed=0 failed=0 skipped=0
    for script in tests/cli/*.sh; do
        [ -e "$script" ] || continue
        bash "$script" "$weft" </dev/null
        case $? in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) && echo "left out: $script" ;;
        *) failed=$((failed + 1)) && echo "FAIL $script" ;;
        esac
    done
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

# Blocks made to be slow: instructions for twice the gas, and for one gas.
suite_cost() {
    [ -x "$weft" ] || { absent "$weft is not built" && return; }
    python3 tests/cost/cost.py "$weft"
}

# fixture_suite COMMAND FOLDER OPTION...: weft COMMAND over the fixtures in FOLDER.
fixture_suite() {
    [ -n "$WEFT_FIXTURES" ] || { absent "no fixtures here" && return; }
    [ -d "$WEFT_FIXTURES/$2" ] || { absent "no $2 in the fixtures" && return; }
    [ -x "$weft" ] && "$weft" --help 2>&1 | grep -qw "$1" || { absent "no command '$1'" && return; }
    local command=$1 folder=$2
    shift 2
    "$weft" "$command" "$@" "$WEFT_FIXTURES/$folder"
}

# Says why a suite is left out. It counts as one that was skipped.
absent() {
    echo "left out: $1"
    echo "0 passed, 0 failed, 1 skipped"
}

# ---- running and adding up ----

passed=0 failed=0 skipped=0 summary=()
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

run_suite() {
    local name=$1 start=$SECONDS status p f s
    echo "== $name"
    "suite_$name" 2>&1 | tee "$log" | grep -vE '^[0-9]+ passed, [0-9]+ failed'
    status=${PIPESTATUS[0]}
    read -r p f s < <(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 |
        sed -E 's/[^0-9]+/ /g')
    p=${p:-0} f=${f:-0} s=${s:-0}
    # Died before its last line, or failed without saying what: that is a failure too.
    [ "$status" != 0 ] && [ "$f" = 0 ] && f=1 && echo "FAIL $name: exit status $status"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    summary+=("$(printf '%-12s %8d %8d %8d %6d s' "$name" "$p" "$f" "$s" $((SECONDS - start)))")
}

known=${suites[*]}
[ $# -gt 0 ] && suites=("$@")
for name in "${suites[@]}"; do
    if ! declare -F "suite_$name" >/dev/null; then
        echo "tests/run.sh: no suite '$name'; there are: $known" >&2
        exit 2
    fi
    run_suite "$name"
done

echo
printf '%-12s %8s %8s %8s %8s\n' suite passed failed skipped time
printf '%s\n' "${summary[@]}"
[ -n "$WEFT_FIXTURES" ] || echo "The official fixtures are not on this machine: only weft's own tests ran (see tests/fixtures.sh)."
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
