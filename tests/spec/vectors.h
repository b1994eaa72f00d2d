/* Reading published JSON vectors in unit tests: every case of every file below a folder of the fixtures, or SKIP where
 * there are none. */
#ifndef WEFT_TESTS_SPEC_VECTORS_H
#define WEFT_TESTS_SPEC_VECTORS_H

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "json/json.h"

#include "harness.h"

/* Calls check(form, name, value) for each member of each file's top-level object; `path` is below $WEFT_FIXTURES.
 * Returns the number of cases. A complaint of the form fails the test. */
static inline size_t vectors_each(const char *path,
                                  void (*check)(struct json_reader *f, const char *name, yyjson_val *v))
{
    const char *folder = getenv("WEFT_FIXTURES");
    char whole[4096];
    struct error e;
    struct file_list files = {0};
    size_t count = 0;
    snprintf(whole, sizeof whole, "%s/%s", folder != NULL ? folder : "", path);
    if (folder == NULL || files_find(&files, whole, &e) != STATUS_OK || files.count == 0)
        SKIP("no %s in $WEFT_FIXTURES", path);
    for (size_t i = 0; i < files.count; i++) {
        struct json_reader f;
        if (json_open(&f, files.files[i].path, &e) != STATUS_OK) FAIL("%s", e.text);
        f.error = &e;
        yyjson_val *key, *value;
        yyjson_obj_iter members = yyjson_obj_iter_with(f.root);
        while ((key = yyjson_obj_iter_next(&members)) != NULL) {
            value = yyjson_obj_iter_get_val(key);
            f.place = yyjson_get_str(key);
            check(&f, f.place, value);
            if (f.status != STATUS_OK) FAIL("%s", e.text);
            count++;
        }
        json_close(&f);
    }
    files_free(&files);
    return count;
}

/* The bytes of a text: hex digits behind 0x, else the characters themselves. Lives in `arena`. */
static inline struct bytes vectors_text(struct arena *arena, const char *text, size_t size)
{
    if (size < 2 || text[0] != '0' || text[1] != 'x') return (struct bytes){(const uint8_t *)text, size};
    uint8_t *data = arena_alloc(arena, size / 2 + 1, 1);
    CHECK(size % 2 == 0 && hex_decode(data, text + 2, size - 2));
    return (struct bytes){data, size / 2 - 1};
}

#endif
