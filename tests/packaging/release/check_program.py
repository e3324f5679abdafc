"""The frozen program computes, alone and in a bare system, and loads nothing that nobody signed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import manifest
import pytest

from kernels.formats import result, workunit
from tests.boinc.unlaunched import compiled
from tests.client.sessions import cells
from tests.kernels import tiny
from tests.packaging import progress
from tests.packaging.builds import patient
from tests.packaging.release.program import NAMES, PROGRAM, UNIT, names, run

pytestmark = patient


def test_it_computes_rightly_with_nothing_around_it(tree: Path, slot: Path) -> None:
    """No environment, another user, a program that it cannot write, an empty folder."""
    code, out, err = run(tree, slot, "selftest")
    assert (code, err) == (0, "")
    assert out.count("the right bits") == 3
    assert names(slot) == set()


def test_a_task(tree: Path, slot: Path) -> None:
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    before = manifest.of_folder(tree)
    code, _, err = run(tree, slot)
    assert code == 0, err
    assert names(slot) == {"wu.json", "result.msgpack", "boinc_finish_called"}
    computed = result.read(slot / "result.msgpack")
    result.check(computed, UNIT, "r")
    assert cells(computed) == cells(tiny.computed(UNIT, "c"))
    assert manifest.of_folder(tree) == before  # no compiled modules, no caches


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [(["--version"], 0, "axiom-worker 0.1.0"), (["--nthreads", "x"], 2, "number of threads"), ([], 32, "wu.json")],
)
def test_endings(tree: Path, slot: Path, arguments: Sequence[str], code: int, says: str) -> None:
    ended, out, err = run(tree, slot, *arguments)
    assert ended == code
    assert says in out + err
    assert "Traceback" not in err


def test_the_executable_alone_says_what_it_is(tree: Path, slot: Path) -> None:
    code, out, err = run(tree, slot, program=PROGRAM)
    assert (code, out) == (1, "")
    assert err == "axiom: this is a part of a program; start the file axiom_... beside its folder.\n"


STRANGER = """
#include <fcntl.h>
__attribute__((constructor)) static void arrive(void) { open("arrived", O_CREAT | O_WRONLY, 0600); }
"""


@pytest.mark.parametrize("library", ["libz.so.1", "libm.so.6", "libpthread.so.0", "libdl.so.2"])
def test_a_library_in_the_slot_is_not_loaded(tree: Path, slot: Path, library: str) -> None:
    compiled(slot, library, STRANGER, "-shared", "-fPIC")
    environment = {"LD_LIBRARY_PATH": f"{tree}:.:../..", "LD_PRELOAD": f"./{library}"}
    run(tree, slot, "--version", program=PROGRAM, **environment)
    assert "arrived" in names(slot)  # the hole is there
    (slot / "arrived").unlink()
    code, out, _ = run(tree, slot, "--version", **environment)
    assert (code, out) == (0, "axiom-worker 0.1.0\n")
    assert "arrived" not in names(slot)


# In namespaces of its own, so that nothing is mounted for others: all is read-only but the slot.
BARE = """
set -e
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/slot"
mount -t proc proc "$1/proc"
cd "$1/slot"
chroot --userspec=54321:54321 "$1" /usr/bin/env -i "/tree/$3" selftest
chroot --userspec=54321:54321 "$1" /usr/bin/env -i /bin/sh -c "cd /slot && exec /tree/$3"
"""


def test_a_bare_debian_is_enough(tree: Path, base: Path) -> None:
    """No Python, no home, an unknown user, no variables, and nothing to write to but the slot."""
    if os.geteuid() or shutil.which("debootstrap") is None:
        pytest.skip("a bare system is made by root with debootstrap")
    root, slot = base / "bare", base / "bare slot"
    made = progress.finished(progress.start(["debootstrap", "--variant=minbase", "bookworm", root]))
    assert made.returncode == 0, made.stdout + made.stderr
    assert not list((root / "usr" / "bin").glob("python*"))
    shutil.copytree(tree, root / "tree")
    (root / "slot").mkdir()
    slot.mkdir()
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    os.chown(slot, 54321, 54321)
    done = progress.finished(progress.start(["unshare", "-m", "sh", "-c", BARE, "sh", root, slot, NAMES.main]))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("checkpoint: ")
    assert cells(result.read(slot / "result.msgpack")) == cells(tiny.computed(UNIT, "c"))


# The same, of a system that has nothing but the tree.
EMPTY = """
set -e
mount --bind "$1" "$2/tree"
mount -t proc proc "$2/proc"
exec chroot "$2" "/tree/$3" --version
"""


def test_a_system_without_glibc_is_told(tree: Path, tmp_path: Path) -> None:
    """As one with musl, whose loader has another name."""
    if os.geteuid():
        pytest.skip("another root is given by root")
    for name in ("tree", "proc"):
        (tmp_path / name).mkdir()
    done = progress.finished(progress.start(["unshare", "-m", "sh", "-c", EMPTY, "sh", tree, tmp_path, NAMES.main]))
    assert (done.returncode, done.stdout) == (206, "")
    loader = "/lib64/ld-linux-x86-64.so.2"
    assert done.stderr.startswith(f"axiom: /tree/{PROGRAM} needs the GNU C library, whose loader {loader} is not here;")
