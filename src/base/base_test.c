/* Tests of base, all but the pool. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- failures ---- */

TEST(status_has_a_name_and_a_text_for_every_value)
{
    CHECK_TEXT(status_name(STATUS_OK), "STATUS_OK");
    CHECK_TEXT(status_name(BAD_JSON), "BAD_JSON");
    for (enum status s = 0; s < STATUS_COUNT; s++) {
        CHECK(status_name(s)[0] != 0);
        CHECK(status_text(s)[0] != 0);
        CHECK((status_kind(s) == STATUS_KIND_OK) == (s == STATUS_OK));
        CHECK(status_kind(s) < STATUS_KIND_COUNT);
    }
}

TEST(error_set_returns_its_status_and_cuts_long_texts)
{
    struct error e;
    CHECK_STATUS(error_set(&e, BAD_FIELD, "%s: %d", "nonce", 7), BAD_FIELD);
    CHECK_STATUS(e.status, BAD_FIELD);
    CHECK_TEXT(e.text, "nonce: 7");
    CHECK_STATUS(error_set(NULL, BAD_JSON, "nobody reads this"), BAD_JSON);
    CHECK_STATUS(error_set(&e, BAD_JSON, "%2000d", 1), BAD_JSON);
    CHECK_EQ_U64(strlen(e.text), sizeof e.text - 1);
}

/* ---- bytes and hex ---- */

TEST(hex_decode_inverts_hex_encode)
{
    uint8_t data[256], back[256];
    char text[513];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)i;
    hex_encode(text, data, sizeof data);
    CHECK_EQ_U64(strlen(text), 512);
    CHECK(hex_decode(back, text, 512));
    CHECK_BYTES(back, data, sizeof data);
    for (char *c = text; *c != 0; c++) {
        if (*c >= 'a') *c = (char)(*c - 'a' + 'A');
    }
    CHECK(hex_decode(back, text, 512));
    CHECK_BYTES(back, data, sizeof data);
}

/* Sixteen digits are decoded at a time: every char at every place of a longer text, against hex_digit, and in
 * place. */
TEST(hex_decode_of_many_digits_agrees_with_hex_digit)
{
    enum { DIGITS = 38 };
    for (int c = 0; c < 256; c++)
        for (size_t at = 0; at < DIGITS; at++) {
            char text[DIGITS];
            uint8_t expected[DIGITS / 2], out[DIGITS / 2];
            for (size_t i = 0; i < DIGITS; i++) text[i] = "0123456789abcdefABCDEF"[harness_random_below(22)];
            text[at] = (char)c;
            for (size_t i = 0; i < DIGITS / 2; i++)
                expected[i] = (uint8_t)((hex_digit(text[2 * i]) & 15) << 4 | (hex_digit(text[2 * i + 1]) & 15));
            bool valid = hex_digit((char)c) >= 0;
            CHECK(hex_decode(out, text, DIGITS) == valid);
            if (valid) CHECK_BYTES(out, expected, sizeof out);
            CHECK(hex_decode((uint8_t *)text, text, DIGITS) == valid);
            if (valid) CHECK_BYTES((const uint8_t *)text, expected, sizeof out);
        }
}

TEST(hex_decode_agrees_with_hex_digit_on_every_char)
{
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, '0'};
        uint8_t out = 0;
        int digit = hex_digit((char)c);
        CHECK(hex_decode(&out, text, 2) == (digit >= 0));
        if (digit >= 0) CHECK_EQ_U64(out, (unsigned)digit << 4);
        text[0] = '0';
        text[1] = (char)c;
        CHECK(hex_decode(&out, text, 2) == (digit >= 0));
        if (digit >= 0) CHECK_EQ_U64(out, (unsigned)digit);
    }
}

TEST(big_endian_words_are_in_wire_order)
{
    uint8_t wire[9] = {0xee, 1, 2, 3, 4, 5, 6, 7, 8}, back[8];
    CHECK_EQ_U64(load_be64(wire + 1), 0x0102030405060708u);
    store_be64(back, 0x0102030405060708u);
    CHECK_BYTES(back, wire + 1, 8);
}

TEST(buffer_grows_and_prints)
{
    struct buffer b = {0};
    buffer_printf(&b, "%s", "");
    CHECK_EQ_U64(b.size, 0);
    for (unsigned i = 0; i < 1000; i++) buffer_printf(&b, "%04u", i);
    CHECK_EQ_U64(b.size, 4000);
    CHECK_BYTES(b.data + 4 * 517, "0517", 4);
    buffer_printf(&b, "%5000d", 7);
    CHECK_EQ_U64(b.size, 9000);
    buffer_append(&b, NULL, 0);
    buffer_append_text(&b, "end");
    CHECK_BYTES(b.data + 8999, "7end", 4);
    CHECK(bytes_equal(buffer_bytes(&b), (struct bytes){b.data, 9003}));
    buffer_free(&b);
    CHECK(b.data == NULL && b.size == 0 && b.capacity == 0);
}

/* ---- arena ---- */

TEST(arena_keeps_what_was_written)
{
    enum { COUNT = 3000 };
    struct arena a = {0};
    uint8_t *at[COUNT];
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t align = (size_t)1 << harness_random_below(7);
        sizes[i] = harness_random_below(i % 100 == 0 ? 100000 : 200);
        at[i] = arena_alloc(&a, sizes[i], align);
        CHECK_EQ_U64((uintptr_t)at[i] % align, 0);
        memset(at[i], (int)(i & 255), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < sizes[i]; k++) CHECK_EQ_U64(at[i][k], i & 255);
    }
    arena_free(&a);
    CHECK(a.chunk == NULL && a.spare == NULL && a.reserved == 0);
}

TEST(arena_rewinds_to_a_mark_and_reuses_its_chunks)
{
    struct arena a = {0};
    struct arena_mark empty = arena_mark(&a);
    uint8_t *first = arena_copy(&a, "stays", 6);
    struct arena_mark mark = arena_mark(&a);
    for (int i = 0; i < 100; i++) (void)arena_alloc(&a, 5000, 8);
    size_t reserved = a.reserved;
    for (int round = 0; round < 10; round++) {
        arena_rewind(&a, mark);
        CHECK_BYTES(first, "stays", 6);
        CHECK(arena_alloc(&a, 1, 1) == first + 6);
        for (int i = 0; i < 90; i++) memset(arena_alloc(&a, 5000, 8), round, 5000);
        CHECK_EQ_U64(a.reserved, reserved);
    }
    arena_rewind(&a, empty);
    CHECK(a.chunk == NULL);
    arena_reset(&a);
    struct address *address = ARENA_NEW(&a, struct address);
    *address = (struct address){{1}};
    CHECK_EQ_U64(a.reserved, reserved);
    arena_free(&a);
}

TEST(arena_gives_chunks_larger_than_its_largest)
{
    struct arena a = {0};
    size_t size = (size_t)9 << 20;
    uint8_t *big = arena_alloc(&a, size, 64);
    big[0] = 1;
    big[size - 1] = 2;
    (void)arena_alloc(&a, 100, 64);
    CHECK(big[0] == 1 && big[size - 1] == 2);
    arena_free(&a);
}

TEST(base_alloc_aligned_aligns)
{
    for (size_t align = 16; align <= 4096; align *= 2) {
        for (size_t size = 0; size < 300; size += 37) {
            uint8_t *p = base_alloc_aligned(align, size);
            CHECK_EQ_U64((uintptr_t)p % align, 0);
            memset(p, 1, size);
            free(p);
        }
    }
}

/* ---- files ---- */

static void temporary_path(char path[64])
{
    (void)strcpy(path, "/tmp/weft-base-test-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
}

TEST(file_read_returns_what_file_write_wrote)
{
    char path[64];
    temporary_path(path);
    for (size_t size = 0; size < 300000; size = size * 3 + 1) {
        uint8_t *data = base_alloc(size);
        for (size_t i = 0; i < size; i++) data[i] = (uint8_t)harness_random();
        struct error e;
        CHECK_STATUS(file_write(path, (struct bytes){data, size}, &e), STATUS_OK);
        struct buffer b;
        CHECK_STATUS(file_read(&b, path, size, &e), STATUS_OK);
        CHECK_EQ_U64(b.size, size);
        CHECK_BYTES(b.data, data, size);
        CHECK_EQ_U64(b.data[size], 0);
        buffer_free(&b);
        if (size > 0) CHECK_STATUS(file_read(&b, path, size - 1, &e), FILE_TOO_BIG);
        free(data);
    }
    (void)unlink(path);
}

TEST(file_errors_name_the_path)
{
    struct buffer b;
    struct error e;
    CHECK_STATUS(file_read(&b, "/nowhere/at/all", 10, &e), FILE_UNREADABLE);
    CHECK(strstr(e.text, "/nowhere/at/all") != NULL);
    CHECK(b.data == NULL);
    CHECK_STATUS(file_read(&b, "/", 10, &e), FILE_UNREADABLE);
    CHECK_STATUS(file_write("/nowhere/at/all", (struct bytes){NULL, 0}, &e), FILE_UNWRITABLE);
    CHECK(strstr(e.text, "/nowhere/at/all") != NULL);
}

TEST(file_read_reads_files_of_unknown_size)
{
    struct buffer b;
    struct error e;
    CHECK_STATUS(file_read(&b, "/proc/self/status", 1 << 20, &e), STATUS_OK);
    CHECK(b.size > 0);
    CHECK_EQ_U64(strlen((const char *)b.data), b.size);
    buffer_free(&b);
}

TEST(file_open_refuses_what_is_no_input)
{
    static const struct {
        const char *name, *text;
    } refused[] = {{"/tmp", "is a folder"}, {"/dev/zero", "is a device"}, {"/dev/urandom", "is a device"}};
    struct error e;
    struct buffer b;
    uint64_t size = 1;
    int fd;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CHECK_STATUS(file_open(&fd, refused[i].name, NULL, &e), FILE_UNREADABLE);
        CHECK(strstr(e.text, refused[i].name) != NULL && strstr(e.text, refused[i].text) != NULL);
        CHECK_STATUS(file_read(&b, refused[i].name, SIZE_MAX / 2, &e), FILE_UNREADABLE);
    }
    CHECK_STATUS(file_open(&fd, "/dev/null", &size, &e), STATUS_OK);
    CHECK_EQ_U64(size, 0);
    (void)close(fd);
    /* A pipe without a name has its writer, which may take its time. */
    int ends[2];
    char name[32];
    CHECK(pipe(ends) == 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    CHECK(write(ends[1], "blocks", 6) == 6);
    (void)close(ends[1]);
    CHECK_STATUS(file_read(&b, name, 100, &e), STATUS_OK);
    CHECK_BYTES(b.data, "blocks", 6);
    CHECK_EQ_U64(b.size, 6);
    buffer_free(&b);
    (void)close(ends[0]);
}

/* ---- time ---- */

TEST(clocks_go_forward)
{
    uint64_t wall = clock_wall_ns(), cpu = clock_cpu_ns(), thread = clock_thread_ns();
    uint64_t state = 1, sum = 0;
    for (int i = 0; i < 1000000; i++) sum += random_next(&state);
    CHECK(sum != 0);
    CHECK(clock_wall_ns() > wall);
    CHECK(clock_cpu_ns() > cpu);
    CHECK(clock_thread_ns() > thread);
    CHECK(cpu_count() >= 1);
}
