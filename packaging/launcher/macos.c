/* macOS: this file is signed as a whole by the linker, in nobody's name, and nothing may follow the signature; so the
   archive lies beside it. The client puts the slot into DYLD_LIBRARY_PATH, which the loader obeys in no program that
   has the section below. What it loads into this one is the system's own library alone. */

#include <limits.h>
#include <mach-o/dyld.h>
#include <stdlib.h>

#include "launcher.h"
#include "posix.h"

__attribute__((used, section("__RESTRICT,__restrict"))) static const char RESTRICTED = 1;

const char *const LOADING[] = {"DYLD_", "PYTHON", "_PYI_", "PYINSTALLER_", NULL};

const int ANY_CASE = 1;

const char NO_PATH[] = "axiom: this program cannot find its folder: its path is too long.\n";

int own_path(char path[PATH_MAX]) {
    char called[PATH_MAX];
    uint32_t length = sizeof called;
    return !_NSGetExecutablePath(called, &length) && realpath(called, path);
}
