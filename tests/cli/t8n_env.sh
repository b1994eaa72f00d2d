#!/usr/bin/env bash
# weft t8n: what each fork asks of the environment, for each field and each way in which it can be missing; exit codes and numbers are those of
# geth's tool, and where that ends with a crash (a parent's base fee or gas limit that is not there), a refusal.
. "$(dirname "$0")/common.bash"
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
exec python3 - "$weft" <<'P'
import json, subprocess, sys

weft, ROOT = sys.argv[1], "0x" + "00" * 32
HEAD = {"currentCoinbase": "0x" + "c0" * 20, "currentGasLimit": "0x1c9c380", "currentNumber": "0x1", "currentTimestamp": "0x3e8",
        "blockHashes": {"0": ROOT}, "ommers": []}
FORKS = {
    "Berlin": {"parentDifficulty": "0x20000", "parentTimestamp": "0x3e0", "parentUncleHash": ROOT},
    "London": {"currentDifficulty": "0x20000", "parentBaseFee": "0x7", "parentGasUsed": "0x5208", "parentGasLimit": "0x1c9c380"},
    "Paris": {"currentRandom": "0x0", "currentDifficulty": "0x0", "currentBaseFee": "0x7"},
    "Shanghai": {"currentRandom": "0x0", "currentBaseFee": "0x7", "withdrawals": []},
    "Cancun": {"currentRandom": "0x0", "currentBaseFee": "0x7", "withdrawals": [], "parentBeaconBlockRoot": ROOT,
               "parentExcessBlobGas": "0x60000", "parentBlobGasUsed": "0x60000"},
    "Osaka": {"currentRandom": "0x0", "currentBaseFee": "0x7", "parentBaseFee": "0x7", "withdrawals": [],
              "parentBeaconBlockRoot": ROOT, "parentExcessBlobGas": "0xc0000", "parentBlobGasUsed": "0xc0000"},
}
# The contracts that Prague's requests come from; they have none.
ALLOC = {a: {"balance": "0x0", "code": "0x00"} for a in ("0x00000961ef480eb55e80d19ad83579a64c007002",
                                                         "0x0000bbddc7ce488642fb579f8b00f3a590007251")}
MISSING = [None, "null"]
# fork, field, values, exit code, and what the result must say
ROWS = [
    *[(fork, field, MISSING, 10, {}) for fork in FORKS
      for field in ("currentCoinbase", "currentGasLimit", "currentNumber", "currentTimestamp")],
    *[(fork, field, ["", "0x0", 1], 10, {}) for fork in FORKS for field in ("blockHashes", "ommers", "withdrawals")],
    *[(fork, "parentBeaconBlockRoot", ["", "0x0", "0x"], 10, {}) for fork in FORKS],
    *[(fork, "currentGasLimit", ["", "0x0", 0], 0, {"gasUsed": "0x0"}) for fork in FORKS],
    ("Berlin", "parentDifficulty", MISSING, 3, {}),
    ("Berlin", "parentDifficulty", ["0x20000"], 0, {"currentDifficulty": "0x20040"}),
    ("Berlin", "parentTimestamp", ["0x3e8"], 3, {}),
    ("Berlin", "parentTimestamp", MISSING + ["", "0x0"], 0, {"currentDifficulty": "0x20000"}),
    ("Berlin", "currentNumber", ["0x0", ""], 3, {}),
    ("London", "parentBaseFee", MISSING, 3, {}),
    ("London", "parentBaseFee", ["", "0x0"], 0, {"currentBaseFee": "0x0"}),
    ("London", "parentGasUsed", MISSING + ["", "0x0"], 0, {"currentBaseFee": "0x7"}),
    ("London", "parentGasLimit", MISSING + ["", "0x0", "0x1"], 3, {}),
    ("London", "currentNumber", ["0x0"], 3, {}),
    ("Paris", "currentRandom", MISSING, 3, {}),
    ("Paris", "currentRandom", ["", "0x0"], 0, {"currentDifficulty": None}),
    ("Paris", "currentDifficulty", ["0x1"], 3, {}),
    ("Paris", "currentDifficulty", MISSING + ["", "0x0"], 0, {"currentDifficulty": None}),
    ("Paris", "currentBaseFee", MISSING, 3, {}),
    ("Paris", "currentBaseFee", ["", "0x0"], 0, {"currentBaseFee": "0x0"}),
    ("Shanghai", "withdrawals", MISSING, 3, {}),
    ("Shanghai", "withdrawals", [[]], 0, {}),
    ("Cancun", "parentBeaconBlockRoot", MISSING, 3, {}),
    ("Cancun", "parentExcessBlobGas", MISSING, 0, {"currentExcessBlobGas": "missing"}),
    ("Cancun", "parentExcessBlobGas", ["", "0x0"], 0, {"currentExcessBlobGas": "0x0"}),
    ("Cancun", "parentBlobGasUsed", MISSING, 0, {"currentExcessBlobGas": "missing"}),
    ("Cancun", "parentBlobGasUsed", ["", "0x0"], 0, {"currentExcessBlobGas": "0x0"}),
    ("Cancun", "currentExcessBlobGas", ["0x5"], 0, {"currentExcessBlobGas": "0x5"}),
    ("Cancun", "parentBaseFee", MISSING, 0, {"currentExcessBlobGas": "0x60000"}),
    ("Osaka", "parentBaseFee", MISSING, 3, {}),
    ("Osaka", "parentBaseFee", ["", "0x0", "0x7"], 0, {"currentExcessBlobGas": "0xc0000"}),
    ("Osaka", "parentBaseFee", ["0x3b9aca00"], 0, {"currentExcessBlobGas": "0x100000"}),
]


def run(fork, env):
    text = json.dumps({"alloc": ALLOC, "env": env, "txs": []})
    p = subprocess.run([weft, "t8n", "--state.fork", fork, *(x for k in ("alloc", "env", "txs") for x in (f"--input.{k}", "stdin")),
                        "--output.alloc", "", "--output.body", "", "--output.result", "stdout"], input=text, capture_output=True, text=True)
    return p.returncode, json.loads(p.stdout)["result"] if p.returncode == 0 else {}, p.stderr


bad = 0
for fork, field, values, code, wanted in ROWS:
    for value in values:
        env = {**HEAD, **FORKS[fork], field: None if value == "null" else value}
        if value is None:
            del env[field]
        found, result, err = run(fork, env)
        wrong = {k: result.get(k, "missing") for k, v in wanted.items() if result.get(k, "missing") != v}
        if found != code or wrong or (found != 0 and err.count("\n") != 1):
            print(f"{fork}: {field} {'missing' if value is None else value!r}: exit status {found}, expected {code}; {wrong or err}")
            bad = 1
sys.exit(bad)
P
