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
