/* trace: what the VM does, step by step, as lines of JSON (EIP-3155), in the fields and words of geth's `evm`:
 *
 *     {"pc":4,"op":1,"gas":"0x1e","gasCost":"0x3","memSize":0,"stack":["0x1","0x2"],"depth":1,"refund":0,
 *      "opName":"ADD"}                                                    (in one line)
 *     {"output":"","gasUsed":"0x9"}                                       the end of a message, of every depth
 *
 * An instruction that ends its frame with an error has "error" in its line. When it had been paid for before it failed
 * (REVERT, a bad jump, an undefined instruction), it has two lines: one without the error, one with it and with what
 * the operands left behind. "gasCost" of an instruction that could not be paid for is its base gas.
 *
 * A trace writes into a buffer and, where a drain is set, hands the text on from time to time. One thread at a time. */
#ifndef WEFT_VM_TRACE_H
#define WEFT_VM_TRACE_H

#include "vm/vm.h"

struct vm_trace_options {
    bool memory;      /* with "memory" */
    bool no_stack;    /* "stack" is null */
    bool return_data; /* with "returnData" */
    bool call_frames; /* a line before each message, of every depth: "from", "to", "gas", "value", "type" */
};

struct vm_trace {
    struct vm_tracer tracer; /* for vm_set_tracer */
    struct vm_trace_options options;
    struct buffer text;   /* lines that are complete */
    uint64_t counts[256]; /* how often each instruction began to run */
    /* Called when much text has gathered; it takes what it wants and sets text->size. NULL: all of it stays. */
    void (*drain)(void *context, struct buffer *text);
    void *drain_context;

    struct vm_step step; /* the instruction that runs; its stack is valid until it has run */
    struct buffer seen;  /* how memory, stack and the like looked before it */
    struct u256 held;    /* what a SELFDESTRUCT finds in its account */
    char fault[80];      /* why the running frame ends; "" when it does not */
};

/* Makes *t ready; vm_trace_free gives its memory back. *t must stay where it is while it is in use. */
void vm_trace_init(struct vm_trace *t, struct vm_trace_options options);
void vm_trace_free(struct vm_trace *t);
/* Hands all text to the drain. */
void vm_trace_flush(struct vm_trace *t);
/* What traces call an instruction: "ADD"; the byte in words where there is none in any fork, in `scratch`. */
const char *vm_trace_name(uint8_t op, char *scratch, size_t size);

#endif
