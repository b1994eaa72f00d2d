/* status: names, kinds and texts from status.def, the error filler, and the end of the road for bugs. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *text;
    enum status_kind kind;
} statuses[STATUS_COUNT] = {
#define STATUS(name, kind, text) [name] = {#name, text, STATUS_KIND_##kind},
#include "base/status.def"
#undef STATUS
};

const char *status_name(enum status s)
{
    ASSERT((unsigned)s < STATUS_COUNT);
    return statuses[s].name;
}

enum status_kind status_kind(enum status s)
{
    ASSERT((unsigned)s < STATUS_COUNT);
    return statuses[s].kind;
}

const char *status_text(enum status s)
{
    ASSERT((unsigned)s < STATUS_COUNT);
    return statuses[s].text;
}

enum status error_set(struct error *e, enum status s, const char *format, ...)
{
    if (e != NULL) {
        e->status = s;
        va_list args;
        va_start(args, format);
        (void)vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
    }
    return s;
}

_Noreturn void assert_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "weft: %s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}
