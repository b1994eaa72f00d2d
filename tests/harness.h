/* harness: the small frame around every unit test.
 *
 *     #include "harness.h"
 *
 *     TEST(rlp_reads_a_list)
 *     {
 *         CHECK(rlp_enter(&in, &list) == STATUS_OK);
 *         CHECK_EQ_U64(value, 7);
 *         CHECK_BYTES(got, expected, 32);
 *     }
 *
 * A test registers itself. All tests are linked into one program, weft_tests, which runs each in a process of its own,
 * several at a time: a crash, a leak of state or an endless loop in one does not touch the others. The first failed
 * check ends its test, from whatever thread, and prints file, line, what was found and what was expected. What a test
 * prints is shown only when it fails.
 *
 *     weft_tests [--filter TEXT] [--list] [--seed N] [--jobs N] [--timeout SECONDS] [--here] [--verbose]
 *
 * A test fails when it has worked for --timeout seconds (300) of processor time, or for so long on the clock has not
 * worked. --here runs the tests in the harness's own process, one after the other, and aborts at the first failure: for
 * debuggers. */
#ifndef WEFT_HARNESS_H
#define WEFT_HARNESS_H

#include "base/base.h"

struct test {
    const char *name, *file;
    void (*run)(void);
    struct test *next;
};

/* Defines a test; its name says what must hold. */
#define TEST(test_name)                                                                                                \
    static void test_name(void);                                                                                       \
    __attribute__((constructor)) static void test_name##_register(void)                                                \
    {                                                                                                                  \
        static struct test test_name##_entry = {#test_name, __FILE__, test_name, NULL};                                \
        harness_register(&test_name##_entry);                                                                          \
    }                                                                                                                  \
    static void test_name(void)

/* Found first, expected second. Any thread. */
#define CHECK(condition) ((condition) ? (void)0 : harness_fail(__FILE__, __LINE__, "%s", #condition))
#define CHECK_EQ_U64(found, expected) harness_check_u64(__FILE__, __LINE__, #found, (found), (expected))
#define CHECK_EQ_I64(found, expected) harness_check_i64(__FILE__, __LINE__, #found, (found), (expected))
#define CHECK_TEXT(found, expected) harness_check_text(__FILE__, __LINE__, #found, (found), (expected))
#define CHECK_BYTES(found, expected, size) harness_check_bytes(__FILE__, __LINE__, #found, (found), (expected), (size))
#define CHECK_STATUS(found, expected) harness_check_status(__FILE__, __LINE__, #found, (found), (expected))
/* The same for bytes written as hex digits. */
#define CHECK_HEX(found, size, expected) harness_check_hex(__FILE__, __LINE__, #found, (found), (size), (expected))
/* Fails with a text of one's own, for loops that want to say where they were. */
#define FAIL(...) harness_fail(__FILE__, __LINE__, __VA_ARGS__)
/* Ends the test without a verdict: something it needs is not on this machine. */
#define SKIP(...) harness_skip(__VA_ARGS__)

/* The next number of the test's own sequence, fixed by --seed and the test's name. Threads share the sequence: draw
 * before they start, or use random_next on a state of their own. */
uint64_t harness_random(void);
/* A random number below `bound` (not 0). */
uint64_t harness_random_below(uint64_t bound);
/* Fills with random bytes, a quarter of the time all 0x00 or all 0xff, where carries and borrows hide. */
void harness_random_edge_bytes(uint8_t *out, size_t size);

void harness_register(struct test *t);
_Noreturn void harness_fail(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
_Noreturn void harness_skip(const char *format, ...) PRINTF_LIKE(1, 2);
void harness_check_u64(const char *file, int line, const char *what, uint64_t found, uint64_t expected);
void harness_check_i64(const char *file, int line, const char *what, int64_t found, int64_t expected);
void harness_check_text(const char *file, int line, const char *what, const char *found, const char *expected);
void harness_check_bytes(const char *file, int line, const char *what, const void *found, const void *expected,
                         size_t size);
void harness_check_hex(const char *file, int line, const char *what, const void *found, size_t size,
                       const char *expected);
void harness_check_status(const char *file, int line, const char *what, enum status found, enum status expected);

#endif
