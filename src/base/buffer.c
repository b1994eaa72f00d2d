/* buffer: owned bytes that grow by doubling. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

uint8_t *buffer_reserve(struct buffer *b, size_t more)
{
    ASSERT(b->size <= b->capacity && more <= SIZE_MAX / 4 - b->size);
    size_t need = b->size + more;
    if (need > b->capacity || b->data == NULL) {
        size_t capacity = b->capacity * 2;
        if (capacity < need) capacity = need;
        if (capacity < 64) capacity = 64;
        b->data = base_realloc(b->data, capacity);
        b->capacity = capacity;
    }
    return b->data + b->size;
}

void buffer_append(struct buffer *b, const void *data, size_t size)
{
    uint8_t *to = buffer_reserve(b, size);
    if (size != 0) memcpy(to, data, size);
    b->size += size;
}

void buffer_append_text(struct buffer *b, const char *text)
{
    buffer_append(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = b->capacity - b->size;
    int length = vsnprintf((char *)buffer_reserve(b, 0), room, format, args);
    va_end(args);
    ASSERT(length >= 0);
    if ((size_t)length >= room) {
        /* vsnprintf needs one byte more than it gives us, for its terminating 0. */
        uint8_t *to = buffer_reserve(b, (size_t)length + 1);
        length = vsnprintf((char *)to, (size_t)length + 1, format, again);
        ASSERT(length >= 0);
    }
    va_end(again);
    b->size += (size_t)length;
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}
