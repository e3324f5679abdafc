/* What posix.c, which Linux and macOS share, asks of the one that is compiled with it. */

#include <limits.h>

extern const char *const LOADING[]; /* how variables begin that load code into a program; up to NULL */
int own_path(char path[PATH_MAX]); /* the real path of this very file, whatever it was called by */
extern const char NO_PATH[];        /* the sentence where there is none */
