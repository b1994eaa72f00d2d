/* program: small random contracts, made so that transactions meet: few slots, few accounts, balances that just suffice.
 * Each looks at the size of its call data and does one of several things. */
#ifndef WEFT_EXPLORE_PROGRAM_H
#define WEFT_EXPLORE_PROGRAM_H

#include "base/base.h"

enum { PROGRAM_BYTES = 1024, CONTRACTS = 3, SENDERS = 6, SLOTS = 3 };

struct program {
    uint8_t bytes[PROGRAM_BYTES];
    size_t size;
};

uint32_t random_below(uint64_t *random, uint32_t n);

/* A contract, a sender, and any account that a program may name: those, the beneficiary, two without code, one that
 * CREATE2 makes. */
struct address contract_address(uint32_t i);
struct address sender_address(uint32_t i);
struct address beneficiary_address(void);
struct address any_address(uint64_t *random);

/* Statements of all kinds. */
void program_mixed(struct program *p, uint64_t *random);
/* 1 byte of data: toggles a switch. 2: spends. Else: spends if the switch is on, and notes whether it could. */
void program_spending(struct program *p, uint64_t *random);
/* 1 byte of data: toggles some switches. Else: looks at all of them, and notes for the caller how they stand. */
void program_switching(struct program *p);
/* Counts in one slot, or moves counts between two slots that the data names, as a token does. */
void program_counting(struct program *p, uint64_t *random);
/* Of contract `self`. 1 byte of data: makes a child by CREATE2. 2: has it destroyed. Else: calls it, which counts in its
 * own slot, and notes what it says. */
void program_reborn(struct program *p, uint64_t *random, uint32_t self);
/* Passes on what it gets, in halves, and reads balances. */
void program_passing(struct program *p, uint64_t *random);

#endif
