"""A node that fails in the ways that nodes do, and a chain without system contracts: rpc_faults.py WEFT.

The chain is private and its blocks are empty, so they are made here. What goes wrong is the path of the URL."""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "diff"))
from evmlib import keccak  # noqa: E402

WEFT = sys.argv[1]
CHAIN = 31337
EMPTY_TRIE, EMPTY_LIST = keccak(b"\x80"), keccak(b"\xc0")
FIELDS = ("parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit gasUsed timestamp extraData "
          "mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas parentBeaconBlockRoot requestsHash").split()


def rlp(item):
    if isinstance(item, list):
        body, base = b"".join(map(rlp, item)), 0xc0
    else:
        body, base = item, 0x80
        if len(body) == 1 and body[0] < 0x80:
            return body
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes(8, "big").lstrip(b"\0")
    return bytes([base + 55 + len(size)]) + size + body


def block(number, gas_used=0, wrong_hash=False):
    def n(value):
        return value.to_bytes(8, "big").lstrip(b"\0")
    header = [keccak(b"parent %d" % number), EMPTY_LIST, bytes(20), bytes(32), EMPTY_TRIE, EMPTY_TRIE, bytes(256), b"", n(number), n(30000000),
              n(gas_used), n(1700000000 + number), b"", bytes(32), bytes(8), n(7), EMPTY_TRIE, b"", b"", bytes(32), hashlib.sha256(b"").digest()]
    numbers = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
    shown = {k: hex(int.from_bytes(v, "big")) if k in numbers else "0x" + v.hex() for k, v in zip(FIELDS, header)}
    digest = bytes(32) if wrong_hash else keccak(rlp(header))
    return {**shown, "hash": "0x" + digest.hex(), "transactions": [], "withdrawals": [], "uncles": []}


calls = {}


def refuse(code, message):
    return {"error": {"code": code, "message": message}}


def answer(mode, method, parameters):
    """The members of an answer beside its id."""
    calls[method] = calls.get(method, 0) + 1
    if method == "eth_chainId":
        return {"result": hex(CHAIN)}
    if method == "eth_getBlockByNumber":
        number = int(parameters[0], 16)
        if mode == "bad2" and number == 2:
            return {"result": block(2, gas_used=5)}
        return {"result": block(number, wrong_hash=mode == "hash") if number <= 5 else None}
    if method == "debug_traceBlockByNumber":
        if mode == "trace":
            return {"result": [{"txHash": "0x00", "result": {}}, {"txHash": "0x01", "error": "tracer ran out of patience\nsecond line"}]}
        if mode == "batch":
            return {"result": [{"result": {}}, {"result": {"0x" + "11" * 20: {"balance": "0x1", "nonce": 1, "code": "0x00"}}}]}
        if mode == "method":
            return refuse(-32601, "the method debug_traceBlockByNumber does not exist/is not available")
        return {"result": None if mode == "null" else []}
    if mode == "pruned":
        return refuse(-32000, "missing trie node 5c2f (path ) state 0x00 is not available")
    if mode == "nothing":
        return {"result": None}
    return {"result": "0x" if method == "eth_getCode" else "0x0"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mode = self.path.strip("/")
        calls["posts"] = calls.get("posts", 0) + 1
        if mode == "slow":
            time.sleep(3)
        if mode == "html":
            return self.reply(200, b"\n<!doctype html>\n<title>Welcome</title>")
        if mode == "empty":
            return self.reply(200, b"")
        if mode == "down":
            return self.reply(502, b"upstream is gone\nsecond line")
        if mode == "key":
            return self.reply(401, b"must be authenticated")
        if mode == "forbidden":
            return self.reply(403, json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "wrong key"}}).encode())
        if mode == "busy" and calls["posts"] <= 2:
            return self.reply(429, b"slow down", Retry_After="1")
        if mode == "limit" and calls["posts"] <= 1:
            return self.reply(200, json.dumps({"jsonrpc": "2.0", "id": 1, **refuse(-32005, "limit exceeded")}).encode())
        if isinstance(request, list):
            answers = [{"jsonrpc": "2.0", "id": None, **refuse(-32600, "batches are not supported")}]
        else:
            answers = {"jsonrpc": "2.0", "id": request["id"], **answer(mode, request["method"], request["params"])}
        return self.reply(200, json.dumps(answers).encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that went away


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
folder = tempfile.mkdtemp()


def weft(mode, *arguments, **environment):
    calls.clear()
    settings = {"XDG_CACHE_HOME": tempfile.mkdtemp(dir=folder), "TMPDIR": os.path.join(folder, "tmp"), **environment}
    os.makedirs(settings["TMPDIR"], exist_ok=True)
    settings = {k: v for k, v in {**os.environ, **settings}.items() if v is not None}
    command = [WEFT, "replay", "--json", "--repeat", "1", "--rpc", mode if "://" in mode else f"{URL}/{mode}", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=120)


def check(condition, what, result):
    if not condition:
        raise SystemExit(f"{what}: exit status {result.returncode}\n{result.stdout}{result.stderr}")


def refused(mode, *texts, arguments=("1",)):
    result = weft(mode, *arguments)
    lines = [line for line in result.stderr.splitlines() if "has no contract for" not in line]
    check(result.returncode == 2 and len(lines) == 1, f"/{mode}: expected exit status 2 and one line", result)
    check(all(t in lines[0] for t in texts) and "second line" not in lines[0], f"/{mode}: expected {texts}", result)


def verdicts(result):
    return [(b["block"], b["verified"]) for b in map(json.loads, result.stdout.splitlines())]


def check_ranges():
    result = weft("good", "1-3")
    check(result.returncode == 0 and verdicts(result) == [(1, True), (2, True), (3, True)], "a private chain", result)
    lines = result.stderr.splitlines()
    check(len(lines) == 1 and "chain 31337 has no contract for" in lines[0] and
          all(f"EIP-{n}" in lines[0] for n in (4788, 2935, 7002, 7251)), "expected a line that names the contracts", result)
    result = weft("bad2", "1-3")
    check(result.returncode == 1 and verdicts(result) == [(1, True), (2, False), (3, True)], "one bad block of a range", result)
    check("block 2: gas used differs" in result.stderr and "1 of 3 blocks failed: 2" in result.stderr, "expected its reason, and a summary", result)
    result = weft("good", "4-9")
    check(result.returncode == 1 and verdicts(result) == [(4, True), (5, True), (6, False)], "a range beyond the head", result)
    check("blocks 7 to 9 are left out" in result.stderr, "expected what is left out", result)
    result = weft("good", "3", "1-2")
    check(verdicts(result) == [(1, True), (2, True), (3, True)], "several operands", result)


def check_failures():
    refused("html", "HTTP status 200: <!doctype html>", "is this the URL of a node's JSON-RPC?")
    refused("empty", "HTTP status 200, empty")
    refused("down", "HTTP status 502 Bad Gateway: upstream is gone")
    refused("key", "HTTP status 401 Unauthorized: must be authenticated", "key")
    refused("forbidden", "eth_chainId: wrong key")
    refused("method", "debug_traceBlockByNumber", "expected a node with this API enabled")
    refused("trace", "transaction 1: tracer ran out of patience")
    refused("null", "debug_traceBlockByNumber: expected an array with a trace for each transaction")
    refused("batch", "eth_getTransactionCount: batches are not supported")
    refused("hash", "block 1: block hash differs")
    refused("slow", "timed out", "--rpc-timeout", arguments=("1", "--rpc-timeout", "1"))
    refused(f"https://127.0.0.1:{server.server_port}", "expected a node that answers", "TLS")
    refused("ftp://127.0.0.1/", "expected a URL such as")
    for mode, text in (("pruned", "expected an archive node"), ("nothing", "eth_get")):
        refused(mode, text, "(account 0x")
    for mode in ("busy", "limit"):
        result = weft(mode, "1")
        check(result.returncode == 0 and result.stderr.count("asking again in") == 1, f"/{mode}: expected that the node is asked again", result)


def files_under(path):
    return sorted(os.path.relpath(os.path.join(at, f), path) for at, _, names in os.walk(path) for f in names)


def check_cache():
    kept = os.path.join(folder, "kept")
    check(weft("good", "1", "--cache", kept).returncode == 0, "--cache", weft("good", "1", "--cache", kept))
    (name,) = os.listdir(os.path.join(kept, str(CHAIN)))
    plain = files_under(kept)
    check(len(plain) == 4 and name.startswith("1-"), "--cache keeps four files", weft("good", "1", "--cache", kept))
    result = weft("good", "1", "--cache", kept)
    check(result.returncode == 0 and "debug_traceBlockByNumber" not in calls, "the cache is used", result)
    # What --fork asks for is kept under a name of its own, and what the network says is not changed by it.
    before = {f: open(os.path.join(kept, f)).read() for f in plain}
    result = weft("good", "1", "--cache", kept, "--fork", "Prague")
    check(result.returncode == 0 and json.loads(result.stdout)["fork"] == "Prague", "--fork", result)
    check(before == {f: open(os.path.join(kept, f)).read() for f in plain}, "--fork changes what was kept", result)
    check(json.loads(weft("good", "1", "--cache", kept).stdout)["fork"] != "Prague", "--fork is remembered", result)
    fresh = os.path.join(folder, "fresh")
    weft("good", "1", "--cache", fresh, "--fork", "Shanghai")
    result = weft("good", "1", "--cache", fresh)
    check(result.returncode == 0 and "debug_traceBlockByNumber" in calls, "a run with --fork leaves nothing for one without", result)
    result = weft("bad2", "2", "--cache", os.path.join(folder, "none"))
    check(files_under(os.path.join(folder, "none")) == [], "a block that fails is not kept", result)
    for environment, arguments, lines in (({"XDG_CACHE_HOME": None, "HOME": None}, (), 2), ({"XDG_CACHE_HOME": "/dev/null/x"}, (), 2),
                                          ({}, ("--cache", "/dev/null"), 2), ({}, ("--no-cache",), 1)):
        result = weft("good", "1-2", *arguments, **environment)
        check(result.returncode == 0 and len(verdicts(result)) == 2, f"without a cache: {environment} {arguments}", result)
        check(result.stderr.count("\n") == lines and result.stderr.count("blocks are not kept") == lines - 1, f"expected {lines} lines", result)
        check(os.listdir(os.path.join(folder, "tmp")) == [], "the temporary folder stays", result)


check_ranges()
check_failures()
check_cache()
