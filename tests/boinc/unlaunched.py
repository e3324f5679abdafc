"""A small application version without a launcher, as most of BOINC's are: a dynamic program is started.

Its main program needs libz, as PyInstaller's does, and execs Python with axiom-worker from the working tree, which lies
in the bundle among a few files that are only carried.
"""

import random
import subprocess
import sys
from pathlib import Path

import version_xml
from layout import Names

from tests.boinc import axiom

PLATFORM = "x86_64-pc-linux-gnu"

PROGRAM = r"""
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
const char *zlibVersion(void);
int main(int count, char **words) {
    char path[4096], script[4096 + 256];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || !zlibVersion()) return 1;
    path[length] = 0;
    snprintf(script, sizeof script, "%s/%s/app/worker.py", dirname(path), BUNDLE);
    char **line = calloc(count + 3, sizeof *line);
    line[0] = PYTHON, line[1] = "-sE", line[2] = script;
    memcpy(line + 3, words + 1, (count - 1) * sizeof *line);
    unsetenv("LD_LIBRARY_PATH");
    execv(PYTHON, line);
    perror(PYTHON);
    return 1;
}
"""

# The system's library of that name is the one that is found at run time, unless something lies before it.
LIBRARY = 'const char *zlibVersion(void) { return "1"; }'

# The same with a mark outside of the slot, which the client empties: it tells whether the library was ever loaded.
PLANTED = (
    r"""
#include <fcntl.h>
__attribute__((constructor)) static void mark(void) { open("../../planted", O_CREAT | O_WRONLY, 0644); }
"""
    + LIBRARY
)


def compiled(folder: Path, name: str, source: str, *words: str) -> Path:
    """What the compiler makes of a source."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / name
    command = ["cc", "-O1", "-w", "-x", "c", "-", "-o", str(out), *words]
    subprocess.run(command, input=source, text=True, check=True, capture_output=True)
    return out


def library(folder: Path, source: str = LIBRARY) -> Path:
    """libz.so.1, or what calls itself that."""
    return compiled(folder, "libz.so.1", source, "-shared", "-fPIC", "-Wl,-soname,libz.so.1")


def tree(folder: Path, version: str) -> Path:
    """A version in `folder`, with version.xml and without signatures."""
    names = Names(version, PLATFORM, "cpu")
    found = folder / names.folder
    bundle = names.bundle(1)
    # The version is in its bytes, as in a program with other code.
    source = PROGRAM + f'__attribute__((used)) static const char version[] = "{version}";\n'
    words = [f'-DBUNDLE="{bundle}"', f'-DPYTHON="{sys.executable}"']
    stub = library(folder / "stub")
    compiled(found, names.main, source, "-x", "none", str(stub), *words)
    for name, content in _bundle().items():
        path = found / bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    version_xml.write(found, names.main)
    return found


def _bundle() -> dict[str, bytes]:
    """Files by path: one that runs, some that compress and one that does not, an empty one; named as libraries are."""
    noise = axiom.program().content() * 100
    return {
        "app/worker.py": axiom.program().content(),
        "libstdc++.so.6": noise,
        "numpy/core/_multiarray.cpython-311-x86_64-linux-gnu.so": random.Random(1).randbytes(300_000),
        "numpy/core/__empty__": b"",
        "base_library.zip": noise[:5000],
    }
