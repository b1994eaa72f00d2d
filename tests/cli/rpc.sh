#!/usr/bin/env bash
# `weft replay --rpc`: against a server that answers from a mainnet bundle, and against a real node, geth in developer mode.
. "$(dirname "$0")/common.bash"
here=$(dirname "$0")
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
bad=0
# Where libcurl is not installed: one line that names it.
for name in libcurl.so.4 libcurl-gnutls.so.4; do : >"$folder/$name"; done
LD_LIBRARY_PATH=$folder "$weft" replay --rpc http://127.0.0.1:1 1 >"$folder/out" 2>&1
[ $? = 2 ] && [ "$(wc -l <"$folder/out")" = 1 ] && grep -q "package libcurl4" "$folder/out" || complain "without libcurl: $(cat "$folder/out")"
if "$weft" replay --rpc http://127.0.0.1:1 1 2>&1 | grep -q "package libcurl4"; then
    echo "no libcurl: replay --rpc is not checked"
    [ "$bad" = 0 ] && exit 77
    exit $bad
fi
"$weft" replay --rpc ftp://127.0.0.1:1 1 >/dev/null 2>"$folder/out"
[ $? = 2 ] && [ "$(wc -l <"$folder/out")" = 1 ] || complain "--rpc ftp://: $(cat "$folder/out")"
python3 "$here/rpc_faults.py" "$weft" || bad=1
if [ -n "$WEFT_FIXTURES" ]; then
    python3 "$here/rpc_bundle.py" "$weft" "$WEFT_FIXTURES/mainnet_blocks/19932703" || bad=1
else
    echo "no fixtures: no server made of a bundle"
fi
geth=$(command -v geth || ls "${GOPATH:-$HOME/go}/bin/geth" 2>/dev/null)
if [ -n "$geth" ]; then
    python3 "$here/rpc_geth.py" "$weft" "$geth" || bad=1
else
    echo "no geth: not checked against a real node"
fi
exit $bad
