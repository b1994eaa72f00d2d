#!/usr/bin/env python3
"""Faults of the parallel core that were there once, or could be: the explorer must find each of them.

    faults.py --list              name and file of each
    faults.py --put NAME FILE     writes the source with the fault put back
    faults.py --run BUILD         runs the explorer of each fault in a build folder; ends with `N passed, N failed`

A fault is a change of one file, given as what stands there and what stood there; each must stand there exactly once. So
whoever rewrites such a place is told to say anew what the fault would be there, or that it cannot be."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Runs of an explorer, far more than any fault needs.
RUNS = 3000000

# name: file, how the explorer looks for it, [(what stands there, with the fault)]
FAULTS = {
    # An execution that replaces another one was found valid while the other's own credit was still counted.
    "valid_before_withdrawn": ("src/parallel/publish.c", "--profile spend --transactions 8 --workers 3 --model sc", [
        ("    if (old != NULL) execution_kill(old);\n", ""),
        ("    e->validated = s->speculative && execution_still_valid(e, NULL);\n",
         "    e->validated = s->speculative && execution_still_valid(e, NULL);\n    if (old != NULL) execution_kill(old);\n"),
    ]),
    # What the head checks could be taken to be revised, and changed under its hands.
    "checked_while_revised": ("src/parallel/scheduler.c", "--model sc", [
        ("if (swap_state(s, head, ITEM_READY, ITEM_TAKEN)) return (struct sched_task){SCHED_COMMIT, head};",
         "return (struct sched_task){SCHED_COMMIT, head};"),
    ]),
    # The reader of a slot left no mark: nobody who wrote it later knew of it.
    "slot_without_mark": ("src/parallel/publish.c", "--model sc", [
        ("        note_reader(&slot->entry->location.read_by, s->tx, !u256_equal(slot->current, slot->original));\n", ""),
    ]),
    # Only debits counted as a change to who has asked "at least this much?": a credit that is withdrawn is one.
    "withdrawn_credit": ("src/parallel/validate.c", "--profile spend --transactions 8 --workers 3 --model sc", [
        ("if (is_small_credit && !version_is_dead(w->version)) return false;", "if (is_small_credit) return false;"),
    ]),
    # The same word in another life of the contract.
    "generation_forgotten": ("src/parallel/validate.c", "--profile reborn --model sc", [
        ("now->generation != r->seen->generation || ", ""),
    ]),
    # Who reads the beneficiary's balance depends on all fees before.
    "fees_forgotten": ("src/block/parallel.c", "--model sc", [
        ("valid = s->execution->validated && !execution_saw_balance(s->execution, p->run->beneficiary);",
         "valid = s->execution->validated;"),
    ]),
    # Who gave the token back did not look at the head again.
    "head_not_looked_at_again": ("src/parallel/scheduler.c", "--model sc", [
        ("if (state != ITEM_FREE && state != ITEM_READY) return false;", "(void)state;\n        return false;"),
    ]),
    # A worker that begins to speculate did not look whether the head overwrites values in place.
    "not_alone": ("src/parallel/scheduler.c", "--model sc", [
        ("    if (atomic_load(&s->alone) == 0) return true;\n    atomic_fetch_sub(&s->speculating, 1);\n    return false;\n",
         "    return true;\n"),
    ]),
    # The cursor went beyond the last item, and an item that is none was taken for one that had been deferred.
    "cursor_beyond_the_end": ("src/parallel/scheduler.c", "--profile spend --transactions 7 --workers 8 --model tso", [
        ("least(confidence_of(s) < SCHED_CONFIDENCE_LOW ? head + 2 : head, s->count)",
         "confidence_of(s) < SCHED_CONFIDENCE_LOW ? head + 2 : head"),
    ]),
    # A group was committed whole though the block's gas did not suffice for it.
    "gas_of_a_group": ("src/block/parallel.c", "--model sc", [
        (" || g->room > limit - run->gas_used", ""),
    ]),
}


def put(name, out):
    file, _, changes = FAULTS[name]
    text = (ROOT / file).read_text()
    for now, then in changes:
        if text.count(now) != 1:
            sys.exit(f"faults.py: {name}: this stands {text.count(now)} times in {file}:\n{now}")
        text = text.replace(now, then)
    path = pathlib.Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#line 1 "{ROOT / file}"\n{text}')


def search(build, name):
    start = time.monotonic()
    command = [f"{build}/explore_fault_{name}", "--runs", str(RUNS), *FAULTS[name][1].split()]
    run = subprocess.run(command, capture_output=True, text=True)
    found = run.returncode == 1 and "FAILED" in run.stdout
    said = next((line for line in run.stdout.split("\n") if "FAILED" in line), run.stdout + run.stderr)
    runs = run.stdout.strip().split("\n")[-1].split(" ")[0]
    return found, f"{'found' if found else 'NOT FOUND'}  {name}, {runs} runs, {time.monotonic() - start:.1f} s: {said}"


def run_all(build):
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found, text in pool.map(lambda name: search(build, name), FAULTS):
            print(text, flush=True)
            failed += not found
    print(f"{len(FAULTS) - failed} passed, {failed} failed")
    return failed != 0


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(f"{name} {fault[0]}" for name, fault in FAULTS.items()))
    elif len(arguments) == 3 and arguments[0] == "--put":
        put(arguments[1], arguments[2])
    elif len(arguments) == 2 and arguments[0] == "--run":
        return run_all(arguments[1])
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
