/* RLP: what rlp_check accepts can be walked item by item, and written again gives the same bytes; what it refuses
 * harms nobody. */
#include "rlp/rlp.h"
#include "fuzz.h"

#include <stdlib.h>

/* Writes the items of `list` in front of what `w` holds, last one first, as the writer fills. */
static void write_items(struct rlp_writer *w, struct rlp list)
{
    size_t count;
    FUZZ_CHECK(rlp_count(list, &count) == STATUS_OK);
    struct rlp_item *items = base_alloc((count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) FUZZ_CHECK(rlp_read_item(&list, &items[i]) == STATUS_OK);
    FUZZ_CHECK(rlp_finish(&list) == STATUS_OK);
    while (count-- > 0) {
        if (!items[count].is_list) {
            rlp_put_bytes(w, items[count].payload.data, items[count].payload.size);
            continue;
        }
        size_t mark = rlp_mark(w);
        write_items(w, rlp_of(items[count].payload));
        rlp_put_list(w, mark);
    }
    free(items);
}

/* Every reader on every item: each takes it or leaves the cursor where it is. */
static void read_in_all_ways(struct rlp at)
{
    for (;;) {
        struct rlp next = at, in = at;
        uint64_t number;
        struct u256 word;
        struct hash hash;
        struct address address;
        struct bytes bytes;
        struct rlp list;
        bool item = rlp_read_item(&next, &(struct rlp_item){0}) == STATUS_OK;
        struct rlp end = item ? next : at;
#define TRY(call)                                                                                                      \
    in = at;                                                                                                           \
    FUZZ_CHECK((call) == STATUS_OK ? in.at == end.at && item : in.at == at.at)
        TRY(rlp_read_u64(&in, &number));
        TRY(rlp_read_u256(&in, &word));
        TRY(rlp_read_hash(&in, &hash));
        TRY(rlp_read_address(&in, &address));
        TRY(rlp_read_bytes(&in, &bytes));
        TRY(rlp_enter(&in, &list));
#undef TRY
        if (!item || rlp_at_end(&next)) return;
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes encoded = {data, size};
    if (size != 0) read_in_all_ways(rlp_of(encoded));
    if (rlp_check(encoded) != STATUS_OK) return 0;
    struct rlp_writer w = {0};
    write_items(&w, rlp_of(encoded));
    FUZZ_CHECK(bytes_equal(rlp_written(&w), encoded));
    rlp_writer_free(&w);
    return 0;
}
