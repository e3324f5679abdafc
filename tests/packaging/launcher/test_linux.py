"""On Linux: lets nothing in that is not signed, finds damage, and becomes the program under the same number."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import layout
import pytest
from launcher import making

from tests.packaging import cost, progress
from tests.packaging.launcher.damage import damaged

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="this launcher runs on Linux alone")

NAMES = layout.Names("0.01", "x86_64-pc-linux-gnu", "cpu")
NAME = NAMES.main
PROGRAM = "axiomrt_1/axiom"
CODE = b"PK and more" * 20_000  # an archive, as far as the launcher knows
LIBRARY, DATA = "axiomrt_1/lib/one.so", "axiomrt_1/data"
FILES = [PROGRAM, LIBRARY, DATA, "axiomrt_1/empty"]
BIG = 3 * 2**16 + 5  # bytes: over several of the launcher's buffers, and no whole word at the end
REPORT = r"""#!/bin/sh
echo "pid $$"
for one in "$@"; do echo "argument $one"; done
env
exit 7
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a small version in it."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / LIBRARY).parent.mkdir(parents=True)
    (folder / LIBRARY).write_bytes(bytes(number * number % 251 for number in range(BIG)))
    (folder / DATA).write_bytes(b"some data")
    (folder / "axiomrt_1" / "empty").touch()
    (folder / PROGRAM).write_text(REPORT)
    (folder / PROGRAM).chmod(0o755)
    making.make(folder, NAMES, PROGRAM, FILES, CODE, ["cc"])
    return folder


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(installed, tmp_path / "project"))


def start(
    project: Path, arguments: Sequence[str] = (), environment: dict[str, str] | None = None, user: int | None = None
) -> tuple[int, list[str], str]:
    """Exit code, lines of the output without the number, and stderr; checks that the number is the launcher's."""
    process = progress.start([project / NAME, *arguments], env=environment or {}, user=user)
    done = progress.finished(process)
    lines = done.stdout.splitlines()
    if lines:
        assert lines.pop(0) == f"pid {process.pid}"
    return done.returncode, lines, done.stderr


def test_same_number_arguments_and_exit_code(project: Path) -> None:
    code, lines, err = start(project, ["--nthreads", "2", "", "a b", "*", "ä"])
    assert (code, err) == (7, "")
    wanted = ["--nthreads", "2", "", "a b", "*", "ä"]
    assert [line for line in lines if line.startswith("argument")] == [f"argument {word}" for word in wanted]


DROPPED = [
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", "LD_", "PYTHONPATH", "PYTHONHOME", "PYTHONMALLOC"),
    *("_PYI_APPLICATION_HOME_DIR", "PYINSTALLER_RESET_ENVIRONMENT", "GCONV_PATH", "GLIBC_TUNABLES"),
]


def test_what_loads_code_is_taken_away_and_nothing_else(project: Path) -> None:
    kept = {
        "PATH": os.defpath,
        "HOME": "/nowhere",
        "XLD_LIBRARY_PATH": "stays",
        "GCONV_PATHS": "stays",
        "GLIBC_": "stays",
        "EMPTY": "",
    }
    code, lines, _ = start(project, environment=dict.fromkeys(DROPPED, "/slot") | kept)
    assert code == 7
    left = dict(line.split("=", 1) for line in lines)
    assert not left.keys() & set(DROPPED)
    assert kept.items() <= left.items()


def test_an_empty_environment(project: Path) -> None:
    assert start(project, environment={})[0] == 7


def test_it_is_static(installed: Path) -> None:
    """No loader runs before it, which could be told by the environment to load something."""
    program = (installed / NAME).read_bytes()
    table, size, count = struct.unpack_from("<32xQ14xHH", program)
    kinds = {struct.unpack_from("<I", program, table + number * size)[0] for number in range(count)}
    assert 1 in kinds  # what is loaded
    assert 3 not in kinds  # PT_INTERP


@pytest.mark.parametrize("name", ["", "-", "/bin/sh", "../../elsewhere", "x" * 5000])
def test_it_is_not_fooled_by_the_name_it_is_called_by(project: Path, name: str, tmp_path: Path) -> None:
    done = subprocess.run([name], executable=project / NAME, cwd=tmp_path, env={}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (7, b"")


def test_it_is_not_fooled_by_links_to_it(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / NAME).symlink_to(project / NAME)
    (elsewhere / PROGRAM).parent.mkdir()
    (elsewhere / PROGRAM).write_text("#!/bin/sh\nexit 66\n")
    (elsewhere / PROGRAM).chmod(0o755)
    assert subprocess.run([elsewhere / NAME], env={}, capture_output=True, check=False).returncode == 7


def test_the_program_is_called_by_the_launchers_path(project: Path, tmp_path: Path) -> None:
    """There it finds its code."""
    (project / PROGRAM).unlink()
    (tmp_path / "report.c").write_text(
        "#include <stdio.h>\nint main(int n, char **words) { return puts(words[0]) < 0; }"
    )
    subprocess.run(["cc", "-o", project / PROGRAM, tmp_path / "report.c"], check=True)
    making.make(project, NAMES, PROGRAM, FILES, CODE, ["cc"])
    for name in ("elsewhere", ""):
        done = subprocess.run([name], executable=project / NAME, cwd=tmp_path, env={}, capture_output=True, check=True)
        assert done.stdout.decode() == f"{project / NAME}\n"
    assert (project / NAME).read_bytes().endswith(CODE)


@pytest.mark.parametrize("at", [-1, -len(CODE) // 2, -len(CODE)])
def test_damage_of_the_archive_is_found(project: Path, at: int) -> None:
    content = bytearray((project / NAME).read_bytes())
    content[at] ^= 1
    (project / NAME).write_bytes(content)
    code, lines, err = start(project)
    assert (code, lines) == (206, [])
    assert f"axiom: {NAME} is damaged; 1 of 5 files are bad, and BOINC fetches them again." in err
    assert not (project / NAME).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, who may not read")
def test_an_archive_that_may_not_be_read_is_told_and_stays(project: Path) -> None:
    (project / NAME).chmod(0o711)
    for folder in (project, *project.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o011)
    code, lines, err = start(project, user=65534)
    assert (code, lines) == (206, [])
    assert f"axiom: {NAME} Permission denied;" in err
    assert "reset the project" in err
    assert (project / NAME).exists()


@pytest.mark.parametrize("cut", [1, len(CODE) // 2, len(CODE)])
def test_an_archive_that_was_cut_short_is_found(project: Path, cut: int) -> None:
    content = (project / NAME).read_bytes()
    (project / NAME).write_bytes(content[:-cut])
    assert start(project)[0] == 206
    assert not (project / NAME).exists()


@pytest.mark.parametrize("kind", ["missing", "longer", "shorter", "first byte", "last byte"])
@pytest.mark.parametrize("name", [PROGRAM, LIBRARY, DATA])
def test_damage_is_found_removed_and_told(project: Path, name: str, kind: str) -> None:
    damaged(project, name, kind)
    code, lines, err = start(project)
    assert (code, lines) == (206, [])
    (sentence,) = err.splitlines()
    reason = {"missing": "is missing", "longer": "has the wrong size", "shorter": "has the wrong size"}
    assert f"axiom: {name} {reason.get(kind, 'is damaged')}; 1 of 5 files are bad" in sentence
    assert "BOINC fetches them again" in sentence
    assert not (project / name).exists()
    assert len([path for path in project.rglob("*") if path.is_file()]) == 4  # the launcher, and three of four


def test_all_damage_is_removed_at_once_and_nothing_foreign(project: Path) -> None:
    (project / "axiomrt_1" / "foreign").write_text("stays")
    for name in (LIBRARY, DATA):
        damaged(project, name, "longer")
    code, _, err = start(project)
    assert code == 206
    assert "2 of 5 files" in err
    left = sorted(path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file())
    assert left == [NAME, PROGRAM, "axiomrt_1/empty", "axiomrt_1/foreign"]


FOREIGN = [
    *("axiomrt_1/lib/_local.py", "axiomrt_1/lib/__pycache__/one.cpython-311.pyc", "axiomrt_1/version.dll"),
    *("axiomrt_1/a/new/folder.so", "axiomrt_1/Data", "axiomrt_1/LIB/one.so", "axiomrt_1/dat", "axiomrt_1/data2"),
    *("axiomrt_1/é\n.py", "axiomrt_1/one.gz.so", "axiomrt_1/gz", "axiomrt_1/verify_abc.py"),
    *("axiomrt_1/verify_abcdefg", "axiomrt_1/thumbs.db", "axiomrt_1/lib/" + "x" * 250),
]


@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_starts_beside_a_file_that_nobody_signed(project: Path, name: str) -> None:
    """It stays: it is not of the manifest."""
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("foreign")
    sentence = f"axiom: {name} is not of this version; reset the project.\n"
    assert start(project) == (206, [], sentence)
    assert path.read_text() == "foreign"
    path.unlink()
    assert start(project)[0] == 7  # empty folders stay, and load nothing


@pytest.mark.parametrize("to", ["nowhere", "data", "lib", "/"])
def test_nor_beside_a_link(project: Path, to: str) -> None:
    (project / "axiomrt_1" / "lib" / "link").symlink_to(to)
    assert start(project) == (206, [], "axiom: axiomrt_1/lib/link is not of this version; reset the project.\n")


HARMLESS = [
    *(".nfs0000000000000001", ".DS_Store", ".folder/lib/one.so", "Thumbs.db", "desktop.ini", "data.damaged"),
    *("data.damaged/one.so", "data.gz", "one.so.gzt", "decompress_temp", "verify_aZ09bY", "vfy1A2B.tmp"),
]


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("folder", ["axiomrt_1", "axiomrt_1/lib", "axiomrt_1/new"])
def test_what_comes_by_itself_and_cannot_be_loaded_by_name_is_let_be(project: Path, folder: str, name: str) -> None:
    (project / folder / name).parent.mkdir(parents=True, exist_ok=True)
    (project / folder / name).touch()
    assert start(project)[0] == 7


def test_a_hidden_folder_of_the_version_is_looked_into(tmp_path: Path) -> None:
    """As libraries of wheels for macOS lie in one."""
    for name in (PROGRAM, "axiomrt_1/.libraries/one.so"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(REPORT)
        (tmp_path / name).chmod(0o755)
    making.make(tmp_path, NAMES, PROGRAM, [PROGRAM, "axiomrt_1/.libraries/one.so"], CODE, ["cc"])
    assert start(tmp_path)[0] == 7
    (tmp_path / "axiomrt_1" / ".libraries" / "two.so").touch()
    code, _, err = start(tmp_path)
    assert (code, err) == (206, "axiom: axiomrt_1/.libraries/two.so is not of this version; reset the project.\n")


def test_beside_the_bundle_everything_may_lie(project: Path) -> None:
    for name in ("other.so", "axiomrt_2/one.so", "axiomrt_1.so"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).touch()
    assert start(project)[0] == 7


def test_folders_deeper_than_any_name_of_the_client_are_looked_into_or_refused(project: Path) -> None:
    deep = project.joinpath("axiomrt_1", *["d"] * 200)
    deep.mkdir(parents=True)
    assert start(project)[0] == 7
    (deep / "one.so").touch()
    assert start(project)[0] == 206
    (deep / "one.so").unlink()
    deep.joinpath(*["d"] * 200).mkdir(parents=True)
    assert start(project)[0] == 206


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, who may not list")
def test_a_folder_that_may_not_be_listed_is_told(project: Path) -> None:
    for folder in (project, *project.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o011)
    (project / "axiomrt_1" / "lib").chmod(0o711)
    code, lines, err = start(project, user=65534)
    assert (code, lines) == (206, [])
    assert err == "axiom: axiomrt_1/lib Permission denied; reset the project.\n"


def test_mended_it_starts_again(project: Path, installed: Path) -> None:
    damaged(project, LIBRARY, "first byte")
    assert start(project)[0] == 206
    shutil.copy(installed / LIBRARY, project / LIBRARY)
    assert start(project)[0] == 7


def test_a_link_in_place_of_a_file_goes_what_it_leads_to_stays(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "same"
    shutil.move(project / LIBRARY, elsewhere)
    (project / LIBRARY).symlink_to(elsewhere)
    code, _, err = start(project)
    assert code == 206
    assert "is no plain file" in err
    assert elsewhere.exists()
    assert not (project / LIBRARY).is_symlink()


def test_nothing_is_removed_where_a_folder_is_a_link(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "lib"
    shutil.move(project / "axiomrt_1" / "lib", elsewhere)
    (elsewhere / "one.so").write_bytes(b"somebody's own")
    (project / "axiomrt_1" / "lib").symlink_to(elsewhere)
    code, _, err = start(project)
    assert code == 206
    assert "is in no real folder" in err
    assert "reset the project" in err
    assert (elsewhere / "one.so").read_bytes() == b"somebody's own"


def test_a_folder_in_place_of_a_file_is_told(project: Path) -> None:
    (project / DATA).unlink()
    (project / DATA).mkdir()
    code, _, err = start(project)
    assert code == 206
    assert "is no plain file" in err
    assert "reset the project" in err


def test_a_pipe_in_place_of_a_file_holds_nobody(project: Path) -> None:
    (project / DATA).unlink()
    os.mkfifo(project / DATA)
    assert start(project)[0] == 206


def test_it_says_so_where_the_program_cannot_be_started(project: Path) -> None:
    (project / PROGRAM).chmod(0o644)
    code, _, err = start(project)
    assert code == 206
    assert f"{PROGRAM} cannot be started: Permission denied" in err


def start_without_descriptors(project: Path, slot: Path) -> tuple[int, str]:
    """Exit code and stderr where the standard streams are all that may be open."""
    done = progress.finished(progress.start(["sh", "-c", 'ulimit -n 3; exec "$0"', project / NAME], cwd=slot))
    return done.returncode, done.stderr


def test_in_a_slot_a_want_of_descriptors_ends_no_task(project: Path, tmp_path: Path) -> None:
    slot = tmp_path / "slot"
    slot.mkdir()
    (slot / "init_data.xml").touch()
    code, err = start_without_descriptors(project, slot)
    assert (code, err) == (0, f"axiom: {PROGRAM} cannot be used now: Too many open files.\n")
    request = (slot / "boinc_temporary_exit").read_text()
    assert request == "600\naxiom cannot start now: Too many open files.\n"
    assert len([path for path in project.rglob("*") if path.is_file()]) == 5  # nothing was taken for damaged


def test_elsewhere_a_want_of_descriptors_is_told(project: Path, tmp_path: Path) -> None:
    code, err = start_without_descriptors(project, tmp_path)
    assert code == 206
    assert "Too many open files" in err
    assert not (tmp_path / "boinc_temporary_exit").exists()


def test_in_a_slot_a_program_that_is_being_written_ends_no_task(project: Path, tmp_path: Path) -> None:
    (tmp_path / "init_data.xml").touch()
    with (project / PROGRAM).open("r+b"):
        done = progress.finished(progress.start([project / NAME], cwd=tmp_path))
    assert (done.returncode, done.stderr) == (0, f"axiom: {PROGRAM} cannot be used now: Text file busy.\n")
    assert (tmp_path / "boinc_temporary_exit").read_text().startswith("600\n")
    assert start(project)[0] == 7


def start_where_fails(call: str, error: str, project: Path, slot: Path) -> tuple[int, str]:
    """Exit code and stderr in a slot, where the first call of the system fails."""
    (slot / "init_data.xml").touch()
    strace = ["strace", "-qq", "-o", str(slot / "trace")]
    try:
        subprocess.run([*strace, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as why:
        pytest.skip(f"strace does not work here: {why}")
    strace += ["-e", f"inject={call}:error={error}:when=1"]
    done = progress.finished(progress.start([*strace, str(project / NAME)], cwd=slot))
    return done.returncode, done.stderr


@pytest.mark.parametrize(("error", "code"), [("ENOMEM", 0), ("EIO", 206)])
def test_a_read_that_fails_is_damage_unless_it_passes(project: Path, tmp_path: Path, error: str, code: int) -> None:
    assert start_where_fails("read", error, project, tmp_path)[0] == code
    assert (project / PROGRAM).exists() is (code == 0)
    assert (tmp_path / "boinc_temporary_exit").exists() is (code == 0)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("ENOMEM", 0, "cannot be used now: Cannot allocate memory."),
        ("EIO", 206, "Input/output error; reset the project."),
    ],
)
def test_a_folder_that_cannot_be_listed_lets_nothing_start(
    project: Path, tmp_path: Path, error: str, code: int, said: str
) -> None:
    assert start_where_fails("getdents64", error, project, tmp_path) == (code, f"axiom: axiomrt_1 {said}\n")
    assert (tmp_path / "boinc_temporary_exit").exists() is (code == 0)
    assert len([path for path in project.rglob("*") if path.is_file()]) == 5


def test_a_system_without_the_programs_loader_is_told(project: Path, tmp_path: Path) -> None:
    """As one with musl: the kernel then says that the program is missing, which is there."""
    loader = "/lib/ld-of-no-system.so.1"
    (tmp_path / "program.c").write_text("int main(void) { return 7; }\n")
    command = ["cc", f"-Wl,--dynamic-linker={loader}", "-o", str(project / PROGRAM), str(tmp_path / "program.c")]
    subprocess.run(command, check=True)
    making.make(project, NAMES, PROGRAM, FILES, CODE, ["cc"])
    code, _, err = start(project)
    assert code == 206
    assert err.startswith(f"axiom: {project / PROGRAM} needs the GNU C library, whose loader {loader} is not here;")
    assert (project / PROGRAM).exists()


def test_the_check_is_fast(tmp_path: Path) -> None:
    """50 MB, as the cpu flavour has, in half of what Python needs to start, at most."""
    with (tmp_path / "big").open("wb") as file:
        for _ in range(50):
            file.write(os.urandom(100_000) * 10)
    (tmp_path / PROGRAM).parent.mkdir()
    (tmp_path / PROGRAM).write_text("#!/bin/sh\n")
    (tmp_path / PROGRAM).chmod(0o755)
    making.make(tmp_path, NAMES, PROGRAM, [PROGRAM, "big"], CODE, ["cc"])
    assert cost.of_command([tmp_path / NAME]) < cost.of_import("numpy") / 2


def test_of_a_large_bundle_only_what_starts_python_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "CHECKED_BYTES", 10)
    names = {
        "a/torch/lib/libtorch_cuda.so": 0,
        PROGRAM: 1,
        "axiomrt_1/libpython3.11.so.1.0": 1,
        "axiomrt_1/base_library.zip": 1,
        "axiomrt_1/python3.11/lib-dynload/zlib.so": 1,
        "axiomrt_1/torch/lib/libtorch_cpu.so": 0,
        "axiomrt_1/numpy.libs/libscipy_openblas.so": 0,
    }
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"some content")
    rows = making.source(tmp_path, NAMES, PROGRAM, list(names), CODE).splitlines()[2:-6]
    assert rows[0].startswith(f'    {{"{PROGRAM}", 12, 1,')
    assert {row.split('"')[1]: int(row.split(", ")[2]) for row in rows} == names
