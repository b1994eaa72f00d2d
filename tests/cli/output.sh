#!/usr/bin/env bash
# Output that cannot be written: exit status 2 and one line, from every command; a reader that goes ends it quietly. What is written to
# by name stays what it is: a device, a pipe, a link.
. "$(dirname "$0")/common.bash"

refuses() { # refuses ARGUMENT...: with nowhere to print
    "$weft" "$@" >/dev/full 2>"$folder/err"
    [ $? = 2 ] || complain "weft $* >/dev/full: expected exit status 2"
    [ "$(grep -c "^weft: standard output" "$folder/err")" = 1 ] || complain "weft $* >/dev/full: $(cat "$folder/err")"
    "$weft" "$@" >&- 2>"$folder/err"
    [ $? = 2 ] || complain "weft $* >&-: expected exit status 2"
}

mkdir "$folder/nothing"
for arguments in --help --version "replay --help" fork "fork Osaka" "run 00" "run --json 00" "bench --repeat 1 --size 20 transfers" \
    "bench --json --repeat 1 --size 20 transfers" "statetest $folder/nothing" "explain --json --size 20 transfers"; do
    # shellcheck disable=SC2086
    refuses $arguments
done
# Its reader is gone before it begins; whether the shell above ignores SIGPIPE makes no difference.
for arguments in "fork Osaka" "bench --repeat 1 --size 20 transfers erc20 chain" "bench --json --repeat 1 --size 20 transfers" \
    "bench --perturb 1 --size 20 transfers" "bench --opcodes --repeat 1 ADD" "explain --json --size 20 transfers" "run 00" \
    ${WEFT_FIXTURES:+"replay --repeat 1 $WEFT_FIXTURES/mainnet_blocks" "replay --simulate 2 --repeat 1 $WEFT_FIXTURES/mainnet_blocks" \
        "replay --pipeline --repeat 1 $WEFT_FIXTURES/mainnet_blocks" "statetest --json $WEFT_FIXTURES/state_tests/cancun/eip1153_tstore" \
        "blocktest --json $WEFT_FIXTURES/blockchain_tests/frontier/examples" "witness $WEFT_FIXTURES/blockchain_tests/frontier/examples"}; do
    for ignored in no yes; do
        exec 3> >(:)
        wait $!
        # shellcheck disable=SC2086
        ([ $ignored = no ] || trap '' PIPE; exec "$weft" $arguments >&3 2>"$folder/err")
        [ $? = 141 ] || complain "weft $arguments | :, SIGPIPE ignored: $ignored: expected to end by it"
        exec 3>&-
        grep -qvE '^[0-9]+ passed, ' "$folder/err" && complain "weft $arguments | :, SIGPIPE ignored: $ignored: $(cat "$folder/err")"
    done
done

"$weft" run --trace 00 >"$folder/out" 2>/dev/full
[ $? = 2 ] || complain "weft run --trace 2>/dev/full: expected exit status 2"

# A bar fits into its terminal, however narrow.
if command -v python3 >/dev/null; then
    python3 - "$weft" "$folder" <<'P' || complain "a bar is broken into lines"
import fcntl, os, pty, signal, struct, sys, termios
weft, folder = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    os.execv(weft, [weft, "make-chain", "--blocks", "1000000", "--genesis", folder + "/genesis", folder + "/chain"])
shown, bars = b"", []
while len(bars) < 4:  # the last one may be half read
    shown += os.read(terminal, 65536)
    bars = [b for b in shown.split(b"\r") if b.startswith(b"[")]
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
assert all(len(b.split(b"\x1b")[0]) < 30 and b"blocks" in b for b in bars[:-1]), shown
P
fi

ln -s target "$folder/link"
mkfifo "$folder/pipe"
cat "$folder/pipe" >"$folder/piped" &
"$weft" explain --size 20 -o "$folder/pipe" transfers >"$folder/out" 2>&1 || complain "explain -o PIPE: $(cat "$folder/out")"
wait $!
"$weft" explain --size 20 -o "$folder/link" transfers >"$folder/out" 2>&1 || complain "explain -o LINK: $(cat "$folder/out")"
"$weft" explain --size 20 -o "$folder/file" transfers >"$folder/out" 2>&1 || complain "explain -o FILE: $(cat "$folder/out")"
[ -p "$folder/pipe" ] && [ -s "$folder/piped" ] || complain "explain -o PIPE: expected the page in the pipe, and a pipe"
[ -L "$folder/link" ] && [ -s "$folder/target" ] || complain "explain -o LINK: expected the page behind the link, and a link"
[ -s "$folder/file" ] || complain "explain -o FILE: expected the page"
if [ -c /dev/full ]; then
    "$weft" explain --size 20 -o /dev/stdout transfers >/dev/full 2>"$folder/err"
    [ $? = 2 ] || complain "explain -o /dev/stdout >/dev/full: expected exit status 2"
fi

# Each option that names an output: a device that is full, a folder that is not there, a folder where a file should be, no permission.
cat >"$folder/env.json" <<E
{"currentCoinbase": "0x$(printf '0%.0s' {1..40})", "currentDifficulty": "0x1", "currentGasLimit": "1", "currentNumber": "1",
 "currentTimestamp": "1", "currentBaseFee": "0x7"}
E
echo '{}' >"$folder/alloc.json"
echo '[]' >"$folder/txs.json"
t8n="t8n --input.alloc $folder/alloc.json --input.env $folder/env.json --input.txs $folder/txs.json"
mkdir "$folder/closed" && chmod 555 "$folder/closed"
places="/dev/full $folder/gone/file $folder/nothing"
[ "$(id -u)" = 0 ] || places="$places $folder/closed/file"
while read -r status arguments; do
    for place in $places; do
        # shellcheck disable=SC2086
        "$weft" ${arguments/@/$place} >"$folder/out" 2>"$folder/err"
        [ $? = "$status" ] || complain "weft ${arguments/@/$place}: expected exit status $status: $(cat "$folder/err")"
        [ "$(wc -l <"$folder/err")" = 1 ] && grep -q "$place: " "$folder/err" || complain "weft ${arguments/@/$place}: $(cat "$folder/err")"
        [ -z "$(ls "$folder/nothing")" ] && [ ! -e "$folder/gone" ] || complain "weft ${arguments/@/$place}: leaves something behind"
    done
done <<E
2 explain --size 20 -o @ transfers
2 explain --size 20 --perfetto @ transfers
2 make-chain --blocks 2 --genesis $folder/genesis.json @
2 make-chain --blocks 2 --genesis @ $folder/chain
11 $t8n --output.alloc @ --output.result=
11 $t8n --output.alloc= --output.result @
11 $t8n --output.alloc= --output.result= --output.body @
E
[ -e "$folder/chain" ] && complain "make-chain without a genesis file: expected no chain"
exit $bad
