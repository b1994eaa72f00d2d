/* Block access lists (EIP-7928). Decoding checks the canonical order, so that two lists with the same meaning have the
 * same bytes. Encoding goes backwards (rlp.h): read it from the bottom. */
#include <stdlib.h>

#include "types/types_private.h"

/* ---- decoding --------------------------------------------------------------------------------------------------- */

/* The index at the head of every change. */
static enum status read_index(struct rlp *in, uint32_t *out)
{
    uint64_t index;
    TRY(rlp_read_u64(in, &index));
    if (index > UINT32_MAX) return RLP_NUMBER_TOO_BIG;
    *out = (uint32_t)index;
    return STATUS_OK;
}

static enum status read_words(struct rlp *in, struct arena *arena, const struct bal_word_change **out, uint32_t *count)
{
    struct rlp list, change;
    struct bal_word_change *array;
    ENTER_ARRAY(in, list, arena, struct bal_word_change, array, *count);
    for (uint32_t i = 0; i < *count; i++) {
        TRY(rlp_enter(&list, &change));
        TRY(read_index(&change, &array[i].index));
        TRY(rlp_read_u256(&change, &array[i].value));
        TRY(rlp_finish(&change));
    }
    *out = array;
    return STATUS_OK;
}

static enum status read_nonces(struct rlp *in, struct arena *arena, struct bal_account *a)
{
    struct rlp list, change;
    struct bal_nonce_change *array;
    ENTER_ARRAY(in, list, arena, struct bal_nonce_change, array, a->nonce_count);
    for (uint32_t i = 0; i < a->nonce_count; i++) {
        TRY(rlp_enter(&list, &change));
        TRY(read_index(&change, &array[i].index));
        TRY(rlp_read_u64(&change, &array[i].nonce));
        TRY(rlp_finish(&change));
    }
    a->nonces = array;
    return STATUS_OK;
}

static enum status read_codes(struct rlp *in, struct arena *arena, struct bal_account *a)
{
    struct rlp list, change;
    struct bal_code_change *array;
    ENTER_ARRAY(in, list, arena, struct bal_code_change, array, a->code_count);
    for (uint32_t i = 0; i < a->code_count; i++) {
        TRY(rlp_enter(&list, &change));
        TRY(read_index(&change, &array[i].index));
        TRY(rlp_read_bytes(&change, &array[i].code));
        TRY(rlp_finish(&change));
    }
    a->codes = array;
    return STATUS_OK;
}

static enum status read_slots(struct rlp *in, struct arena *arena, struct bal_account *a)
{
    struct rlp list, slot;
    struct bal_slot *array;
    ENTER_ARRAY(in, list, arena, struct bal_slot, array, a->slot_count);
    for (uint32_t i = 0; i < a->slot_count; i++) {
        TRY(rlp_enter(&list, &slot));
        TRY(rlp_read_u256(&slot, &array[i].key));
        TRY(read_words(&slot, arena, &array[i].changes, &array[i].change_count));
        TRY(rlp_finish(&slot));
    }
    a->slots = array;
    return STATUS_OK;
}

static enum status read_reads(struct rlp *in, struct arena *arena, struct bal_account *a)
{
    struct rlp list;
    struct u256 *array;
    ENTER_ARRAY(in, list, arena, struct u256, array, a->read_count);
    for (uint32_t i = 0; i < a->read_count; i++) TRY(rlp_read_u256(&list, &array[i]));
    a->reads = array;
    return STATUS_OK;
}

static enum status read_account(struct bal_account *a, struct rlp *in, struct arena *arena)
{
    struct rlp account;
    TRY(rlp_enter(in, &account));
    TRY(rlp_read_address(&account, &a->address));
    TRY(read_slots(&account, arena, a));
    TRY(read_reads(&account, arena, a));
    TRY(read_words(&account, arena, &a->balances, &a->balance_count));
    TRY(read_nonces(&account, arena, a));
    TRY(read_codes(&account, arena, a));
    return rlp_finish(&account);
}

static enum status read_list(struct block_access_list *out, struct bytes encoded, struct arena *arena, uint32_t *at)
{
    struct rlp in = rlp_of(encoded), list;
    struct bal_account *array;
    ENTER_ARRAY(&in, list, arena, struct bal_account, array, out->account_count);
    TRY(rlp_finish(&in));
    for (uint32_t i = 0; i < out->account_count; i++) {
        *at = i;
        TRY(read_account(&array[i], &list, arena));
    }
    out->accounts = array;
    return STATUS_OK;
}

enum status bal_decode(struct block_access_list *out, struct bytes encoded, struct arena *arena, struct error *e)
{
    uint32_t at = 0;
    struct block_access_list list = {0};
    enum status s = read_list(&list, encoded, arena, &at);
    if (s != STATUS_OK) return error_set(e, s, "block access list: account %u: %s", at, status_text(s));
    s = bal_check(&list, e);
    if (s != STATUS_OK) return s;
    *out = list;
    return STATUS_OK;
}

/* ---- canonical form --------------------------------------------------------------------------------------------- */

/* Whether the `index` of each element of an array is greater than the one before. */
#define INDICES_ASCEND(array, count) ((count) < 2 || indices_ascend(&(array)->index, sizeof *(array), (count)))

static bool indices_ascend(const uint32_t *first, size_t stride, uint32_t count)
{
    const uint8_t *at = (const uint8_t *)first;
    for (uint32_t i = 1; i < count; i++, at += stride) {
        uint32_t before, after;
        memcpy(&before, at, sizeof before);
        memcpy(&after, at + stride, sizeof after);
        if (before >= after) return false;
    }
    return true;
}

static enum status check_slots(const struct bal_account *a)
{
    for (uint32_t i = 0; i < a->slot_count; i++) {
        if (i > 0 && !u256_less(a->slots[i - 1].key, a->slots[i].key)) return BAL_NOT_SORTED;
        if (a->slots[i].change_count == 0) return BAL_EMPTY_SLOT;
        if (!INDICES_ASCEND(a->slots[i].changes, a->slots[i].change_count)) return BAL_NOT_SORTED;
    }
    uint32_t written = 0; /* walks along a->slots: both lists ascend */
    for (uint32_t i = 0; i < a->read_count; i++) {
        if (i > 0 && !u256_less(a->reads[i - 1], a->reads[i])) return BAL_NOT_SORTED;
        while (written < a->slot_count && u256_less(a->slots[written].key, a->reads[i])) written++;
        if (written < a->slot_count && u256_equal(a->slots[written].key, a->reads[i])) return BAL_READ_AND_WRITTEN;
    }
    return STATUS_OK;
}

enum status bal_check(const struct block_access_list *l, struct error *e)
{
    for (uint32_t i = 0; i < l->account_count; i++) {
        const struct bal_account *a = &l->accounts[i];
        enum status s = check_slots(a);
        if (s == STATUS_OK && (!INDICES_ASCEND(a->balances, a->balance_count) ||
                               !INDICES_ASCEND(a->nonces, a->nonce_count) || !INDICES_ASCEND(a->codes, a->code_count) ||
                               (i > 0 && memcmp(a[-1].address.b, a->address.b, sizeof a->address) >= 0)))
            s = BAL_NOT_SORTED;
        if (s == STATUS_OK) continue;
        char address[41];
        hex_encode(address, a->address.b, sizeof a->address);
        return error_set(e, s, "block access list: account %u (0x%s): %s", i, address, status_text(s));
    }
    return STATUS_OK;
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

static void put_words(struct rlp_writer *w, const struct bal_word_change *changes, uint32_t count)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = count; i-- > 0;) {
        size_t change = rlp_mark(w);
        rlp_put_u256(w, changes[i].value);
        rlp_put_u64(w, changes[i].index);
        rlp_put_list(w, change);
    }
    rlp_put_list(w, list);
}

static void put_nonces(struct rlp_writer *w, const struct bal_account *a)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = a->nonce_count; i-- > 0;) {
        size_t change = rlp_mark(w);
        rlp_put_u64(w, a->nonces[i].nonce);
        rlp_put_u64(w, a->nonces[i].index);
        rlp_put_list(w, change);
    }
    rlp_put_list(w, list);
}

static void put_codes(struct rlp_writer *w, const struct bal_account *a)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = a->code_count; i-- > 0;) {
        size_t change = rlp_mark(w);
        rlp_put_bytes(w, a->codes[i].code.data, a->codes[i].code.size);
        rlp_put_u64(w, a->codes[i].index);
        rlp_put_list(w, change);
    }
    rlp_put_list(w, list);
}

static void put_reads(struct rlp_writer *w, const struct bal_account *a)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = a->read_count; i-- > 0;) rlp_put_u256(w, a->reads[i]);
    rlp_put_list(w, list);
}

static void put_slots(struct rlp_writer *w, const struct bal_account *a)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = a->slot_count; i-- > 0;) {
        size_t slot = rlp_mark(w);
        put_words(w, a->slots[i].changes, a->slots[i].change_count);
        rlp_put_u256(w, a->slots[i].key);
        rlp_put_list(w, slot);
    }
    rlp_put_list(w, list);
}

void bal_encode(struct rlp_writer *w, const struct block_access_list *l)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = l->account_count; i-- > 0;) {
        const struct bal_account *a = &l->accounts[i];
        size_t account = rlp_mark(w);
        put_codes(w, a);
        put_nonces(w, a);
        put_words(w, a->balances, a->balance_count);
        put_reads(w, a);
        put_slots(w, a);
        rlp_put_address(w, &a->address);
        rlp_put_list(w, account);
    }
    rlp_put_list(w, list);
}

void bal_hash(struct hash *out, const struct block_access_list *l)
{
    struct rlp_writer w = {0};
    bal_encode(&w, l);
    struct bytes written = rlp_written(&w);
    keccak256(out, written.data, written.size);
    rlp_writer_free(&w);
}

uint64_t bal_items(const struct block_access_list *l)
{
    uint64_t items = l->account_count;
    for (uint32_t i = 0; i < l->account_count; i++)
        items += (uint64_t)l->accounts[i].slot_count + l->accounts[i].read_count;
    return items;
}

static int by_slot(const void *key, const void *slot)
{
    return u256_compare(*(const struct u256 *)key, ((const struct bal_slot *)slot)->key);
}

static int by_word(const void *key, const void *word)
{
    return u256_compare(*(const struct u256 *)key, *(const struct u256 *)word);
}

const struct bal_slot *bal_find_slot(const struct bal_account *a, const struct u256 *key)
{
    return a->slot_count == 0 ? NULL : bsearch(key, a->slots, a->slot_count, sizeof *a->slots, by_slot);
}

const struct u256 *bal_find_read(const struct bal_account *a, const struct u256 *key)
{
    return a->read_count == 0 ? NULL : bsearch(key, a->reads, a->read_count, sizeof *a->reads, by_word);
}
