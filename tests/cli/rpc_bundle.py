"""Serves a mainnet bundle as a node would, but with a trace that leaves things out, and replays it: rpc_bundle.py WEFT BUNDLE.

What the trace lacks must be asked for: every third account, every third slot of the others, and contracts that are first mentioned
by a later transaction are compared with the nonce they had."""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

WEFT, BUNDLE = sys.argv[1:3]
block = json.load(open(os.path.join(BUNDLE, "block.json")))
state = json.load(open(os.path.join(BUNDLE, "prestate.json")))
hashes = json.load(open(os.path.join(BUNDLE, "block_hashes.json")))
number = int(block["number"], 16)
calls = {}


def trace():
    transactions = [{"result": {}} for _ in block["transactions"]]
    for i, (address, account) in enumerate(state.items()):
        if i % 3 == 0:
            continue
        shown = dict(account)
        shown["storage"] = {k: v for n, (k, v) in enumerate(account.get("storage", {}).items()) if n % 3 != 0}
        transactions[i % len(transactions)]["result"][address] = shown
    return transactions


def answer(method, parameters):
    calls[method] = calls.get(method, 0) + 1
    account = state.get(parameters[0], {}) if parameters and isinstance(parameters[0], str) else {}
    parent = hex(number - 1)
    if method == "eth_chainId":
        return "0x1"
    if method == "eth_getBlockByNumber":
        n = int(parameters[0], 16)
        if n == number:
            return block
        return {"hash": hashes[str(n)]} if str(n) in hashes else None
    if method == "debug_traceBlockByNumber":
        assert parameters[0] == hex(number), parameters
        return trace()
    if method == "eth_getBalance":
        assert parameters[1] == parent, parameters
        return account.get("balance", "0x0")
    if method == "eth_getTransactionCount":
        assert parameters[1] == parent, parameters
        return hex(account.get("nonce", 0))
    if method == "eth_getCode":
        assert parameters[1] == parent, parameters
        return account.get("code", "0x")
    if method == "eth_getStorageAt":
        assert parameters[2] == parent, parameters
        storage = {int(k, 16): v for k, v in account.get("storage", {}).items()}
        return storage.get(int(parameters[1], 16), "0x0")
    raise KeyError(method)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        batch = request if isinstance(request, list) else [request]
        answers = [{"jsonrpc": "2.0", "id": r["id"], "result": answer(r["method"], r["params"])} for r in batch]
        answers.reverse()  # a batch may be answered in any order
        body = json.dumps(answers if isinstance(request, list) else answers[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"


def replay(folder, *operands):
    environment = {**os.environ, "XDG_CACHE_HOME": folder}
    command = [WEFT, "replay", "--json", "--rpc", url, *operands]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


with tempfile.TemporaryDirectory() as folder:
    for turn in range(2):
        result = replay(folder, str(number))
        assert result.returncode == 0, result.stdout + result.stderr
        line = json.loads(result.stdout)
        assert line["verified"] is True and line["block"] == number, result.stdout
        if turn == 0:
            for method in ("eth_getBalance", "eth_getStorageAt", "eth_getTransactionCount", "debug_traceBlockByNumber"):
                assert calls.get(method, 0) > 0, f"{method} was never called: {calls}"
            first = dict(calls)
    assert calls["debug_traceBlockByNumber"] == first["debug_traceBlockByNumber"], "the cache was not used"
    result = replay(folder, str(number + 1))
    assert result.returncode == 2 and "expected a block that the node has" in result.stderr, result.stderr
