#!/usr/bin/env bash
# weft node --dev over HTTP: every method as a client would call it, bad input, limits, and how it ends (node_rpc.py).
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.bash"
command -v python3 >/dev/null || exit 77

# Starts a node and waits for its URL; the process's id is in $node.
start() { # start OPTION...
    rm -f "$folder/out"
    "$weft" node --dev --http.port 0 "$@" >"$folder/out" 2>"$folder/err" &
    node=$!
    until url=$(grep -so 'http://.*' "$folder/out"); do
        kill -0 "$node" 2>/dev/null || { complain "the node did not start: $(cat "$folder/err")" && return 1; }
        sleep 0.01
    done
}

stop() {
    kill "$node"
    wait "$node"
    local status=$?
    [ "$status" = 130 ] || complain "exit status $status after SIGTERM, expected 130"
    [ -s "$folder/err" ] && complain "on stderr: $(cat "$folder/err")"
}

if start; then
    grep -q 0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80 "$folder/out" || complain "no keys printed"
    python3 "$(dirname "$0")/node_rpc.py" "$url" methods || bad=1
    python3 "$(dirname "$0")/node_rpc.py" "$url" http || bad=1
    timeout 60 "$weft" node --dev --http.port "${url##*:}" >"$folder/second" 2>&1
    [ $? = 2 ] || complain "a port that is in use: expected exit status 2"
    grep -q "cannot serve there" "$folder/second" || complain "a port that is in use: $(tail -n 1 "$folder/second")"
    stop
fi
# A call that would run for long does not keep the node from ending.
if start --quiet; then
    python3 "$(dirname "$0")/node_rpc.py" "$url" loop &
    looper=$!
    await_work "$node" 30
    stop
    wait "$looper"
fi
if start --quiet --chain-id 5 --accounts 2 --balance 3 --dev.gaslimit 1000000 --fork London --http.corsdomain http://a.example; then
    python3 "$(dirname "$0")/node_rpc.py" "$url" options || bad=1
    stop
fi

refuses() { # refuses WORDS OPTION...
    local words=$1
    shift
    timeout 60 "$weft" node "$@" >"$folder/out" 2>&1
    [ $? = 2 ] || complain "weft node $*: expected exit status 2"
    grep -q -- "$words" "$folder/out" || complain "weft node $*: expected '$words', found $(cat "$folder/out")"
}
refuses "expected --dev"
refuses "expected a number from 0 to 65535" --dev --http.port 65536
refuses "expected a number from 0 to 10" --dev --accounts 11
refuses "expected an IPv4 or IPv6 address" --dev --http.addr nowhere
refuses "expected without --genesis" --dev --genesis dev --fork London
refuses "no-such-file" --dev --genesis "$folder/no-such-file"
exit $bad
