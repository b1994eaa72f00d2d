/* main: the program. All else is in libraries: linked in, or, in an installed weft, in one shared library for each
 * generation of processors (cmake/command.cmake). */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
