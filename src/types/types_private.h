/* What the files of types/ share among themselves. */
#ifndef WEFT_TYPES_PRIVATE_H
#define WEFT_TYPES_PRIVATE_H

#include "types/types.h"

/* Passes a failure on to the caller. */
#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        enum status try_status = (expression);                                                                         \
        if (UNLIKELY(try_status != STATUS_OK)) return try_status;                                                      \
    } while (0)

/* Enters a list and allocates room for as many structs as it has items. */
#define ENTER_ARRAY(in, list, arena, type, array, count)                                                               \
    do {                                                                                                               \
        size_t items;                                                                                                  \
        TRY(rlp_enter((in), &(list)));                                                                                 \
        TRY(rlp_count((list), &items));                                                                                \
        if (items > UINT32_MAX) return RLP_WRONG_COUNT;                                                                \
        (count) = (uint32_t)items;                                                                                     \
        (array) = ARENA_ARRAY((arena), type, items);                                                                   \
    } while (0)

#endif
