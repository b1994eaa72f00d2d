/* terminal: what depends on whether a person is looking. */
#define _GNU_SOURCE 1
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- colours --------------------------------------------------------------------------------------------------- */

const struct colours *terminal_colours(void)
{
    static const struct colours none = {"", "", "", "", ""};
    static const struct colours some = {"\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"};
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool wanted = (no_color == NULL || *no_color == 0) && (term == NULL || strcmp(term, "dumb") != 0);
    return wanted && isatty(STDOUT_FILENO) ? &some : &none;
}

/* ---- interrupts ------------------------------------------------------------------------------------------------ */

/* How long a command may take to come to an end by itself, seconds; 0: as long as it wants. */
static volatile sig_atomic_t interrupt_came, patience = 1;

/* So many times that long where the machine is busy with other things. */
enum { PATIENCE_STARVED = 5 };
static _Atomic uint64_t interrupt_cpu_ns;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupt_came = 1;
    atomic_store(&interrupt_cpu_ns, clock_cpu_ns());
    (void)alarm((unsigned)patience);
}

static void on_alarm(int signal_number)
{
    static volatile sig_atomic_t alarms;
    (void)signal_number;
    bool starved = clock_cpu_ns() - atomic_load(&interrupt_cpu_ns) < (uint64_t)patience * 1000000000;
    if (!starved || ++alarms == PATIENCE_STARVED) _exit(EXIT_INTERRUPTED);
    (void)alarm((unsigned)patience);
}

static void handle(int signal_number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    (void)sigaction(signal_number, &action, NULL);
}

/* A page of a mapped file is not to be had: a store that was cut off, a disk that fails. */
static void on_bus_error(int signal_number)
{
    static const char text[] = "weft: a file ends early or its disk fails: expected a store as weft left it\n";
    (void)signal_number;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(EXIT_BAD_INPUT);
}

void interrupt_catch(void)
{
    handle(SIGBUS, on_bus_error, 0);
    handle(SIGALRM, on_alarm, 0);
    handle(SIGINT, on_interrupt, (int)SA_RESETHAND | SA_RESTART);
    handle(SIGTERM, on_interrupt, (int)SA_RESETHAND | SA_RESTART);
}

void interrupt_patience(unsigned seconds)
{
    patience = (sig_atomic_t)seconds;
}

void interrupt_release(void)
{
    handle(SIGINT, SIG_DFL, 0);
    handle(SIGTERM, SIG_DFL, 0);
}

bool interrupted(void)
{
    return interrupt_came != 0;
}

/* ---- progress -------------------------------------------------------------------------------------------------- */

enum { BAR_WIDTH = 40, BAR_WIDTH_MIN = 4, COLUMNS_MAX = 256 };
#define BAR_DELAY_NS 500000000u /* shorter work shows nothing */
#define BAR_EVERY_NS 100000000u

void progress_begin(struct progress *p, const char *what, size_t total)
{
    *p = (struct progress){.what = what, .total = total, .start_ns = clock_wall_ns(), .drawing = ATOMIC_FLAG_INIT};
    p->on_terminal = isatty(STDERR_FILENO);
}

static size_t columns_of_stderr(void)
{
    struct winsize w;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col != 0;
    return !known ? 80 : w.ws_col < COLUMNS_MAX ? w.ws_col : COLUMNS_MAX;
}

void terminal_bar(double part, const char *text)
{
    /* A line that is broken cannot be drawn over: the last column stays free. */
    size_t room = columns_of_stderr() - 1, text_size = strlen(text);
    size_t width = room > text_size + 3 ? room - text_size - 3 : 0; /* brackets and a space */
    char bar[BAR_WIDTH + 1];
    if (width > BAR_WIDTH) width = BAR_WIDTH;
    size_t filled = part >= 1 ? width : part > 0 ? (size_t)(part * (double)width) : 0;
    memset(bar, '.', width);
    memset(bar, '#', filled);
    bar[width] = 0;
    if (width < BAR_WIDTH_MIN)
        (void)fprintf(stderr, "\r%.*s\033[K", (int)room, text);
    else
        (void)fprintf(stderr, "\r[%s] %s\033[K", bar, text);
    (void)fflush(stderr);
}

static void draw(struct progress *p, size_t done)
{
    char text[80];
    (void)snprintf(text, sizeof text, "%zu/%zu %s", done, p->total, p->what);
    terminal_bar(p->total == 0 ? 0 : (double)done / (double)p->total, text);
}

void progress_step(struct progress *p)
{
    size_t done = atomic_fetch_add_explicit(&p->done, 1, memory_order_relaxed) + 1;
    if (!p->on_terminal) return;
    uint64_t now = clock_wall_ns();
    if (now - p->start_ns < BAR_DELAY_NS || now - atomic_load(&p->drawn_ns) < BAR_EVERY_NS ||
        atomic_flag_test_and_set(&p->drawing))
        return;
    draw(p, done);
    atomic_store(&p->drawn_ns, now);
    atomic_store(&p->visible, true);
    atomic_flag_clear(&p->drawing);
}

void progress_clear(struct progress *p)
{
    if (!atomic_exchange(&p->visible, false)) return;
    (void)fprintf(stderr, "\r\033[K");
    (void)fflush(stderr);
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

enum { TEXT_WIDTH = 80 };

void terminal_wrap(const char *text, const char *end, int column)
{
    int at = column;
    bool first = true;
    while (text < end) {
        int size = 0;
        while (text + size < end && text[size] != ' ' && text[size] != '\n') size++;
        if (size != 0) {
            if (!first && at + 1 + size > TEXT_WIDTH) {
                printf("\n%*s", column, "");
                at = column;
                first = true;
            }
            printf("%s%.*s", first ? "" : " ", size, text);
            at += size + !first;
            first = false;
        }
        text += size + (text + size < end);
    }
    printf("\n");
}

void terminal_reason(const char *text, int columns)
{
    enum { INDENT = 9 };
    int size = (int)strlen(text);
    bool fits = columns + 1 + size <= TEXT_WIDTH;
    if (fits)
        printf("%s%s\n", size == 0 ? "" : " ", text);
    else {
        printf("\n%*s", INDENT, "");
        terminal_wrap(text, text + size, INDENT);
    }
}

/* ---- JSON output ----------------------------------------------------------------------------------------------- */

/* Bytes of the character that begins at `c`; 0 when that is no UTF-8 (Unicode, table 3-7). */
static size_t character_size(const uint8_t *c)
{
    if (c[0] < 0x80) return 1;
    size_t size = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    /* The second byte's range keeps out what is longer than need be, surrogates, and what is above U+10FFFF. */
    uint8_t least = 0x80, most = 0xbf;
    if (c[0] == 0xe0) least = 0xa0;
    if (c[0] == 0xed) most = 0x9f;
    if (c[0] == 0xf0) least = 0x90;
    if (c[0] == 0xf4) most = 0x8f;
    if (c[0] < 0xc2 || c[0] > 0xf4 || c[1] < least || c[1] > most) return 0;
    for (size_t i = 2; i < size; i++)
        if (c[i] < 0x80 || c[i] > 0xbf) return 0;
    return size;
}

void json_put_text(struct buffer *out, const char *text)
{
    buffer_append(out, "\"", 1);
    for (const uint8_t *c = (const uint8_t *)text; *c != 0;) {
        size_t size = character_size(c);
        if (size == 0)
            buffer_append_text(out, "\\ufffd"); /* names of files may be any bytes, JSON may not */
        else if (*c == '"' || *c == '\\')
            buffer_printf(out, "\\%c", *c);
        else if (*c < 0x20)
            buffer_printf(out, "\\u%04x", (unsigned)*c);
        else
            buffer_append(out, c, size);
        c += size == 0 ? 1 : size;
    }
    buffer_append(out, "\"", 1);
}

void json_put_hex(struct buffer *out, const void *data, size_t size)
{
    buffer_append_text(out, "\"0x");
    hex_encode((char *)buffer_reserve(out, 2 * size + 1), data, size);
    out->size += 2 * size;
    buffer_append_text(out, "\"");
}
