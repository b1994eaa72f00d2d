#!/usr/bin/env bash
# Geth as the independent oracle: both import the chain that `weft make-chain` makes, and must end with the same head and state root; then weft
# imports what geth exports, as a stream of blocks and as era1.
#
#     tests/crash/geth.sh WEFT GETH [BLOCKS [GAS-PER-BLOCK [OPTION...]]]     OPTIONs of make-chain, e.g. --fill 1000
#
# Also prints how long each import took (wall, CPU), one behind the other on the same file; both wait for the disk before they end.
set -euo pipefail
weft=$1 geth=$2 blocks=${3:-100} gas=${4:-15000000}
shift $(($# < 4 ? $# : 4))
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

made=$("$weft" make-chain "$folder/chain" --genesis "$folder/genesis" --blocks "$blocks" --gas-per-block "$gas" "$@")
field() { grep -o "\"$1\":\"\?[^,\"}]*" | sed 's/.*[:"]//' | head -n 1; }
expected=$(field head <<<"$made")

timed() { # timed NAME COMMAND...
    local name=$1
    shift
    TIMEFORMAT="$name: %R s, CPU %U + %S s"
    time "$@" >"$folder/$name.out" 2>"$folder/$name.err"
}

"$geth" --datadir "$folder/geth" init "$folder/genesis" >/dev/null 2>&1
timed weft "$weft" import --datadir "$folder/db" --genesis "$folder/genesis" --json "$folder/chain"
timed geth "$geth" --datadir "$folder/geth" --nodiscover import "$folder/chain"
ours=$("$weft" db stat --datadir "$folder/db" --json)
theirs=$("$geth" --datadir "$folder/geth" --nodiscover --ipcdisable --port 0 --authrpc.port 0 --exec \
    'b = eth.getBlock("latest"); b.number + " " + b.hash + " " + b.stateRoot' console 2>/dev/null | tr -d '"' | tail -n 1)
echo "weft: $(field number <<<"$ours") $(field head <<<"$ours") $(field state_root <<<"$ours")"
echo "geth: $theirs"
passed=0
[ "$(field head <<<"$ours")" = "$expected" ] && passed=$((passed + 1))
[ "$theirs" = "$(field number <<<"$ours") $expected $(field state_root <<<"$ours")" ] && passed=$((passed + 1))
"$geth" --datadir "$folder/geth" --nodiscover export "$folder/exported" >/dev/null 2>&1
again=$("$weft" import --datadir "$folder/db2" --genesis "$folder/genesis" --json "$folder/exported" | field head)
[ "$again" = "$expected" ] && passed=$((passed + 1))
last=$(field number <<<"$ours")
"$geth" --datadir "$folder/geth" export-history "$folder/era" 0 "$last" >/dev/null 2>&1
era=$("$weft" import --datadir "$folder/db3" --genesis "$folder/genesis" --json "$folder"/era/*.era1 | field head)
[ "$era" = "$expected" ] && passed=$((passed + 1))
echo "$passed passed, $((4 - passed)) failed, 0 skipped"
[ $passed = 4 ]
