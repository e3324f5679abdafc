/* Linux: the client puts the slot into LD_LIBRARY_PATH. The program is linked dynamically, so that a file which a work
   unit brings under a library's name would be loaded into it, though nobody signed it. This launcher is static, and
   takes such variables away. */

#include <limits.h>
#include <unistd.h>

#include "launcher.h"
#include "posix.h"

const char *const LOADING[] = {"LD_", "PYTHON", "_PYI_", "PYINSTALLER_", "GCONV_PATH=", "GLIBC_TUNABLES=", NULL};

const int ANY_CASE = 0;

const char NO_PATH[] = "axiom: this program cannot find its folder: /proc is needed.\n";

int own_path(char path[PATH_MAX]) {
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    if (length <= 0 || length >= PATH_MAX) return 0;
    path[length] = 0;
    return 1;
}
