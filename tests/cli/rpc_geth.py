"""Starts geth in developer mode, makes blocks that are awkward to fetch, and replays them: rpc_geth.py WEFT GETH."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

WEFT, GETH = sys.argv[1:3]
folder = tempfile.mkdtemp()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    """A geth of its own; `apis` are the namespaces it serves."""

    def __init__(self, apis):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = open(os.path.join(folder, f"geth-{len(apis)}.log"), "wb")
        self.process = subprocess.Popen(
            [GETH, "--dev", "--dev.period", "1", "--datadir", tempfile.mkdtemp(dir=folder), "--http", "--http.port",
             self.url.rsplit(":", 1)[1], "--http.api", apis, "--authrpc.port", str(free_port()), "--port", "0",
             "--ipcdisable", "--nodiscover"],
            stdout=self.log, stderr=self.log)
        for _ in range(300):
            try:
                self.call("eth_chainId")
                return
            except OSError:
                time.sleep(0.2)
        raise SystemExit("geth does not answer: " + open(self.log.name).read()[-2000:])

    def call(self, method, *parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        answer = json.load(urllib.request.urlopen(request, timeout=30))
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def send(self, **fields):
        fields.setdefault("gas", hex(300000))
        return self.call("eth_sendTransaction", {"from": self.account, **fields})

    def receipt(self, transaction):
        for _ in range(100):
            receipt = self.call("eth_getTransactionReceipt", transaction)
            if receipt is not None:
                return receipt
            time.sleep(0.1)
        raise SystemExit("a transaction is not taken into a block")

    def deploy(self, runtime):
        """The address of a new contract with that code; the initcode copies what stands behind its eleven bytes."""
        size = len(runtime) // 2
        receipt = self.receipt(self.send(data=f"0x60{size:02x}80600b6000396000f3{runtime}"))
        assert receipt["status"] == "0x1", receipt
        return receipt["contractAddress"]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def weft(*arguments, cache="cache"):
    environment = {**os.environ, "XDG_CACHE_HOME": os.path.join(folder, cache)}
    return subprocess.run([WEFT, *arguments], env=environment, capture_output=True, text=True, timeout=120)


def replayed(result):
    assert result.returncode == 0, f"exit status {result.returncode}: {result.stdout}{result.stderr}"
    blocks = [json.loads(line) for line in result.stdout.splitlines()]
    assert blocks and all(b["verified"] is True for b in blocks), result.stdout
    return blocks


def refused(text, *arguments):
    result = weft(*arguments)
    assert result.returncode == 2, f"weft {arguments}: exit status {result.returncode}"
    assert text in result.stderr and result.stderr.count("\n") == 1, f"expected '{text}', found: {result.stderr}"


def check_blocks(node):
    node.account = node.call("eth_accounts")[0]
    # Without call data: creates a counter and notes its address. With: calls it.
    parent = node.deploy("3660265772" + "6960005460010160005500600052600a6016f3" +
                         "6000526013600d6000f0600055005b60006000600060006000600054" + "5af100")
    old_hash = node.deploy("600243034060005500")  # slot 0 = hash of the last block but one
    beneficiary = node.deploy("4131600155" + "00")  # slot 1 = balance of the beneficiary
    suicidal = node.deploy("33ff")
    first = int(node.call("eth_blockNumber"), 16)
    # In one block: a contract is created by the first call and called by the next ones.
    waiting = [node.send(to=parent), node.send(to=parent, data="0x01"), node.send(to=parent, data="0x01"),
               node.send(to=old_hash), node.send(to=beneficiary),
               node.send(to="0x" + "77" * 20, value=hex(10**18)), node.send(to="0x" + "77" * 20, value=hex(1)),
               node.send(to=suicidal, value=hex(5)), node.send(to=parent), node.send(to=parent, data="0x01")]
    last = max(int(node.receipt(t)["blockNumber"], 16) for t in waiting)
    blocks = replayed(weft("replay", "--rpc", node.url, "--json", f"{max(1, first - 3)}-{last}"))
    assert sum(b["txs"] for b in blocks) >= len(waiting), blocks
    assert max(b["txs"] for b in blocks) >= 2, "no block with several transactions"
    # From the cache: no file is written again.
    cached = os.path.join(folder, "cache", "weft", "bundles", str(int(node.call("eth_chainId"), 16)))
    before = {p: os.stat(os.path.join(cached, p)).st_mtime_ns for p in os.listdir(cached)}
    replayed(weft("replay", "--rpc", node.url, "--json", str(last)))
    assert before == {p: os.stat(os.path.join(cached, p)).st_mtime_ns for p in os.listdir(cached)}, "fetched again"
    assert len(replayed(weft("replay", "--json", cached))) == len(before), "bundles without the node"
    replayed(weft("replay", "--rpc", node.url, "--json", "latest"))


def check_errors(node, without_debug):
    refused("expected a block that the node has", "replay", "--rpc", node.url, "999999999")
    refused("expected a block number", "replay", "--rpc", node.url, "soon")
    refused("expected a block with a parent", "replay", "--rpc", node.url, "0")
    refused("expected a node that answers", "replay", "--rpc", f"http://127.0.0.1:{free_port()}", "1")
    refused("expected a node with this API enabled", "replay", "--rpc", without_debug.url, "1")


nodes = []
try:
    for apis in ("eth,debug", "eth"):
        nodes.append(Node(apis))
    check_blocks(nodes[0])
    while nodes[1].call("eth_blockNumber") == "0x0":
        nodes[1].account = nodes[1].call("eth_accounts")[0]
        nodes[1].receipt(nodes[1].send(to="0x" + "77" * 20, value="0x1"))
    check_errors(*nodes)
finally:
    for node in nodes:
        node.stop()
    shutil.rmtree(folder, ignore_errors=True)
