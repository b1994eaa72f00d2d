/* A declared block access list (EIP-7928): what can be said against it before execution, while gas runs out, and
 * after. */
#include <stdio.h>

#include "block/private.h"

/* EIP-7928: no item costs less gas than this. */
enum { ITEM_GAS = 2000 };

/* ---- before execution -------------------------------------------------------------------------------------------- */

static uint32_t last_index(const struct bal_account *a)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < a->slot_count; i++) {
        const struct bal_slot *slot = &a->slots[i];
        last = slot->changes[slot->change_count - 1].index > last ? slot->changes[slot->change_count - 1].index : last;
    }
    if (a->balance_count != 0 && a->balances[a->balance_count - 1].index > last)
        last = a->balances[a->balance_count - 1].index;
    if (a->nonce_count != 0 && a->nonces[a->nonce_count - 1].index > last) last = a->nonces[a->nonce_count - 1].index;
    if (a->code_count != 0 && a->codes[a->code_count - 1].index > last) last = a->codes[a->code_count - 1].index;
    return last;
}

enum status block_check_access_list_size(const struct block_access_list *l, uint64_t gas_limit, struct error *error)
{
    uint64_t items = bal_items(l);
    if (items <= gas_limit / ITEM_GAS) return STATUS_OK;
    return error_set(error, BLOCK_ACCESS_LIST_TOO_BIG, "%s: %llu items, expected at most %llu",
                     status_text(BLOCK_ACCESS_LIST_TOO_BIG), (unsigned long long)items,
                     (unsigned long long)(gas_limit / ITEM_GAS));
}

enum status block_check_access_list_form(const struct block_access_list *l, const struct header *h,
                                         uint32_t transaction_count, struct error *error)
{
    enum status s = block_check_access_list_size(l, h->gas_limit, error);
    if (s == STATUS_OK) s = bal_check(l, error);
    for (uint32_t i = 0; s == STATUS_OK && i < l->account_count; i++) {
        uint32_t last = last_index(&l->accounts[i]);
        char address[41];
        hex_encode(address, l->accounts[i].address.b, sizeof l->accounts[i].address);
        if (last > transaction_count + 1)
            s = error_set(error, BLOCK_ACCESS_LIST_INDEX,
                          "block access list: account 0x%s: index %u, expected at most %u", address, last,
                          transaction_count + 1);
    }
    struct hash hash;
    if (s == STATUS_OK) bal_hash(&hash, l);
    if (s == STATUS_OK && !hash_equal(&hash, &h->access_list_hash))
        s = error_set(error, BLOCK_ACCESS_LIST_HASH, "%s", status_text(BLOCK_ACCESS_LIST_HASH));
    return s;
}

/* ---- during execution -------------------------------------------------------------------------------------------- */

/* What the block still has to do costs gas, but for the calls at its end: their slots do not count. */
uint64_t block_declared_reads(const struct block_access_list *l, const struct fork *fork)
{
    uint64_t reads = 0;
    for (uint32_t i = 0; i < l->account_count; i++)
        if (!fork_asks_for_requests(fork, &l->accounts[i].address)) reads += l->accounts[i].read_count;
    return reads;
}

enum status block_check_access_list_gas(struct block_run *run)
{
    uint64_t seen = block_listed_slots(run), limit = run->task->header->gas_limit;
    if (run->declared_reads <= seen) return STATUS_OK;
    uint64_t left = run->gas_used > limit ? 0 : limit - run->gas_used, missing = run->declared_reads - seen;
    if (missing <= left / ITEM_GAS) return STATUS_OK;
    return error_set(&run->error, BLOCK_ACCESS_LIST_GAS,
                     "%s: at least %llu declared reads are missing, %llu gas is left",
                     status_text(BLOCK_ACCESS_LIST_GAS), (unsigned long long)missing, (unsigned long long)left);
}

/* ---- after execution --------------------------------------------------------------------------------------------- */

/* A place in a list, for people. */
struct place {
    const struct address *account;
    const char *field;       /* NULL: the account itself */
    const struct u256 *slot; /* NULL: not in a slot */
};

/* Enough for a word in hex or the beginning of a code. */
enum { VALUE_TEXT = 96 };

/* A number without leading zeros. */
static void word_text(char out[VALUE_TEXT], const struct u256 *v)
{
    uint8_t bytes[32];
    char digits[65];
    u256_store_be(bytes, *v);
    hex_encode(digits, bytes, sizeof bytes);
    const char *at = digits;
    while (*at == '0' && at[1] != 0) at++;
    (void)snprintf(out, VALUE_TEXT, "0x%s", at);
}

static enum status blame(struct error *e, enum status why, const struct place *p, const char *declared,
                         const char *found)
{
    char account[41], slot[VALUE_TEXT] = "";
    hex_encode(account, p->account->b, sizeof p->account->b);
    if (p->slot != NULL) word_text(slot, p->slot);
    return error_set(e, why, "block access list: account 0x%s%s%s%s%s: declared %s, found %s", account,
                     p->slot == NULL ? "" : ", slot ", slot, p->field == NULL ? "" : ", ",
                     p->field == NULL ? "" : p->field, declared, found);
}

/* The changes of one field: one of the three arrays. */
struct changes {
    const struct bal_word_change *words;
    const struct bal_nonce_change *nonces;
    const struct bal_code_change *codes;
    uint32_t count;
};

static uint32_t index_of(const struct changes *c, uint32_t i)
{
    return c->words != NULL ? c->words[i].index : c->nonces != NULL ? c->nonces[i].index : c->codes[i].index;
}

static bool same_value(const struct changes *a, uint32_t i, const struct changes *b, uint32_t k)
{
    if (a->words != NULL) return u256_equal(a->words[i].value, b->words[k].value);
    if (a->nonces != NULL) return a->nonces[i].nonce == b->nonces[k].nonce;
    return bytes_equal(a->codes[i].code, b->codes[k].code);
}

/* "0x1f at index 3"; "nothing" behind the end. */
static void change_text(char out[VALUE_TEXT], const struct changes *c, uint32_t i)
{
    char value[VALUE_TEXT];
    if (i >= c->count) {
        (void)snprintf(out, VALUE_TEXT, "nothing");
        return;
    }
    if (c->codes != NULL) {
        struct bytes code = c->codes[i].code;
        char digits[33];
        size_t shown = code.size < 16 ? code.size : 16;
        hex_encode(digits, code.data, shown);
        (void)snprintf(value, sizeof value, "0x%s%s", digits, shown < code.size ? "..." : "");
    } else {
        struct u256 word = c->words != NULL ? c->words[i].value : U256(c->nonces[i].nonce);
        word_text(value, &word);
    }
    (void)snprintf(out, VALUE_TEXT, "%.70s at index %u", value, index_of(c, i));
}

static enum status compare_changes(const struct place *p, struct changes declared, struct changes found,
                                   struct error *e)
{
    uint32_t i = 0;
    while (i < declared.count && i < found.count && index_of(&declared, i) == index_of(&found, i) &&
           same_value(&declared, i, &found, i))
        i++;
    if (i == declared.count && i == found.count) return STATUS_OK;
    enum status why;
    if (i == declared.count)
        why = BLOCK_ACCESS_LIST_MISSING;
    else if (i == found.count)
        why = BLOCK_ACCESS_LIST_EXTRA;
    else if (index_of(&declared, i) == index_of(&found, i))
        why = BLOCK_ACCESS_LIST_VALUE;
    else if (same_value(&declared, i, &found, i))
        why = BLOCK_ACCESS_LIST_INDEX;
    else
        why = index_of(&declared, i) < index_of(&found, i) ? BLOCK_ACCESS_LIST_EXTRA : BLOCK_ACCESS_LIST_MISSING;
    char left[VALUE_TEXT], right[VALUE_TEXT];
    change_text(left, &declared, i);
    change_text(right, &found, i);
    return blame(e, why, p, left, right);
}

static struct changes words(const struct bal_word_change *array, uint32_t count)
{
    return (struct changes){.words = array, .count = count};
}

/* What an account says of a slot. */
struct slot_part {
    const struct bal_slot *written;
    bool read;
};

static struct slot_part find_slot(const struct bal_account *a, const struct u256 *key)
{
    return (struct slot_part){bal_find_slot(a, key), bal_find_read(a, key) != NULL};
}

static const char *slot_part_text(struct slot_part p)
{
    return p.written != NULL ? "written" : p.read ? "read" : "nothing";
}

static enum status compare_slot(const struct bal_account *declared, const struct bal_account *found,
                                const struct u256 *key, struct error *e)
{
    struct place p = {.account = &found->address, .slot = key};
    struct slot_part left = find_slot(declared, key), right = find_slot(found, key);
    if ((left.written == NULL) != (right.written == NULL) || left.read != right.read) {
        bool more = left.written != NULL || (left.read && right.written == NULL);
        return blame(e, more ? BLOCK_ACCESS_LIST_EXTRA : BLOCK_ACCESS_LIST_MISSING, &p, slot_part_text(left),
                     slot_part_text(right));
    }
    if (left.written == NULL) return STATUS_OK;
    return compare_changes(&p, words(left.written->changes, left.written->change_count),
                           words(right.written->changes, right.written->change_count), e);
}

/* Whether two accounts say the same of slots, quickly; who differs is looked at slot by slot. */
static bool same_slots(const struct bal_account *a, const struct bal_account *b)
{
    if (a->slot_count != b->slot_count || a->read_count != b->read_count) return false;
    for (uint32_t i = 0; i < a->slot_count; i++) {
        const struct bal_slot *x = &a->slots[i], *y = &b->slots[i];
        if (!u256_equal(x->key, y->key) || x->change_count != y->change_count) return false;
        for (uint32_t k = 0; k < x->change_count; k++)
            if (x->changes[k].index != y->changes[k].index || !u256_equal(x->changes[k].value, y->changes[k].value))
                return false;
    }
    for (uint32_t i = 0; i < a->read_count; i++)
        if (!u256_equal(a->reads[i], b->reads[i])) return false;
    return true;
}

static enum status compare_slots(const struct bal_account *declared, const struct bal_account *found, struct error *e)
{
    if (same_slots(declared, found)) return STATUS_OK;
    const struct bal_account *const sides[2] = {declared, found};
    enum status s = STATUS_OK;
    for (size_t side = 0; side < 2; side++) {
        const struct bal_account *a = sides[side];
        for (uint32_t i = 0; s == STATUS_OK && i < a->slot_count; i++)
            s = compare_slot(declared, found, &a->slots[i].key, e);
        for (uint32_t i = 0; s == STATUS_OK && i < a->read_count; i++)
            s = compare_slot(declared, found, &a->reads[i], e);
    }
    ASSERT(s != STATUS_OK);
    return s;
}

static enum status compare_accounts(const struct bal_account *declared, const struct bal_account *found,
                                    struct error *e)
{
    struct place p = {.account = &found->address};
    enum status s = compare_slots(declared, found, e);
    p.field = "balance";
    if (s == STATUS_OK)
        s = compare_changes(&p, words(declared->balances, declared->balance_count),
                            words(found->balances, found->balance_count), e);
    p.field = "nonce";
    if (s == STATUS_OK)
        s = compare_changes(&p, (struct changes){.nonces = declared->nonces, .count = declared->nonce_count},
                            (struct changes){.nonces = found->nonces, .count = found->nonce_count}, e);
    p.field = "code";
    if (s == STATUS_OK)
        s = compare_changes(&p, (struct changes){.codes = declared->codes, .count = declared->code_count},
                            (struct changes){.codes = found->codes, .count = found->code_count}, e);
    return s;
}

enum status block_compare_access_lists(const struct block_access_list *declared, const struct block_access_list *found,
                                       struct error *error)
{
    uint32_t i = 0, k = 0;
    while (i < declared->account_count || k < found->account_count) {
        int order;
        if (i == declared->account_count)
            order = 1;
        else if (k == found->account_count)
            order = -1;
        else
            order = memcmp(declared->accounts[i].address.b, found->accounts[k].address.b, sizeof(struct address));
        struct place p = {.account = order <= 0 ? &declared->accounts[i].address : &found->accounts[k].address};
        if (order < 0) return blame(error, BLOCK_ACCESS_LIST_EXTRA, &p, "the account", "no access");
        if (order > 0) return blame(error, BLOCK_ACCESS_LIST_MISSING, &p, "nothing", "an access");
        enum status s = compare_accounts(&declared->accounts[i++], &found->accounts[k++], error);
        if (s != STATUS_OK) return s;
    }
    return STATUS_OK;
}
