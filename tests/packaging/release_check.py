"""The frozen cpu flavour, really built, and everything that must be true of it: `make release-check`, some minutes.

Needs PyInstaller and ziglang in this Python. As root it also runs the program as a user that owns nothing.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import launcher
import layout
import manifest
import pytest
from PyInstaller.archive.readers import CArchiveReader

from kernels import result, workunit
from kernels.cost import default_units
from tests.client.runs import cells
from tests.kernels import tiny

ROOT = Path(__file__).parents[2]
NAMES = layout.Names(layout.boinc_version("0.1.0"), "x86_64-pc-linux-gnu", "cpu")
PROGRAM = NAMES.program(1)
SOURCES = (
    "build.spec",
    "setup.py",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "kernels",
    "wrapper",
    "client",
    "packaging",
)
NOBODY = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
UNIT = tiny.unit(1000, 1)
DOWNLOAD, INSTALLED, NEW_EXPERIMENT = 25e6, 90e6, 1e6  # bytes
START, STEP, RESIDENT = 0.5, 0.5, 80e6  # seconds, seconds, bytes

pytestmark = pytest.mark.timeout(900)


def built(source: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "packaging/build.py", "--flavour", "cpu", "--out", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*command, "--records", str(out / "records"), *more],
        cwd=source, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def copied(to: Path) -> Path:
    """A checkout elsewhere."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "runtimes"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    return to


@pytest.fixture(scope="session")
def base() -> Iterator[Path]:
    """A folder that every user may look into; not of pytest's, which another run of it closes to others."""
    with tempfile.TemporaryDirectory(prefix="axiom-release-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def checkout(base: Path) -> Path:
    return copied(base / "one")


@pytest.fixture(scope="session")
def tree(base: Path, checkout: Path) -> Path:
    """What was built."""
    done = built(checkout, base / "dist")
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return base / "dist" / NAMES.folder


@pytest.fixture
def installed(tree: Path, base: Path) -> Iterator[Path]:
    """A copy, to be damaged."""
    yield Path(shutil.copytree(tree, base / "installed"))
    shutil.rmtree(base / "installed")


@pytest.fixture
def slot(base: Path) -> Iterator[Path]:
    """An empty folder that nobody else may use."""
    path = base / "slot"
    path.mkdir()
    if NOBODY:
        os.chown(path, *NOBODY.values())
    yield path
    shutil.rmtree(path)


def start(
    tree: Path, slot: Path, *arguments: str, program: str = NAMES.main, **environment: str
) -> subprocess.Popen[str]:
    """The program as the client starts it, but without any environment."""
    return subprocess.Popen(
        [str(tree / program), *arguments], cwd=slot, env=environment, text=True, **NOBODY,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


def run(tree: Path, slot: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    process = start(tree, slot, *arguments, **more)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_same_bytes_from_another_folder(base: Path, tree: Path) -> None:
    done = built(copied(base / "two" / "deeper down"), base / "dist2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert manifest.of_folder(base / "dist2" / NAMES.folder) == manifest.of_folder(tree)


def test_a_new_experiment_is_one_new_file(base: Path, checkout: Path, tree: Path) -> None:
    """The runtime stays, number and bytes, when Python code, its imports and known digests change."""
    changed = copied(base / "changed")
    for name in ("kernels/experiments/compgen.py", "client/selftest.json"):
        (changed / name).write_text((checkout / name).read_text() + "\n")
    (changed / "kernels" / "another.py").write_text('"""New."""\nTHING = "new"\n')
    with (changed / "kernels/experiments/compgen.py").open("a") as file:
        file.write("import json\nfrom kernels.another import THING\nprint\n")
    shutil.copytree(base / "dist" / "records", base / "dist3" / "records")
    done = built(changed, base / "dist3")
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = manifest.of_folder(tree), manifest.of_folder(base / "dist3" / NAMES.folder)
    assert manifest.differences(before, after) == [f"changed: {NAMES.main}"]
    assert (tree / NAMES.main).stat().st_size < NEW_EXPERIMENT


def test_a_changed_engine_is_a_new_runtime(base: Path, tree: Path) -> None:
    changed = copied(base / "engine")
    with (changed / "kernels/engine/random.c").open("a") as file:
        file.write('__attribute__((visibility("default"))) int axiom_another(void) { return 1; }\n')
    shutil.copytree(base / "dist" / "records", base / "dist4" / "records")
    refused = built(changed, base / "dist4")
    assert refused.returncode == 1
    assert "changed: kernels/engine/_exact.so" in refused.stderr
    assert not (base / "dist4" / "apps").exists()
    assert built(changed, base / "dist4", "--new-runtime").returncode == 0
    assert NAMES.runtime(2) in names(base / "dist4" / NAMES.folder)


def python_modules(tree: Path) -> dict[str, bytes]:
    """The code in the executable, by module."""
    found = CArchiveReader(str(tree / PROGRAM)).open_embedded_archive("PYZ.pyz")
    return {name: found.extract(name, raw=True) for name in found.toc}


def test_what_is_in_it(tree: Path) -> None:
    files = layout.files(tree)
    layout.check(files)
    assert names(tree) - {"version.xml"} == {NAMES.main, NAMES.runtime(1)}
    packages = {name.split("/")[1] for name in files if name.count("/") > 1}
    assert packages - {"numpy.libs"} == {"numpy", "msgspec", "safetensors", "kernels", "python3.11"}
    modules = python_modules(tree)
    with zipfile.ZipFile(tree / NAMES.main) as code:
        ours = {name.removesuffix(".pyc").replace("/", ".") for name in code.namelist()}
    assert {"client.task", "client.selftest", "client.selftest_json", "axiom_manifest", "wrapper.runtime"} <= ours
    assert not ours & modules.keys()
    left_out = (
        "torch|rich|scipy|matplotlib|msgpack|duckdb|pyarrow|ssl|asyncio|tkinter|unittest|numpy.random|server_validator"
    )
    assert not [name for name in {*modules, *ours} if re.match(rf"({left_out})\b", name)]


def test_no_path_of_the_builder_is_in_it(tree: Path, base: Path) -> None:
    program = CArchiveReader(str(tree / PROGRAM))
    whole = [(tree / name).read_bytes() for name in (NAMES.main, PROGRAM)]
    for data in (*filter(None, python_modules(tree).values()), *whole, *map(program.extract, program.toc)):
        assert str(base).encode() not in data


def test_licences_of_everything(tree: Path) -> None:
    text = (tree / NAMES.runtime(1) / "LICENCES.txt").read_text(encoding="utf-8")
    for name in ("axiom-worker", "Python", "numpy", "msgspec", "safetensors", "pyinstaller", "musl"):
        assert f"{'=' * 100}\n{name}\n" in text


def test_sizes(tree: Path) -> None:
    import build

    *_, total = build.weights(tree).splitlines()
    installed, download = (1e6 * float(number) for number in re.findall(r"([\d.]+) MB", total))
    assert download <= DOWNLOAD
    assert installed <= INSTALLED


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
    found = result.read(slot / "result.msgpack")
    result.check(found, UNIT, "r")
    assert cells(found) == cells(tiny.computed(UNIT, "exact"))
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


STRANGER = """
#include <fcntl.h>
__attribute__((constructor)) static void arrive(void) { open("arrived", O_CREAT | O_WRONLY, 0600); }
"""


@pytest.mark.parametrize("library", ["libz.so.1", "libm.so.6", "libpthread.so.0", "libdl.so.2"])
def test_a_library_in_the_slot_is_not_loaded(tree: Path, slot: Path, library: str, tmp_path: Path) -> None:
    (tmp_path / "stranger.c").write_text(STRANGER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", slot / library, tmp_path / "stranger.c"], check=True)
    environment = {"LD_LIBRARY_PATH": f"{tree}:.:../..", "LD_PRELOAD": f"./{library}"}
    run(tree, slot, "--version", program=PROGRAM, **environment)
    assert "arrived" in names(slot)  # the hole is there
    (slot / "arrived").unlink()
    code, out, _ = run(tree, slot, "--version", **environment)
    assert (code, out) == (0, "axiom-worker 0.1.0\n")
    assert "arrived" not in names(slot)


def flipped(path: Path) -> None:
    """Damage in the middle, of the same size."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(255 - byte for byte in content[middle : middle + 4096])
    path.write_bytes(content)


def libraries(tree: Path) -> list[str]:
    return [name for name in layout.files(tree) if name not in (NAMES.main, "version.xml")]


def test_the_launcher_finds_damage_of_every_file(installed: Path, tree: Path, slot: Path) -> None:
    for name in libraries(tree):
        flipped(installed / name)
        code, _, err = run(installed, slot, "--version")
        assert code == 206, name
        assert name in err
        shutil.copy(tree / name, installed / name)


def unlaunched(tree: Path, slot: Path, command: str) -> subprocess.CompletedProcess[str]:
    """The program without the launcher, but by its name."""
    return subprocess.run(
        [tree / NAMES.main, command], executable=tree / PROGRAM, cwd=slot, env={}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_executable_alone_says_what_it_is(tree: Path, slot: Path) -> None:
    code, out, err = run(tree, slot, program=PROGRAM)
    assert (code, out) == (1, "")
    assert err == "axiom: this is a part of a program; start the file axiom_... beside its folder.\n"


@pytest.mark.parametrize("part", ["_multiarray_umath", "msgspec/_core", "_safetensors_rust", "libscipy_openblas"])
@pytest.mark.parametrize("kind", ["cut", "headless", "missing"])
def test_the_program_finds_damage_that_keeps_it_from_starting(
    installed: Path, slot: Path, part: str, kind: str
) -> None:
    """As where there is no launcher."""
    (name,) = [name for name in libraries(installed) if part in name]
    content = (installed / name).read_bytes()
    (installed / name).unlink()
    if kind != "missing":
        changed = content[: len(content) // 2] if kind == "cut" else bytes(64) + content[64:]
        (installed / name).write_bytes(changed)
    own = unlaunched(installed, slot, "experiments")
    assert own.returncode == 206, own.stderr
    (sentence,) = own.stderr.splitlines()
    assert name.partition("/")[2] in sentence
    assert not (installed / name).exists()


def test_a_damaged_engine_is_found_when_it_is_wanted(installed: Path, slot: Path) -> None:
    name = f"{NAMES.runtime(1)}/kernels/engine/_exact.so"
    (installed / name).write_bytes(bytes((installed / name).stat().st_size))
    own = unlaunched(installed, slot, "selftest")
    assert own.returncode == 206
    assert "kernels/engine/_exact.so" in own.stderr.splitlines()[-1]
    assert not (installed / name).exists()


# --- what it costs


def test_start(tree: Path, slot: Path) -> None:
    took, before = [], used()
    for _ in range(10):
        began = time.monotonic()
        run(tree, slot, "--version")
        took.append(time.monotonic() - began)
    computed = (used() - before) / 10
    print(f"start to --version: {min(took):.3f} s at best, {computed:.3f} s of the processor")
    assert computed < START  # a busy machine is no failure


def test_first_step_and_memory(tree: Path, slot: Path) -> None:
    unit = workunit.encode(default_units("compgen", 1000)[0])
    took, slots = [], [slot / str(number) for number in range(4)]
    for one in slots:
        one.mkdir()
        if NOBODY:
            os.chown(one, *NOBODY.values())
        (one / "wu.json").write_bytes(unit)
    before = used()
    for one in slots:  # the line is written when the first step begins
        began = time.monotonic()
        process = start(tree, one)
        assert process.stderr is not None
        while " cells on " not in process.stderr.readline():
            pass
        took.append(time.monotonic() - began)
        process.kill()
        process.communicate()
    computed = (used() - before) / len(slots)
    print(f"start to the first step: {min(took):.3f} s at best, {computed:.3f} s of the processor")
    processes = [start(tree, one) for one in slots]
    try:
        time.sleep(5)
        figures = [memory(process.pid) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    print("four at once: resident", *(f"{rss / 1e6:.1f}" for rss, _ in figures), "MB each")
    print("proportional", *(f"{pss / 1e6:.1f}" for _, pss in figures), "MB each")
    assert computed < STEP
    assert max(rss for rss, _ in figures) <= RESIDENT


def used() -> float:
    """Processor time of all processes that ended, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def memory(process: int) -> tuple[int, int]:
    """Resident and proportional bytes."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    rss, pss = (re.search(rf"^{name}: +(\d+) kB", text, re.M) for name in ("Rss", "Pss"))
    assert rss is not None
    assert pss is not None
    return 1024 * int(rss[1]), 1024 * int(pss[1])


@pytest.mark.parametrize("platform", layout.ZIG_TARGETS)
def test_the_launcher_is_compiled_for_every_linux_the_same_again(tree: Path, platform: str, tmp_path: Path) -> None:
    zig = (sys.executable, "-m", "ziglang", "cc", "-target", layout.ZIG_TARGETS[platform])
    for name in ("one", "two"):
        launcher.make(tree, PROGRAM, libraries(tree), b"code", tmp_path / name, zig)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").stat().st_size < 50_000


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
    subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root], check=True, capture_output=True)
    assert not list((root / "usr" / "bin").glob("python*"))
    shutil.copytree(tree, root / "tree")
    (root / "slot").mkdir()
    slot.mkdir()
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    os.chown(slot, 54321, 54321)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", BARE, "sh", root, slot, NAMES.main], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("checkpoint: ")
    assert cells(result.read(slot / "result.msgpack")) == cells(tiny.computed(UNIT, "exact"))
