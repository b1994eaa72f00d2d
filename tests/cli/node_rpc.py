#!/usr/bin/env python3
"""Drives `weft node --dev` at URL over HTTP and compares its answers: methods | http | options | loop."""

import http.client
import json
import sys
import urllib.parse

HOST = urllib.parse.urlparse(sys.argv[1]).netloc
A0 = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
A1 = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
NOBODY = "0x00000000000000000000000000000000000000aa"
ZERO = "0x" + 64 * "0"
TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
bad = 0


def complain(*words):
    global bad
    bad += 1
    print(*words)


def expect(what, found, expected):
    if found != expected:
        complain(f"{what}: expected {expected}, found {found}")


def post(body, headers=None, method="POST", path="/"):
    connection = http.client.HTTPConnection(HOST, timeout=60)
    connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


connection = http.client.HTTPConnection(HOST, timeout=60)  # kept alive


def ask(method, *params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    connection.request("POST", "/", json.dumps(request), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


def call(method, *params):
    answer = ask(method, *params)
    if "result" not in answer:
        complain(f"{method}: {answer}")
        return None
    return answer["result"]


def error(method, *params):
    return ask(method, *params).get("error", {})


def mined(transaction):
    return call("eth_getTransactionReceipt", call("eth_sendTransaction", transaction))


def init_code(runtime):
    """Code that deploys `runtime`, hex digits."""
    return f"0x60{len(runtime) // 2:02x}600c60003960{len(runtime) // 2:02x}6000f3{runtime}"


# Stores what it is called with in slot 0, logs it with a topic, and returns it.
LOGGER = "600035" + "80600055" + "600052" + "7f" + TRANSFER_TOPIC[2:] + "60206000a1" + "60206000f3"


def word(n):
    return f"0x{n:064x}"


def test_chain():
    expect("eth_chainId", call("eth_chainId"), "0x7a69")
    expect("net_version", call("net_version"), "31337")
    expect("net_listening", call("net_listening"), True)
    expect("web3_sha3", call("web3_sha3", "0x"), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
    expect("client", call("web3_clientVersion").startswith("weft/v"), True)
    expect("modules", sorted(call("rpc_modules")),
           ["anvil", "debug", "eth", "evm", "hardhat", "net", "personal", "rpc", "txpool", "web3"])
    expect("syncing", call("eth_syncing"), False)
    accounts = call("eth_accounts")
    expect("accounts", (len(accounts), accounts[0], accounts[9]), (10, A0, "0xa0ee7a142d267c1f36714e4a8f75612f20a79720"))
    expect("blockNumber", call("eth_blockNumber"), "0x0")
    expect("tip", call("eth_maxPriorityFeePerGas"), "0x3b9aca00")
    expect("gasPrice", call("eth_gasPrice"), hex(875000000 + 10**9))
    expect("blobBaseFee", call("eth_blobBaseFee"), "0x1")
    # The system contracts are there, and those that are called at the start of a block keep what they are given.
    for address in ("0x000f3df6d732807ef1319fb7b8bb8522d0beac02", "0x0000f90827f1c53a10cb7a02335b175320002935",
                    "0x00000961ef480eb55e80d19ad83579a64c007002", "0x0000bbddc7ce488642fb579f8b00f3a590007251"):
        expect("system contract", len(call("eth_getCode", address)) > 100, True)


def test_transactions():
    balance = int(call("eth_getBalance", A1, "latest"), 16)
    h = call("eth_sendTransaction", {"from": A0, "to": A1, "value": "0x5"})
    receipt = call("eth_getTransactionReceipt", h)
    block = call("eth_getBlockByNumber", "latest", True)
    tx = call("eth_getTransactionByHash", h)
    expect("receipt", (receipt["status"], receipt["gasUsed"], receipt["from"], receipt["to"], receipt["logs"]),
           ("0x1", "0x5208", A0, A1, []))
    expect("block of the receipt", receipt["blockHash"], block["hash"])
    expect("transaction in block", block["transactions"], [tx])
    expect("by number and index", call("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x0"), tx)
    expect("by hash and index", call("eth_getTransactionByBlockHashAndIndex", block["hash"], "0x0"), tx)
    expect("beyond the end", call("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x1"), None)
    expect("block by hash", call("eth_getBlockByHash", block["hash"], True), block)
    expect("hashes only", call("eth_getBlockByNumber", "0x1")["transactions"], [h])
    expect("no such block", call("eth_getBlockByNumber", "0x100", False), None)
    expect("no such hash", call("eth_getBlockByHash", ZERO, False), None)
    expect("block receipts", call("eth_getBlockReceipts", "0x1"), [receipt])
    expect("counts", [call("eth_getBlockTransactionCountByNumber", "0x1"), call("eth_getUncleCountByBlockNumber", "0x1"),
                      call("eth_getBlockTransactionCountByHash", block["hash"]),
                      call("eth_getUncleCountByBlockHash", block["hash"])], ["0x1", "0x0", "0x1", "0x0"])
    expect("balance", int(call("eth_getBalance", A1, "latest"), 16), balance + 5)
    expect("balance before", int(call("eth_getBalance", A1, "0x0"), 16), balance)
    expect("balance by hash", int(call("eth_getBalance", A1, {"blockHash": block["hash"]}), 16), balance + 5)
    expect("nonces", [call("eth_getTransactionCount", A0, tag) for tag in ("0x0", "latest", "pending")],
           ["0x0", "0x1", "0x1"])
    fee = (int(receipt["effectiveGasPrice"], 16), int(block["baseFeePerGas"], 16))
    expect("price", fee[0], fee[1] + 10**9)
    # What was sent can be sent elsewhere: as bytes it hashes to the same, and here it is known already.
    raw = call("eth_getRawTransactionByHash", h)
    expect("raw", raw, call("debug_getRawTransaction", h))
    expect("hash of raw", call("web3_sha3", raw), h)
    expect("known", error("eth_sendRawTransaction", raw).get("message"), "already known")
    expect("hash of header", call("web3_sha3", call("debug_getRawHeader", "0x1")), block["hash"])
    expect("raw block", len(call("debug_getRawBlock", "0x1")) // 2 - 1, int(block["size"], 16))
    expect("raw receipts", len(call("debug_getRawReceipts", "0x1")), 1)
    signed = call("eth_signTransaction", {"from": A1, "to": A0, "gas": "0x5208"})
    expect("signed elsewhere", call("eth_sendRawTransaction", signed["raw"]), signed["tx"]["hash"])
    expect("nonce too low", error("eth_sendTransaction", {"from": A0, "to": A1, "nonce": "0x0", "gas": "0x5208"}),
           {"code": -32000, "message": "nonce too low: next nonce 1, tx nonce 0"})
    expect("gas too low", error("eth_sendTransaction", {"from": A0, "to": A1, "gas": "0x5207"}),
           {"code": -32000, "message": "intrinsic gas too low: gas 20999, minimum needed 21000"})
    expect("too much gas", error("eth_sendTransaction", {"from": A0, "to": A1, "gas": "0x1c9c381"})["message"],
           "exceeds block gas limit")
    expect("over the cap", error("eth_sendTransaction", {"from": A0, "to": A1, "gas": "0x1000001"})["message"],
           "transaction gas limit too high (cap: 16777216, tx: 16777217)")
    expect("fee too low", error("eth_sendTransaction", {"from": A0, "to": A1, "gas": "0x5208", "maxFeePerGas": "0x1",
                                                        "maxPriorityFeePerGas": "0x1"})["message"].split(":")[0],
           "max fee per gas less than block base fee")
    expect("poor", error("eth_sendTransaction", {"from": A0, "to": A1, "gas": "0x5208", "value": "0x" + 20 * "f"})
           ["message"].split(":")[0], "insufficient funds for gas * price + value")
    signature = call("eth_sign", A0, "0x6869")
    expect("signature", (len(signature), signature), (132, call("personal_sign", "0x6869", A0)))
    history = call("eth_feeHistory", "0x2", "latest", [0, 100])
    expect("fee history", (history["oldestBlock"], len(history["baseFeePerGas"]), len(history["gasUsedRatio"]),
                           history["reward"]), ("0x1", 3, 2, 2 * [2 * ["0x3b9aca00"]]))
    expect("bad percentile", error("eth_feeHistory", "0x1", "latest", [101])["code"], -32000)


def test_contracts():
    receipt = mined({"from": A0, "data": init_code(LOGGER)})
    contract = receipt["contractAddress"]
    expect("code", call("eth_getCode", contract, "latest"), "0x" + LOGGER)
    expect("code before", call("eth_getCode", contract, "0x0"), "0x")
    transaction = {"from": A0, "to": contract, "data": word(42)}
    expect("call", call("eth_call", transaction, "latest"), word(42))
    expect("nothing is kept", call("eth_getStorageAt", contract, "0x0", "latest"), ZERO)
    estimate = int(call("eth_estimateGas", transaction), 16)
    receipt = mined(transaction)
    used = int(receipt["gasUsed"], 16)
    expect("estimate", used <= estimate <= used * 1.2, True)
    expect("estimate suffices", mined({**transaction, "gas": hex(estimate)})["status"], "0x1")
    expect("slot", call("eth_getStorageAt", contract, "0x0", "latest"), word(42))
    expect("log", [(l["address"], l["topics"], l["data"], l["logIndex"]) for l in receipt["logs"]],
           [(contract, [TRANSFER_TOPIC], word(42), "0x0")])
    logs = call("eth_getLogs", {"fromBlock": "0x0", "address": contract})
    expect("logs", logs[0], receipt["logs"][0])
    expect("logs by topic", len(call("eth_getLogs", {"fromBlock": "0x0", "topics": [[ZERO, TRANSFER_TOPIC]]})), len(logs))
    expect("logs by another topic", call("eth_getLogs", {"fromBlock": "0x0", "topics": [ZERO]}), [])
    expect("more topics", call("eth_getLogs", {"fromBlock": "0x0", "topics": [None, None]}), [])
    expect("logs of a block", call("eth_getLogs", {"blockHash": receipt["blockHash"]}), receipt["logs"])
    expect("old state", call("eth_call", {"to": contract, "data": word(1)}, "0x0"), "0x")
    overrides = {contract: {"code": "0x60005460005260206000f3", "stateDiff": {ZERO: word(7)}}}
    expect("overrides", call("eth_call", {"to": contract}, "latest", overrides), word(7))
    overrides = {contract: {"code": "0x60005460005260206000f3", "state": {}}}
    expect("no state", call("eth_call", {"to": contract}, "latest", overrides), ZERO)
    overrides = {NOBODY: {"balance": "0x64"}}
    expect("a balance", error("eth_call", {"from": NOBODY, "to": A0, "value": "0x64"}, "latest").get("code"), -32000)
    expect("a balance", call("eth_call", {"from": NOBODY, "to": A0, "value": "0x64"}, "latest", overrides), "0x")
    reason = "08c379a0" + word(32)[2:] + word(2)[2:] + "6e6f" + 60 * "0"  # Error("no")
    code = "6064600c60003960646000fd" + reason
    expect("reason", error("eth_call", {"data": "0x" + code}),
           {"code": 3, "message": "execution reverted: no", "data": "0x" + reason})
    expect("estimate of a revert", error("eth_estimateGas", {"data": "0x" + code})["message"], "execution reverted: no")
    failed = mined({"from": A0, "data": "0x60006000fd", "gas": "0x30000"})
    expect("a revert is mined", (failed["status"], failed["contractAddress"] is None), ("0x0", True))
    expect("gas is bounded", error("eth_call", {"data": "0x5b600056", "gas": "0xffffffffffff"})["message"], "out of gas")
    expect("estimates are bounded", error("eth_estimateGas", {"data": "0x5b600056"})["message"],
           "gas required exceeds allowance (16777216)")
    return contract


def test_filters(contract):
    blocks, logs = call("eth_newBlockFilter"), call("eth_newFilter", {"address": contract})
    pending = call("eth_newPendingTransactionFilter")
    receipt = mined({"from": A0, "to": contract, "data": word(9)})
    expect("filter of blocks", call("eth_getFilterChanges", blocks), [receipt["blockHash"]])
    expect("once", call("eth_getFilterChanges", blocks), [])
    expect("filter of logs", call("eth_getFilterChanges", logs), receipt["logs"])
    expect("once", call("eth_getFilterChanges", logs), [])
    expect("filter of transactions", call("eth_getFilterChanges", pending), [receipt["transactionHash"]])
    expect("again", call("eth_getFilterLogs", logs), receipt["logs"])
    expect("gone", [call("eth_uninstallFilter", logs), call("eth_uninstallFilter", logs)], [True, False])
    expect("no filter", error("eth_getFilterChanges", logs), {"code": -32000, "message": "filter not found"})
    for _ in range(300):
        call("eth_newBlockFilter")
    expect("the oldest goes", error("eth_getFilterChanges", blocks).get("message"), "filter not found")


def test_dev():
    snapshot = call("evm_snapshot")
    number = int(call("eth_blockNumber"), 16)
    call("anvil_setBalance", NOBODY, "0xde0b6b3a7640000")
    expect("setBalance", call("eth_getBalance", NOBODY), "0xde0b6b3a7640000")
    call("hardhat_setNonce", NOBODY, "0x7")
    call("anvil_setCode", NOBODY, "0x6001")
    call("anvil_setStorageAt", NOBODY, "0x1", word(3))
    expect("set", [call("eth_getTransactionCount", NOBODY), call("eth_getCode", NOBODY),
                   call("eth_getStorageAt", NOBODY, "0x1")], ["0x7", "0x6001", word(3)])
    expect("old blocks stay", call("eth_getBalance", NOBODY, "0x0"), "0x0")
    expect("unknown account", error("eth_sendTransaction", {"from": NOBODY, "to": A0})["message"], "unknown account")
    call("anvil_impersonateAccount", NOBODY)
    receipt = mined({"from": NOBODY, "to": A0, "value": "0x1"})
    expect("impersonated, a contract", (receipt["status"], receipt["from"]), ("0x1", NOBODY))
    call("anvil_stopImpersonatingAccount", NOBODY)
    expect("no more", error("eth_sendTransaction", {"from": NOBODY, "to": A0})["message"], "unknown account")
    call("anvil_autoImpersonateAccount", True)
    expect("anybody", mined({"from": NOBODY, "to": A0, "value": "0x1"})["status"], "0x1")
    call("anvil_autoImpersonateAccount", False)
    # Mining
    call("evm_setAutomine", False)
    expect("automine", call("anvil_getAutomine"), False)
    h = call("eth_sendTransaction", {"from": A0, "to": A1, "value": "0x1"})
    expect("waits", (call("eth_getTransactionReceipt", h), call("eth_getTransactionByHash", h)["blockNumber"]), (None, None))
    expect("status", call("txpool_status"), {"pending": "0x1", "queued": "0x0"})
    expect("content", list(call("txpool_content")["pending"]), [A0])
    nonce = call("eth_getTransactionCount", A0, "pending")
    queued = call("eth_sendTransaction", {"from": A0, "to": A1, "nonce": hex(int(nonce, 16) + 1), "gas": "0x5208"})
    expect("queued", call("txpool_status"), {"pending": "0x1", "queued": "0x1"})
    expect("dropped", [call("anvil_dropTransaction", queued), call("anvil_dropTransaction", queued)], [queued, None])
    expect("mined", call("evm_mine"), "0x0")
    expect("in a block", call("eth_getTransactionReceipt", h)["status"], "0x1")
    call("eth_sendTransaction", {"from": A0, "to": A1})
    call("anvil_dropAllTransactions")
    expect("all dropped", call("txpool_status")["pending"], "0x0")
    call("evm_setAutomine", True)
    before = int(call("eth_blockNumber"), 16)
    call("anvil_mine", "0x5", "0xa")
    blocks = [call("eth_getBlockByNumber", hex(before + i)) for i in range(1, 6)]
    expect("five blocks", [int(b["timestamp"], 16) - int(a["timestamp"], 16) for a, b in zip(blocks, blocks[1:])], 4 * [10])
    expect("a chain", [a["hash"] for a in blocks[:-1]], [b["parentHash"] for b in blocks[1:]])
    expect("too many", error("hardhat_mine", "0xffffff")["code"], -32602)
    # Time, fees, coinbase
    now = int(call("eth_getBlockByNumber", "latest")["timestamp"], 16)
    call("evm_setNextBlockTimestamp", now + 1000)
    call("evm_mine")
    expect("time", int(call("eth_getBlockByNumber", "latest")["timestamp"], 16), now + 1000)
    expect("increaseTime", call("evm_increaseTime", 500), 500)
    call("evm_mine")
    expect("later", int(call("eth_getBlockByNumber", "latest")["timestamp"], 16) >= now + 1500, True)
    call("evm_mine", hex(now + 5000))
    expect("evm_mine at", int(call("eth_getBlockByNumber", "latest")["timestamp"], 16), now + 5000)
    call("anvil_setCoinbase", A1)
    call("anvil_setNextBlockBaseFeePerGas", "0x7b")
    call("evm_setBlockGasLimit", "0x1000000")
    call("evm_mine")
    block = call("eth_getBlockByNumber", "latest")
    expect("block", [block["miner"], block["baseFeePerGas"], block["gasLimit"]], [A1, "0x7b", "0x1000000"])
    expect("nodeInfo", call("anvil_nodeInfo")["currentBlockNumber"], block["number"])
    expect("revert", call("evm_revert", snapshot), True)
    expect("all is as before", [int(call("eth_blockNumber"), 16), call("eth_getBalance", NOBODY), call("eth_getCode", NOBODY)],
           [number, "0x0", "0x"])
    expect("once", call("evm_revert", snapshot), False)
    expect("goes on", mined({"from": A0, "to": A1})["blockNumber"], hex(number + 1))


def test_http():
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    response, content = post(body)
    expect("status", (response.status, response.getheader("Content-Type")), (200, "application/json"))
    expect("answer", json.loads(content)["result"], "0x7a69")
    expect("GET", post(None, method="GET")[0].status, 200)
    expect("PUT", post(body, method="PUT")[0].status, 405)
    expect("a form", post(body, {"Content-Type": "application/x-www-form-urlencoded"})[0].status, 415)
    expect("text", post(body, {"Content-Type": "text/plain"})[0].status, 415)
    expect("another host", post(body, {"Host": "evil.example:80"})[0].status, 403)
    expect("localhost", post(body, {"Host": "localhost:80"})[0].status, 200)
    expect("no CORS", post(body, {"Origin": "http://a.example"})[0].getheader("Access-Control-Allow-Origin"), None)
    announced = http.client.HTTPConnection(HOST, timeout=60)
    announced.putrequest("POST", "/")
    announced.putheader("Content-Type", "application/json")
    announced.putheader("Content-Length", str((5 << 20) + 1))
    announced.endheaders()
    expect("too long", announced.getresponse().status, 413)
    announced.close()
    expect("long", post(b" " * ((5 << 20) - len(body)) + body.encode())[0].status, 200)
    expect("nothing due", post(json.dumps({"jsonrpc": "2.0", "method": "eth_chainId"}))[1], b"")
    batch = json.dumps([{"jsonrpc": "2.0", "id": i, "method": "eth_chainId"} for i in range(1000)])
    expect("batch", [a["id"] for a in json.loads(post(batch)[1])], list(range(1000)))
    expect("bytes", json.loads(post(bytes(range(256)))[1])["error"]["code"], -32700)
    expect("deep", json.loads(post("[" * 1000000)[1])["error"]["code"], -32700)
    # A body in chunks, and one that is too long for what it is.
    chunks = post(iter([body.encode()[:10], body.encode()[10:]]))
    expect("chunks", json.loads(chunks[1])["result"], "0x7a69")
    try:
        post(iter([b" " * 100000] * 100))
        complain("too many chunks were taken")
    except (OSError, http.client.HTTPException):
        pass
    expect("still there", json.loads(post(body)[1])["result"], "0x7a69")


def test_options():
    expect("chain id", call("eth_chainId"), "0x5")
    expect("accounts", len(call("eth_accounts")), 2)
    expect("balance", call("eth_getBalance", A1), hex(3 * 10**18))
    block = call("eth_getBlockByNumber", "latest")
    expect("London", [block["gasLimit"], "baseFeePerGas" in block, "withdrawals" in block], ["0xf4240", True, False])
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    response, _ = post(body, {"Origin": "http://a.example"})
    expect("CORS", response.getheader("Access-Control-Allow-Origin"), "http://a.example")
    response, _ = post(body, {"Origin": "http://b.example"})
    expect("another origin", response.getheader("Access-Control-Allow-Origin"), None)
    response, _ = post(None, {"Origin": "http://a.example"}, "OPTIONS")
    expect("preflight", (response.status, response.getheader("Access-Control-Allow-Methods")), (204, "POST, OPTIONS"))


def loop():
    """Many calls that burn all their gas, one after the other; the node ends in between."""
    try:
        batch = [{"jsonrpc": "2.0", "id": i, "method": "eth_call", "params": [{"data": "0x5b600056"}]} for i in range(1000)]
        post(json.dumps(batch))
    except (OSError, http.client.HTTPException):
        pass


if sys.argv[2] == "methods":
    test_chain()
    test_transactions()
    test_filters(test_contracts())
    test_dev()
else:
    {"http": test_http, "options": test_options, "loop": loop}[sys.argv[2]]()
sys.exit(1 if bad else 0)
