/* What makes the interface a stable one: versions, statuses, structures that grow. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

uint32_t weft_abi_version(void)
{
    return WEFT_ABI_VERSION;
}

const char *weft_version(void)
{
    return WEFT_VERSION;
}

void weft_keccak256(const void *data, size_t size, weft_word *out)
{
    struct hash h;
    if (out == NULL || !api_is_range(data, size)) return;
    keccak256(&h, data, size);
    *out = api_hash_out(&h);
}

void weft_on_out_of_memory(void (*hook)(void *context, size_t size), void *context)
{
    base_on_out_of_memory(hook, context);
}

weft_status api_has_memory(size_t size, weft_error *error)
{
    void *probe = NULL;
    bool enough = base_reserve_hold() && (size <= BASE_RESERVE_SIZE / 4 || (probe = malloc(size)) != NULL);
    free(probe);
    return enough ? WEFT_OK : api_fail(error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s", status_text(NO_MEMORY));
}

/* ---- failures -------------------------------------------------------------------------------- */

const char *weft_status_name(weft_status status)
{
    switch (status) {
    case WEFT_OK: return "WEFT_OK";
    case WEFT_INVALID_ARGUMENT: return "WEFT_INVALID_ARGUMENT";
    case WEFT_MALFORMED: return "WEFT_MALFORMED";
    case WEFT_INVALID_TRANSACTION: return "WEFT_INVALID_TRANSACTION";
    case WEFT_INVALID_BLOCK: return "WEFT_INVALID_BLOCK";
    case WEFT_STATE_UNAVAILABLE: return "WEFT_STATE_UNAVAILABLE";
    case WEFT_UNKNOWN_NAME: return "WEFT_UNKNOWN_NAME";
    case WEFT_NO_RESOURCES: return "WEFT_NO_RESOURCES";
    case WEFT_INTERNAL: return "WEFT_INTERNAL";
    case WEFT_CANCELLED: return "WEFT_CANCELLED";
    default: return "unknown";
    }
}

weft_status api_kind(enum status s)
{
    static const weft_status kinds[STATUS_KIND_COUNT] = {
        [STATUS_KIND_OK] = WEFT_OK,
        [STATUS_KIND_ARGUMENT] = WEFT_INVALID_ARGUMENT,
        [STATUS_KIND_MALFORMED] = WEFT_MALFORMED,
        [STATUS_KIND_TRANSACTION] = WEFT_INVALID_TRANSACTION,
        [STATUS_KIND_BLOCK] = WEFT_INVALID_BLOCK,
        [STATUS_KIND_STATE] = WEFT_STATE_UNAVAILABLE,
        [STATUS_KIND_NAME] = WEFT_UNKNOWN_NAME,
        [STATUS_KIND_HOST] = WEFT_STATE_UNAVAILABLE,
        [STATUS_KIND_RESOURCES] = WEFT_NO_RESOURCES,
        [STATUS_KIND_CANCELLED] = WEFT_CANCELLED,
        [STATUS_KIND_BUG] = WEFT_INTERNAL,
    };
    return kinds[status_kind(s)];
}

static weft_status fill(weft_error *error, enum status status, uint32_t transaction)
{
    weft_status kind = api_kind(status);
    if (error == NULL) return kind;
    *error = (weft_error){.status = kind, .transaction = transaction};
    (void)snprintf(error->cause, sizeof error->cause, "%s", status_name(status));
    return kind;
}

weft_status api_fail(weft_error *error, enum status status, uint32_t transaction, const char *format, ...)
{
    weft_status kind = fill(error, status, transaction);
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return kind;
}

weft_status api_fail_from(weft_error *error, const struct error *inner, uint32_t transaction)
{
    weft_status kind = fill(error, inner->status, transaction);
    if (error != NULL) memcpy(error->text, inner->text, sizeof error->text);
    return kind;
}

_Static_assert(sizeof((struct error *)NULL)->text == sizeof((weft_error *)NULL)->text, "texts are copied whole");

/* ---- structures that grow -------------------------------------------------------------------- */

/* The caller's struct_size, the first member of every such structure. */
static size_t size_of(const void *structure)
{
    size_t size;
    memcpy(&size, structure, sizeof size);
    return size;
}

weft_status api_read_grown(void *ours, size_t size, size_t first, const void *theirs, const char *name,
                           weft_error *error)
{
    if (theirs == NULL) return API_MISTAKE(error, "%s is NULL", name);
    size_t given = size_of(theirs);
    if (given < first)
        return api_fail(error, API_STRUCT_SIZE, WEFT_NO_TRANSACTION, "%s: struct_size is %zu, expected at least %zu",
                        name, given, first);
    const uint8_t *bytes = theirs;
    for (size_t i = size; i < given; i++)
        if (bytes[i] != 0)
            return api_fail(error, API_STRUCT_SIZE, WEFT_NO_TRANSACTION,
                            "%s: struct_size is %zu, and something is set behind the %zu bytes that weft %s knows",
                            name, given, size, WEFT_VERSION);
    memset(ours, 0, size);
    memcpy(ours, theirs, given < size ? given : size);
    return WEFT_OK;
}

weft_status api_write_grown(void *theirs, const void *ours, size_t size, size_t first)
{
    if (theirs == NULL || size_of(theirs) < first) return WEFT_INVALID_ARGUMENT;
    size_t given = size_of(theirs), common = given < size ? given : size, head = sizeof(size_t);
    memcpy((uint8_t *)theirs + head, (const uint8_t *)ours + head, common - head);
    memset((uint8_t *)theirs + common, 0, given - common);
    return WEFT_OK;
}
