"""On Windows, as far as Wine is that: finds damage, has patience, and starts a program that ends when it does."""

from __future__ import annotations

import contextlib
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import layout
import pytest
from launcher import making
from wine.windows import Windows, path

from tests.packaging.launcher.damage import damaged
from tests.packaging.windows import probe
from tests.support import commands, wine
from tests.support.waiting import pause

NAMES = layout.Names("0.01", "windows_x86_64", "cpu")
NAME, PROGRAM, LIBRARY, DATA = NAMES.main, "axiomrt_1/axiom.exe", "axiomrt_1/lib/one.dll", "axiomrt_1/data"
CODE = b"PK and more" * 20_000  # an archive, as far as the launcher knows
BIG = 3 * 2**16 + 5  # bytes: over several of the launcher's buffers, and no whole word at the end
DETACHED, NO_WINDOW = 0x8, 0x8000000  # flags of CreateProcessW: no console; one that nobody sees


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    with wine.running() as found:
        yield found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a small version in it, in a place whose name is no plain one."""
    folder = tmp_path_factory.mktemp("installed") / "projets é x 中"
    (folder / LIBRARY).parent.mkdir(parents=True)
    (folder / LIBRARY).write_bytes(bytes(number * number % 251 for number in range(BIG)))
    (folder / DATA).write_bytes(b"some data")
    (folder / "axiomrt_1" / "empty").touch()
    probe.compiled(folder / PROGRAM)
    making.make(folder, NAMES, PROGRAM, [PROGRAM, LIBRARY, DATA, "axiomrt_1/empty"], CODE)
    return folder


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(installed, tmp_path / installed.name))


@pytest.fixture
def slot(tmp_path: Path) -> Path:
    """A folder in which the client runs a task."""
    (tmp_path / "slot é").mkdir()
    (tmp_path / "slot é" / "init_data.xml").touch()
    return tmp_path / "slot é"


Ended = tuple[int, str, str]


class Starter:
    """Starts Windows programs in a folder and waits for their ends."""

    def __init__(self, windows: Windows, folder: Path) -> None:
        self.windows, self.folder = windows, folder

    def process(self, program: Path, *words: str | Path, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.windows.command(program, *map(str, words)),
            cwd=self.folder, env=self.windows.environment(**more), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, program: Path, *words: str | Path, **more: str) -> Ended:
        """Exit code, output, and what was said on stderr."""
        process = self.process(program, *words, **more)
        out, err = commands.communicate(process)
        return process.returncode, out, err

    def through(self, project: Path, line: str, flags: int = 0) -> Ended:
        """The same of the launcher, started by another program with a command line and flags, as the client does."""
        told = {"PROBE_FILE": path(project / NAME), "PROBE_LINE": line, "PROBE_FLAGS": str(flags)}
        return self(project / PROGRAM, "start", **told)


@pytest.fixture
def start(windows: Windows, tmp_path: Path) -> Starter:
    return Starter(windows, tmp_path)


@pytest.fixture
def start_task(windows: Windows, slot: Path) -> Starter:
    return Starter(windows, slot)


def reported(output: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line[1:])


def imported(program: bytes) -> list[str]:
    """Names of the libraries that a Windows program is linked to, from its table of imports."""
    (header,) = struct.unpack_from("<I", program, 0x3C)
    sections, optional = struct.unpack_from("<6xH12xH", program, header)
    (table,) = struct.unpack_from("<I", program, header + 24 + 112 + 8)
    rows = [struct.unpack_from("<8xIIII", program, header + 24 + optional + 40 * number) for number in range(sections)]

    def at(address: int) -> int:
        ((start, place),) = [(start, place) for size, start, _, place in rows if start <= address < start + size]
        return int(address - start + place)

    names: list[str] = []
    while name := struct.unpack_from("<12xI", program, at(table) + 20 * len(names))[0]:
        names.append(program[at(name) :].split(b"\0", 1)[0].decode())
    return names


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


WORDS: Sequence[str] = ("--nthreads", "2", "", "a b", "*", 'x"y', "é 中", "back\\", "blank and back \\", "%PATH%")


def test_the_program_is_called_by_the_launchers_path_with_the_same_words(
    project: Path, start: Starter, tmp_path: Path
) -> None:
    code, out, err = start(project / NAME, *WORDS)
    assert (code, err) == (7, "")
    seen, alone = reported(out), reported(start(project / PROGRAM, *WORDS)[1])
    assert seen["!line"] == f'"{path(project / NAME)}"' + alone["!line"].removeprefix(f'"{path(project / PROGRAM)}"')
    assert "é 中" in seen["!line"]
    assert seen["!file"] == path(project / PROGRAM)
    assert seen["!folder"] == path(tmp_path)
    assert (project / NAME).read_bytes().endswith(CODE)


@pytest.mark.parametrize("after", ["", "  two  blanks  ", ' "not closed', "\tbehind a tab", ' "" a"b"c ""'])
@pytest.mark.parametrize("called", ["axiom", '"a quoted name"', 'half" "quoted'])
def test_what_follows_the_name_stays_as_it_is(project: Path, start: Starter, called: str, after: str) -> None:
    """A command line is one text on Windows; another program tells it from here, since Wine would quote it anew."""
    code, out, _ = start.through(project, called + after)
    assert code == 7
    assert reported(out)["!line"] == f'"{path(project / NAME)}"{after}'


def test_the_exit_code_is_the_programs(project: Path, start: Starter) -> None:
    for number in (0, 1, 206):
        assert start(project / NAME, "code", str(number))[0] == number


@pytest.mark.parametrize("how", [NO_WINDOW, DETACHED])
def test_it_starts_without_a_console_too(project: Path, start_task: Starter, how: int) -> None:
    """As the client starts it, and as a service might. Priority and mode of errors Wine hands to no program."""
    code, out, _ = start_task.through(project, "axiom", how)
    assert code == 7
    assert reported(out)["!folder"] == path(start_task.folder)


DROPPED = ["PYTHONPATH", "PYTHONHOME", "PythonMalloc", "_PYI_APPLICATION_HOME_DIR", "pyinstaller_reset_environment"]


def test_what_loads_code_is_taken_away_and_nothing_else(project: Path, start: Starter) -> None:
    kept = {"XPYTHONPATH": "stays", "PYTHO": "stays", "EMPTY": "", "AXIOM_LONG": "x" * 5000, "Z": "é 中"}
    code, out, _ = start(project / NAME, **dict.fromkeys(DROPPED, "Z:\\slot") | kept)
    assert code == 7
    seen = reported(out)
    assert not {name.upper() for name in seen} & {name.upper() for name in DROPPED}
    assert kept.items() <= seen.items()


def test_it_needs_no_library_but_the_kernels(installed: Path) -> None:
    """Which Windows never looks for in a folder: in the project's lie files of work units."""
    assert imported((installed / NAME).read_bytes()) == ["KERNEL32.dll"]


def test_who_ends_the_launcher_ends_the_program(project: Path, start: Starter) -> None:
    with start.process(project / NAME, "sleep") as process:
        assert process.stdout is not None
        seen: dict[str, str] = {}
        while "!number" not in seen:
            line = process.stdout.readline()
            assert line, "it ended by itself"
            seen |= reported(line)
        assert start(project / PROGRAM, "end", seen["!parent"], seen["!number"]) == (0, "", "")


REASONS = {"missing": "is missing", "longer": "has the wrong size", "shorter": "has the wrong size"}


@pytest.mark.parametrize("kind", ["missing", "longer", "shorter", "last byte"])
@pytest.mark.parametrize("name", [PROGRAM, LIBRARY])
def test_damage_is_found_removed_and_told(project: Path, start_task: Starter, name: str, kind: str) -> None:
    (start_task.folder / "stderr.txt").write_text("before\n")
    damaged(project, name, kind)
    assert start_task(project / NAME) == (206, "", "")
    before, sentence = (start_task.folder / "stderr.txt").read_text().splitlines()
    assert before == "before"
    reason = REASONS.get(kind, "is damaged")
    assert sentence == f"axiom: {name} {reason}; 1 of 5 files are bad, and BOINC fetches them again."
    assert len(files(project)) == 4  # the launcher, and three of four


def test_all_damage_is_removed_at_once_and_nothing_foreign(project: Path, start: Starter) -> None:
    """Outside of a slot a person reads it."""
    (project / "axiomrt_1" / "foreign").write_text("stays")
    for name in (LIBRARY, DATA):
        damaged(project, name, "longer")
    code, out, err = start(project / NAME)
    assert (code, out) == (206, "")
    assert "2 of 5 files are bad, and BOINC fetches them again.\n" in err
    assert files(project) == sorted([NAME, PROGRAM, "axiomrt_1/empty", "axiomrt_1/foreign"])
    assert files(start.folder) == [f"{project.name}/{name}" for name in files(project)]


@pytest.mark.parametrize("at", [-1, -len(CODE)])
def test_damage_of_the_archive_is_found(project: Path, start: Starter, at: int) -> None:
    """A program that runs cannot be removed on Windows: it gets out of the way, and the client misses it."""
    content = bytearray((project / NAME).read_bytes())
    content[at] ^= 1
    (project / NAME).write_bytes(content)
    code, _, err = start(project / NAME)
    assert (code, err) == (206, f"axiom: {NAME} is damaged; 1 of 5 files are bad, and BOINC fetches them again.\n")
    assert not (project / NAME).exists()
    assert len(files(project)) == 5


def test_a_folder_in_place_of_a_file_gets_out_of_the_way(project: Path, start: Starter) -> None:
    (project / DATA).unlink()
    (project / DATA).mkdir()
    (project / DATA / "foreign").write_text("stays")
    code, _, err = start(project / NAME)
    assert code == 206
    assert f"{DATA} is no plain file; 1 of 5 files are bad, and BOINC fetches them again.\n" in err
    assert not (project / DATA).exists()
    assert (project / f"{DATA}.damaged" / "foreign").read_text() == "stays"
    (project / DATA).write_bytes(b"some data")
    assert start(project / NAME)[0] == 7


FOREIGN = [
    *("axiomrt_1/version.dll", "axiomrt_1/lib/_local.py", "axiomrt_1/lib/__pycache__/one.cpython-311.pyc"),
    *("axiomrt_1/é 中/one.pyd", "axiomrt_1/one.gz.dll", "axiomrt_1/lib/one.dll.local", "axiomrt_1/verify_a.dll"),
]


@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_starts_beside_a_file_that_nobody_signed(project: Path, start_task: Starter, name: str) -> None:
    """Windows looks for many a library in the program's folder first. It stays: it is not of the manifest."""
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("foreign")
    assert start_task(project / NAME) == (206, "", "")
    sentence = f"axiom: {name} is not of this version; reset the project.\n"
    assert (start_task.folder / "stderr.txt").read_text() == sentence
    assert (project / name).read_text() == "foreign"
    (project / name).unlink()
    assert start_task(project / NAME)[0] == 7  # empty folders stay, and load nothing


def test_what_comes_by_itself_and_cannot_be_loaded_by_name_is_let_be(project: Path, start: Starter) -> None:
    for name in ("thumbs.db", "Desktop.ini", ".DS_Store", "data.GZ", "vfy1A2B.tmp", "data.damaged"):
        (project / "axiomrt_1" / name).touch()
        (project / "axiomrt_1" / "lib" / name).touch()
    assert start(project / NAME)[0] == 7


def test_names_that_differ_by_case_are_of_one_file(project: Path, start: Starter) -> None:
    (project / "axiomrt_1" / "lib").rename(project / "axiomrt_1" / "Lib")
    (project / DATA).rename(project / "axiomrt_1" / "DATA")
    assert start(project / NAME)[0] == 7
    (project / "axiomrt_1" / "Lib" / "Two.dll").touch()
    code, _, err = start(project / NAME)
    assert (code, err) == (206, "axiom: axiomrt_1/Lib/Two.dll is not of this version; reset the project.\n")


@contextlib.contextmanager
def held(start: Starter, project: Path) -> Iterator[None]:
    """While a program keeps a file open which others may then not open; it lets go when its input is closed."""
    with start.process(project / PROGRAM, "hold", path(project / LIBRARY)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()
    assert process.returncode == 0


def test_in_a_slot_a_file_that_another_program_holds_ends_no_task(project: Path, start_task: Starter) -> None:
    with held(start_task, project):
        assert start_task(project / NAME) == (0, "", "")
    sentence = f"axiom: {LIBRARY} cannot be used now: Windows error 32, "
    assert (start_task.folder / "stderr.txt").read_text().startswith(sentence)
    request = (start_task.folder / "boinc_temporary_exit").read_text()
    assert request.startswith("600\naxiom cannot start now: Windows error 32, ")
    assert len(files(project)) == 5  # nothing was taken for damaged
    assert start_task(project / NAME)[0] == 7


def test_elsewhere_it_is_told(project: Path, start: Starter) -> None:
    with held(start, project):
        code, _, err = start(project / NAME)
    assert code == 206
    assert f"axiom: {LIBRARY} cannot be used now: Windows error 32, " in err
    assert len(files(project)) == 5


def test_a_file_that_is_held_for_a_moment_is_waited_for(project: Path, start_task: Starter) -> None:
    with held(start_task, project):
        process = start_task.process(project / NAME)
        pause(1.0, unless=lambda: process.poll() is not None)
    out, _ = commands.communicate(process)
    assert process.returncode == 7
    assert "!line" in reported(out)


def test_a_path_that_is_longer_than_windows_once_allowed(installed: Path, tmp_path: Path, start: Starter) -> None:
    """Wine itself starts no program that lies so deep; the launcher finds its files there."""
    deep = tmp_path.joinpath(*["a folder with a long name"] * 12)
    shutil.copytree(installed, deep)
    damaged(deep, LIBRARY, "last byte")
    code, _, err = start(deep / NAME)
    assert (code, err) == (206, f"axiom: {LIBRARY} is damaged; 1 of 5 files are bad, and BOINC fetches them again.\n")
    assert not (deep / LIBRARY).exists()
    shutil.copy(installed / LIBRARY, deep / LIBRARY)
    (deep / "axiomrt_1" / "lib" / "two.dll").touch()
    code, _, err = start(deep / NAME)
    assert (code, err) == (206, "axiom: axiomrt_1/lib/two.dll is not of this version; reset the project.\n")


def test_the_same_bytes_again(installed: Path, project: Path) -> None:
    made = (project / NAME).read_bytes()
    making.make(project, NAMES, PROGRAM, [PROGRAM, LIBRARY, DATA, "axiomrt_1/empty"], CODE)
    assert (project / NAME).read_bytes() == made
    assert str(installed.parent).encode() not in made
