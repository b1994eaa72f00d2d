/* log: one line on stderr at a time, whole, whatever other threads print. */
#include "base/base.h"

#include <stdio.h>

void log_line(const char *format, ...)
{
    /* Formatted first and written in one call, so that lines of several threads do not mix. */
    char line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* What files and arguments hold is quoted at times; it is not to steer the terminal. */
    for (char *at = line; *at != 0; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
    (void)fprintf(stderr, "weft: %s\n", line);
}
