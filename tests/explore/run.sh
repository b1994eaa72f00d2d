#!/usr/bin/env bash
# What `make explore` runs: searches, known faults put back, mutants. run.sh BUILD [SECONDS]: with SECONDS the searches take
# that long on each processor, with new seeds. Ends with `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$1 seconds=${2:-0}
passed=0 failed=0

# search PROGRAM OPTIONS...: one of the searches, beside the others.
pids=()
search() {
    local program=$1
    shift
    "$build/$program" "$@" >"$build/search-${#pids[@]}.log" 2>&1 &
    pids+=($!)
    if [ $((${#pids[@]} % $(nproc))) = 0 ]; then gather; fi
}
gathered=0
gather() {
    while [ "$gathered" -lt "${#pids[@]}" ]; do
        if wait "${pids[gathered]}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
        cat "$build/search-$gathered.log"
        gathered=$((gathered + 1))
    done
}

if [ "$seconds" = 0 ]; then
    search explore --model sc --runs 200000
    search explore --model tso --runs 100000
    search explore --model weak --runs 100000
    search explore --depth-first --model sc --runs 400000 --block-runs 100000
    search explore --model sc --profile spend --transactions 4 --runs 200000
    search explore --depth-first --pool --model sc --runs 100000 --block-runs 50000
    search explore --pool --runs 50000
    [ -x "$build/explore_races" ] && search explore_races --model weak --runs 6000
    [ -x "$build/explore_races" ] && search explore_races --pool --model weak --runs 6000
    gather
else
    seed=$(date +%s)
    echo "seed $seed"
    for ((cpu = 0; cpu < $(nproc); cpu++)); do
        case $((cpu % 4)) in
        0) search explore --seconds "$seconds" --block-runs 400 --seed "$seed" ;;
        1) search explore --seconds "$seconds" --model weak --seed $((seed + cpu)) ;;
        2) search explore --seconds "$seconds" --depth-first --deviations 3 --model sc --seed $((seed + cpu)) ;;
        3) search explore_races --seconds "$seconds" --model weak --seed $((seed + cpu)) ;;
        esac
    done
    gather
fi

python3 tests/explore/faults.py --run "$build" && passed=$((passed + 1)) || failed=$((failed + 1))
if [ -x "$build/explore_races" ]; then # a compiler that tells of plain accesses
    long=()
    [ "$seconds" = 0 ] || long=(--all --factor 20)
    python3 tests/explore/mutate.py "$build" "${long[@]}" && passed=$((passed + 1)) || failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
