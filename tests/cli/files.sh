#!/usr/bin/env bash
# Every file that a command reads, with everything that may be found there instead: a device, a pipe without a writer, a folder, a link to
# nothing or to itself, bytes without a meaning, JSON that is cut off, too deep, or in another encoding. Always one line on stderr that names
# the file, exit status 2 (t8n: 10 and 11, as geth), and bounds on processor time and memory.
. "$(dirname "$0")/common.bash"
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
"$weft" make-chain --blocks 1 --genesis "$folder/genesis.json" "$folder/chain.rlp" >/dev/null || complain "make-chain fails"
python3 - "$weft" "$folder" <<'P' || bad=1
import json, os, random, shutil, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

weft, folder = sys.argv[1:]
ZERO = {n: "0x" + "00" * n for n in (8, 20, 32, 256)}
BLOCK = {"hash": ZERO[32], "parentHash": ZERO[32], "sha3Uncles": ZERO[32], "miner": ZERO[20], "stateRoot": ZERO[32],
         "transactionsRoot": ZERO[32], "receiptsRoot": ZERO[32], "logsBloom": ZERO[256], "difficulty": "0x1", "number": "0x1",
         "gasLimit": "0x1388", "gasUsed": "0x0", "timestamp": "0x1", "extraData": "0x", "mixHash": ZERO[32], "nonce": ZERO[8],
         "transactions": []}
BUNDLE = {"block.json": BLOCK, "prestate.json": {}, "block_hashes.json": {}, "chain.json": {"chainId": "0x1"}}
ENV = {"currentCoinbase": ZERO[20], "currentDifficulty": "0x1", "currentGasLimit": "1", "currentNumber": "1", "currentTimestamp": "1",
       "currentBaseFee": "0x7"}
for name, value in (("alloc", {}), ("txs", []), ("env", ENV)):
    json.dump(value, open(f"{folder}/{name}.json", "w"))
t8n = "t8n --output.alloc= --output.result= " + " ".join(f"--input.{n}={folder}/{n}.json" for n in ("alloc", "env", "txs"))

# A command with @ where a file goes, or a folder with the file of that name.
READERS = [
    ("run --codefile @", None), ("run --inputfile @ 00", None), ("run --prestate @ 00", None),
    ("statetest @", None), ("blocktest @", None), ("witness --check @", None),
    (f"explain --size 20 --layout {ZERO[20]}=@ chain", None),
    ("bench --size 20 --repeat 1 --contracts @ gigagas-uniswap", "UniswapV3Factory.hex"),
    (f"{t8n} --input.alloc @", None), (f"{t8n} --input.env @", None), (f"{t8n} --input.txs @", None),
    (f"import --datadir {folder}/NUMBER --genesis @ {folder}/chain.rlp", None),
    (f"import --datadir {folder}/NUMBER --genesis {folder}/genesis.json @", None),
    *[("replay @", name) for name in BUNDLE],
    *[(f"{command} @", "prestate.json") for command in ("replay --pipeline", "replay --simulate 2", "replay --perturb 1", "explain",
                                                       "witness --check")],
    ("db stat --datadir @", "state.mdb"), ("db check --datadir @", "state.mdb"),
]
link, content = "link", "content"
FOUND = {
    "zero": (link, "/dev/zero"), "null": (link, "/dev/null"), "nothing": (link, "nowhere"), "itself": (link, None),
    "pipe": (os.mkfifo, None), "folder": (os.mkdir, None), "missing": (lambda path: None, None),
    "empty": (content, b""), "random": (content, b"\x9c" + random.Random(1).randbytes(1 << 20)),
    "deep": (content, b"[" * (1 << 20)), "nested": (content, b"[" * (1 << 19) + b"]" * (1 << 19)), "objects": (content, b'{"":' * (1 << 18)),
    "zero byte": (content, b'{"a\0b": 1}'), "zero escaped": (content, b'{"config\\u0000' + b"x" * 4000 + b'": 1}'),
    "no UTF-8": (content, b'{"\xff\xfe": 1}'), "byte order mark": (content, b"\xef\xbb\xbf{}"), "UTF-16": (content, b"\xff\xfe{\0}\0"),
    "CRLF": (content, b'[\r\n"x",\r\n{]'), "text": (content, b'"text"'),
    "names": (content, json.dumps({f"n{i}": 1 for i in range(60000)}).encode()),
    "config": (content, json.dumps({"config": {f"n{i}": 1 for i in range(60000)}, "alloc": 1}).encode()),
}
if os.getuid() != 0: FOUND["closed"] = (content, b"{}")

def is_good(place, kind, command):  # nothing is wrong with it, or a case of it has failed
    if "codefile" in command or "inputfile" in command: return kind in ("null", "empty")
    if place == "chain.json" and kind == "missing": return "blocks failed"
    if command.split()[0] in ("statetest", "blocktest") or command == "witness --check @":
        return place is None and kind in ("zero escaped", "names", "config")
    return False

def lay(path, kind):
    how, what = FOUND[kind]
    if how == link: os.symlink(what or os.path.basename(path), path)
    elif how == content: open(path, "wb").write(what)
    else: how(path)
    if kind == "closed": os.chmod(path, 0)

def check(number, command, place, kind):
    at = f"{folder}/{number} {kind}"
    named = at if place is None else f"{at}/{place}"
    if place is not None:
        os.mkdir(at)
        for name, value in BUNDLE.items():
            if place in BUNDLE and name != place: json.dump(value, open(f"{at}/{name}", "w"))
        if place == "state.mdb": open(f"{at}/LOCK", "w").close()
    lay(named, kind)
    arguments = [a.replace("@", at).replace("NUMBER", f"store {number} {kind}") for a in command.split()]
    with open(f"{at}.err", "wb") as err:
        child = subprocess.Popen([weft, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    said = open(f"{at}.err", "rb").read()
    complaints = []
    good = is_good(place, kind, command)
    if used.ru_utime + used.ru_stime > 20: complaints.append(f"took {used.ru_utime + used.ru_stime} s of processor time")
    if used.ru_maxrss > 1 << 20: complaints.append(f"took {used.ru_maxrss >> 10} MiB")
    if good:
        if child.returncode not in (0, 1): complaints.append(f"exit status {child.returncode}")
    else:
        if child.returncode not in ((10, 11) if "t8n" in command else (2,)): complaints.append(f"exit status {child.returncode}")
        if said.count(b"\n") != 1 or not said.startswith(b"weft: ") or len(said) > 1000: complaints.append("expected one line")
        if os.path.basename(at).encode() not in said and kind != "folder": complaints.append("expected the file's name")
    return f"{command}, {place or 'file'}: {kind}: {'; '.join(complaints)}: {said[:300]}" if complaints else None

# Pipes are waited for: many at a time.
jobs = [(n, *reader, kind) for kind in sorted(FOUND, key=lambda k: k != "pipe") for n, reader in enumerate(READERS)]
with ThreadPoolExecutor(12) as pool:
    complaints = [c for c in pool.map(lambda job: check(*job), jobs) if c]
print("\n".join(complaints), end="\n" if complaints else "")
sys.exit(bool(complaints))
P
exit $bad
