/* paper: the stack on paper, for the translator: what every position of the stack holds, the instructions written so
 * far, and "settling".
 *
 * Places on the stack are numbered from the item that is on top when the run begins: 0, the one below -1, the next to
 * be pushed 1. `values` is the stack on paper: what each position holds, which is the word of some place, or a
 * constant. To begin with, every position holds its own place. `refs` counts for each place how many positions (and
 * operands that are still to be read) need its word; a result goes to the place of its position if nobody needs what is
 * there, else to any place that is free.
 *
 * Settling moves all words to where they belong, as one parallel move: first a result that nobody has read yet is
 * simply redirected, then moves are made in an order in which none overwrites what another still reads, breaking cycles
 * over a free place. */
#ifndef WEFT_VM_TRANSLATOR_SYMBOLIC_STACK_H
#define WEFT_VM_TRANSLATOR_SYMBOLIC_STACK_H

#include "vm/interpreter/fast.h"

enum {
    PLACES_BELOW = STACK_ITEMS_MAX, /* the deepest place is -(STACK_ITEMS_MAX - 1) */
    PLACES_ABOVE = 640,
    HEIGHT_MAX = 128,  /* a run ends when its stack has grown by more, */
    DEPTH_MAX = 700,   /* or it has reached deeper, */
    TOUCHED_MAX = 128, /* or it has used more positions; */
    REACH_MAX = 256,   /* one instruction can reach so much deeper */
    MOVES_MAX = TOUCHED_MAX + REACH_MAX,
    INSTRUCTIONS_MAX = 384,
    STEPS_MAX = 2048, /* EVM instructions in a run */
    SCANNED_MAX = 16384,
    CONSTANTS_MAX = 256,
    GAS_READS_MAX = 16,
    HELD_MAX = 8,
    SETTLE_RESERVE = MOVES_MAX + 16, /* instructions that the end of a run may need */
    MERGE_MAX = 32, /* a run goes on over a JUMPDEST, and so behind a jump, while it has no more instructions */
    OUT_SIZE = (INSTRUCTIONS_MAX + SETTLE_RESERVE) * (int)sizeof(struct fast_constant),
};

struct value {
    int16_t place;
    int16_t constant; /* its number, or -1: the word at `place` */
};

struct translator {
    struct translation *translation;
    const int64_t *gas_table;
    const void *const *handlers;
    const uint8_t *code;
    uint32_t size, start, position;
    uint32_t steps;   /* EVM instructions so far */
    uint32_t scanned; /* positions and places that were gone through beyond those of the instructions */

    int height, low, highest, highest_place; /* positions: top, deepest used, highest ever, highest scratch */
    struct value values_[PLACES_BELOW + PLACES_ABOVE];
    uint8_t refs_[PLACES_BELOW + PLACES_ABOVE];
    /* The instruction that made the word there and can be redirected, or -1; the last one that read or wrote there. */
    int16_t maker_[PLACES_BELOW + PLACES_ABOVE], touched_[PLACES_BELOW + PLACES_ABOVE];
    /* While settling, else 0: how many moves and held operands still read there; the move that writes there, from 1. */
    int16_t readers_[PLACES_BELOW + PLACES_ABOVE], mover_[PLACES_BELOW + PLACES_ABOVE];
    int16_t held[HELD_MAX]; /* places of operands that are still to be read */
    unsigned held_count;

    struct u256 constants[CONSTANTS_MAX];
    int constant_count;

    uint64_t cost;                     /* of the stretch since the last check */
    size_t check;                      /* that check */
    uint32_t gas_reads[GAS_READS_MAX]; /* GAS instructions since then */
    unsigned gas_read_count;

    int count; /* instructions so far */
    uint32_t at[INSTRUCTIONS_MAX + SETTLE_RESERVE];
    uint16_t op[INSTRUCTIONS_MAX + SETTLE_RESERVE];
    size_t used;
    _Alignas(32) uint8_t out[OUT_SIZE];
};

#define VALUE(x, p) ((x)->values_[(p) + PLACES_BELOW])
#define REFS(x, p) ((x)->refs_[(p) + PLACES_BELOW])
#define MAKER(x, p) ((x)->maker_[(p) + PLACES_BELOW])
#define TOUCHED(x, p) ((x)->touched_[(p) + PLACES_BELOW])
#define READERS(x, p) ((x)->readers_[(p) + PLACES_BELOW])
#define MOVER(x, p) ((x)->mover_[(p) + PLACES_BELOW])

/* ---- writing instructions --------------------------------------------------------------------------------------- */

static inline void *emit(struct translator *x, enum fast_op op, size_t size)
{
    ASSERT(x->count < (int)COUNT_OF(x->at) && x->used + size <= sizeof x->out);
    struct fast *i = (struct fast *)(void *)(x->out + x->used);
    memset(i, 0, size);
    i->handler = x->handlers[op];
    x->at[x->count] = (uint32_t)x->used;
    x->op[x->count++] = (uint16_t)op;
    x->used += size;
    return i;
}

static inline struct fast *instruction(struct translator *x, int index)
{
    return (struct fast *)(void *)(x->out + x->at[index]);
}

/* The operand at place p, and the result there, of the instruction written last. */
static inline int16_t reads(struct translator *x, int p)
{
    TOUCHED(x, p) = (int16_t)(x->count - 1);
    return (int16_t)(p * (int)sizeof(struct u256));
}

static inline int16_t makes(struct translator *x, int p)
{
    int16_t at = reads(x, p);
    MAKER(x, p) = (int16_t)(x->count - 1);
    return at;
}

/* ---- the stack on paper ------------------------------------------------------------------------------------------ */

/* Makes sure that positions from p upwards are on the paper. */
static inline void reach(struct translator *x, int p)
{
    while (x->low > p) {
        x->low--;
        VALUE(x, x->low) = (struct value){(int16_t)x->low, -1};
        REFS(x, x->low) = 1;
        MAKER(x, x->low) = TOUCHED(x, x->low) = -1;
        READERS(x, x->low) = MOVER(x, x->low) = 0;
    }
}

static inline void push(struct translator *x, struct value v)
{
    VALUE(x, ++x->height) = v;
    if (v.constant < 0) REFS(x, v.place)++;
}

static inline void push_place(struct translator *x, int p)
{
    push(x, (struct value){(int16_t)p, -1});
}

static inline void push_constant(struct translator *x, struct u256 word)
{
    x->constants[x->constant_count] = word;
    push(x, (struct value){0, (int16_t)x->constant_count++});
}

static inline struct u256 constant(const struct translator *x, struct value v)
{
    return x->constants[v.constant];
}

/* Takes the top item as an operand; its place stays as it is until release. */
static inline struct value take(struct translator *x)
{
    struct value v = VALUE(x, x->height);
    x->height--;
    if (v.constant < 0) x->held[x->held_count++] = v.place;
    return v;
}

static inline void release(struct translator *x)
{
    while (x->held_count > 0) REFS(x, x->held[--x->held_count])--;
}

/* A place whose word nobody needs, above the stack. */
static inline int scratch(struct translator *x)
{
    int p = x->height + 1;
    while (REFS(x, p) != 0) p++;
    x->scanned += (uint32_t)(p - x->height);
    if (p > x->highest_place) x->highest_place = p;
    return p;
}

/* Where the result for the next position goes. */
static inline int result_place(struct translator *x)
{
    int p = x->height + 1;
    return REFS(x, p) == 0 ? p : scratch(x);
}

static inline void emit_set(struct translator *x, int p, struct u256 word)
{
    if (u256_fits_u64(word) && word.w[0] <= UINT32_MAX) {
        struct fast *i = emit(x, FAST_SET_SMALL, sizeof *i);
        i->to = makes(x, p);
        i->number = (uint32_t)word.w[0];
    } else {
        struct fast_constant *i = emit(x, FAST_SET, sizeof *i);
        i->base.to = makes(x, p);
        i->value = word;
    }
}

/* The place of an operand; a constant is put into a free one. */
static inline int place_of(struct translator *x, struct value v)
{
    if (v.constant < 0) return v.place;
    int p = scratch(x);
    emit_set(x, p, constant(x, v));
    REFS(x, p)++;
    x->held[x->held_count++] = (int16_t)p;
    return p;
}

/* ---- settling ---------------------------------------------------------------------------------------------------- */

struct move {
    int to, from;
};

/* Makes the instruction that produced the word at m.from put it to m.to instead. Possible if this is its only reader,
 * and nobody has used m.to since. */
static inline bool redirect(struct translator *x, struct move m)
{
    int maker = MAKER(x, m.from);
    if (maker < 0 || REFS(x, m.from) != 1 || REFS(x, m.to) != 0 || TOUCHED(x, m.from) != maker ||
        TOUCHED(x, m.to) > maker)
        return false;
    instruction(x, maker)->to = (int16_t)(m.to * (int)sizeof(struct u256));
    return true;
}

static inline void emit_move(struct translator *x, int to, int from)
{
    struct fast *i = emit(x, FAST_MOVE, sizeof *i);
    i->a = reads(x, from);
    i->to = reads(x, to);
}

/* Moves that are still to be made, those among them that may be made now, and where to look for one that is not. */
struct moves {
    struct move all[MOVES_MAX];
    int16_t ready[MOVES_MAX];
    int count, ready_count, left, at;
};

static inline bool is_held(const struct translator *x, int p)
{
    for (unsigned i = 0; i < x->held_count; i++)
        if (x->held[i] == p) return true;
    return false;
}

/* Brings the word at p to safety, for those moves and operands that still need it. */
static inline void evacuate(struct translator *x, struct moves *m, int p)
{
    int q = scratch(x);
    emit_move(x, q, p);
    for (int i = m->at; i < m->count; i++)
        if (m->all[i].from == p) m->all[i].from = q;
    x->scanned += (uint32_t)(m->count - m->at);
    for (unsigned i = 0; i < x->held_count; i++)
        if (x->held[i] == p) x->held[i] = (int16_t)q;
    REFS(x, q) = REFS(x, p);
    REFS(x, p) = 0;
    READERS(x, q) = READERS(x, p);
    READERS(x, p) = 0;
}

static inline void find_moves(struct translator *x, struct moves *m)
{
    m->count = m->ready_count = m->at = 0;
    for (int p = x->low; p <= x->height; p++) {
        struct move move = {p, VALUE(x, p).place};
        if (VALUE(x, p).constant >= 0 || move.from == p) continue;
        if (redirect(x, move)) {
            REFS(x, move.from) = 0;
            continue;
        }
        m->all[m->count++] = move;
        READERS(x, move.from)++;
        MOVER(x, p) = (int16_t)m->count;
    }
    for (unsigned i = 0; i < x->held_count; i++) READERS(x, x->held[i])++;
    for (int i = 0; i < m->count; i++)
        if (READERS(x, m->all[i].to) == 0) m->ready[m->ready_count++] = (int16_t)i;
    m->left = m->count;
}

/* Each move is made once nobody reads any more what it overwrites: which is then the case for the one that writes where
 * it has read last. Where none is left like that there is a cycle, or a held operand in the way. */
static inline void make_moves(struct translator *x, struct moves *m)
{
    for (; m->left > 0; m->left--) {
        if (m->ready_count == 0) {
            while (MOVER(x, m->all[m->at].to) != m->at + 1) m->at++; /* made already */
            evacuate(x, m, m->all[m->at].to);
            m->ready[m->ready_count++] = (int16_t)m->at;
        }
        struct move move = m->all[m->ready[--m->ready_count]];
        emit_move(x, move.to, move.from);
        MOVER(x, move.to) = 0;
        if (--READERS(x, move.from) == 0 && MOVER(x, move.from) != 0)
            m->ready[m->ready_count++] = (int16_t)(MOVER(x, move.from) - 1);
    }
}

/* Puts every position's word into its own place. Held operands survive, perhaps elsewhere. */
static inline void settle(struct translator *x)
{
    struct moves moves;
    find_moves(x, &moves);
    make_moves(x, &moves);
    for (int p = x->low; p <= x->height; p++)
        if (VALUE(x, p).constant >= 0) {
            if (is_held(x, p)) evacuate(x, &moves, p);
            emit_set(x, p, constant(x, VALUE(x, p)));
        }
    int end = x->highest_place > x->highest ? x->highest_place : x->highest;
    for (int p = x->low; p <= end; p++) {
        VALUE(x, p) = (struct value){(int16_t)p, -1};
        REFS(x, p) = p <= x->height;
        MAKER(x, p) = -1;
    }
    for (unsigned i = 0; i < x->held_count; i++) {
        REFS(x, x->held[i])++;
        READERS(x, x->held[i]) = 0;
    }
    x->scanned += (uint32_t)(end - x->low);
}

#endif
