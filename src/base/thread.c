/* thread: starting one, and which signals it gets. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <signal.h>

/* Of a thread's own doing: blocked ones would end the process without its handlers. */
static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE};

bool base_thread_start(pthread_t *thread, size_t stack_size, const char *name, void *(*entry)(void *), void *argument)
{
    pthread_attr_t attributes;
    ASSERT(pthread_attr_init(&attributes) == 0);
    ASSERT(pthread_attr_setstacksize(&attributes, stack_size) == 0);
    sigset_t all, before;
    (void)sigfillset(&all);
    for (size_t i = 0; i < COUNT_OF(own_faults); i++) (void)sigdelset(&all, own_faults[i]);
    ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    bool started = pthread_create(thread, &attributes, entry, argument) == 0;
    ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    (void)pthread_attr_destroy(&attributes);
    if (started) (void)pthread_setname_np(*thread, name);
    return started;
}
