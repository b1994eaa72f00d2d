/* The assembler: two passes over the words, as a label may be used before it stands. */
#include <ctype.h>
#include <stdlib.h>

#include "workload/workload.h"

enum { LABELS_MAX = 32, LABEL_SIZE_MAX = 32 };

struct label {
    char name[LABEL_SIZE_MAX];
    size_t place;
};

struct assembler {
    struct buffer *out;
    size_t start; /* where the code begins in `out` */
    struct label labels[LABELS_MAX];
    uint32_t label_count;
    bool final; /* the pass in which labels are known */
};

/* The next word, or NULL at the end; *at moves behind it. */
static const char *next_word(const char **at, size_t *size)
{
    const char *p = *at;
    for (;;) {
        while (isspace((unsigned char)*p)) p++;
        if (*p != ';') break;
        while (*p != 0 && *p != '\n') p++;
    }
    const char *word = p;
    while (*p != 0 && *p != ';' && !isspace((unsigned char)*p)) p++;
    *size = (size_t)(p - word);
    *at = p;
    return *size == 0 ? NULL : word;
}

static void put_byte(struct assembler *a, unsigned byte)
{
    uint8_t b = (uint8_t)byte;
    buffer_append(a->out, &b, 1);
}

/* Hex digits as they stand, with a zero in front where their number is odd. */
static void put_hex(struct assembler *a, const char *digits, size_t count)
{
    ASSERT(count >= 1 && count <= 64);
    size_t bytes = (count + 1) / 2;
    put_byte(a, OP_PUSH1 + (unsigned)bytes - 1);
    size_t i = 0;
    if (count % 2 != 0) put_byte(a, (unsigned)hex_digit(digits[i++]));
    for (; i < count; i += 2) put_byte(a, (unsigned)(hex_digit(digits[i]) << 4 | hex_digit(digits[i + 1])));
}

static void put_number(struct assembler *a, uint64_t n)
{
    unsigned bytes = 1;
    while (bytes < 8 && n >> (8 * bytes) != 0) bytes++;
    put_byte(a, OP_PUSH1 + bytes - 1);
    while (bytes-- > 0) put_byte(a, (unsigned)(n >> (8 * bytes)) & 0xff);
}

static struct label *find_label(struct assembler *a, const char *name, size_t size)
{
    for (uint32_t i = 0; i < a->label_count; i++)
        if (strlen(a->labels[i].name) == size && memcmp(a->labels[i].name, name, size) == 0) return &a->labels[i];
    return NULL;
}

static void put_reference(struct assembler *a, const char *name, size_t size)
{
    const struct label *l = find_label(a, name, size);
    ASSERT(l != NULL || !a->final);
    size_t place = l == NULL ? 0 : l->place;
    put_byte(a, OP_PUSH2);
    put_byte(a, (unsigned)(place >> 8));
    put_byte(a, (unsigned)place & 0xff);
}

static void put_label(struct assembler *a, const char *name, size_t size)
{
    if (!a->final) {
        ASSERT(a->label_count < LABELS_MAX && size < LABEL_SIZE_MAX && find_label(a, name, size) == NULL);
        struct label *l = &a->labels[a->label_count++];
        memcpy(l->name, name, size);
        l->name[size] = 0;
        l->place = a->out->size - a->start;
    }
    put_byte(a, OP_JUMPDEST);
}

static void put_opcode(struct assembler *a, const char *name, size_t size)
{
    unsigned op = 0;
    while (op < 256 && (opcode_infos[op].name == NULL || strlen(opcode_infos[op].name) != size ||
                        memcmp(opcode_infos[op].name, name, size) != 0))
        op++;
    ASSERT(op < 256);
    put_byte(a, op);
}

static void put_word(struct assembler *a, const char *word, size_t size)
{
    if (size > 2 && word[0] == '0' && word[1] == 'x')
        put_hex(a, word + 2, size - 2);
    else if (isdigit((unsigned char)word[0]))
        put_number(a, strtoull(word, NULL, 10));
    else if (word[0] == '@')
        put_reference(a, word + 1, size - 1);
    else if (word[size - 1] == ':')
        put_label(a, word, size - 1);
    else
        put_opcode(a, word, size);
}

void workload_assemble(struct buffer *out, const char *source)
{
    struct assembler a = {.out = out, .start = out->size};
    for (int pass = 0; pass < 2; pass++) {
        a.final = pass == 1;
        out->size = a.start;
        const char *at = source;
        size_t size;
        for (const char *word; (word = next_word(&at, &size)) != NULL;) put_word(&a, word, size);
    }
}
