"""Every attack of attacks.py meets its answer: exit code, one printable line, nothing written, memory bounded."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernels import limits
from kernels.experiments import compgen
from kernels.formats import result
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.checking import recomputation
from server_validator.ledger import Ledger, standing
from server_validator.ledger import issued as issued_units
from tests.kernels import resultfile, tiny
from tests.kernels.resultfile import Top
from tests.server_validator.checking import attacks
from tests.server_validator.checking.attacks import (
    ATTACKS,
    MINE,
    OTHER,
    THEIRS,
    UNIT,
    Attack,
    Honest,
    endless,
    in_blocks,
    invented,
    of_cells,
)  # fmt: skip
from tests.server_validator.data import Run, issued
from tests.server_validator.forging import changed
from tests.server_validator.truth import remembered
from tests.support import commands

ROOT = Path(__file__).parents[3]
DIARY = ROOT / "docs" / "attacks.md"
PEAK = 200e6  # bytes that a check may have resident
NOBODY = 65534


@dataclass(frozen=True)
class Project:
    """A BOINC project's folder without a database, and the ledger beside it."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "axiom-data"

    @property
    def uploads(self) -> Path:
        return self.folder / "upload"

    def words(self, path: Path, *more: object) -> list[str]:
        """The daemon's command, from its script."""
        return [str(w) for w in ("--data", self.data, "validate", "--project", self.folder, *more, path)]

    def files(self) -> dict[str, tuple[int, int]]:
        """What lies in the project, but for the ledger, with sizes and times of change."""
        files = {p: p.lstat() for p in self.folder.rglob("*") if self.data not in p.parents and p != self.data}
        return {str(p): (s.st_size, s.st_mtime_ns) for p, s in files.items()}


@pytest.fixture(autouse=True)
def computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputation, "compute", remembered)


@pytest.fixture(scope="module")
def honest() -> Honest:
    own = result.encode(tiny.computed(UNIT, "c"))
    return Honest(
        own,
        changed(own, lambda top: top["header"]["device"].update(name="Another host's")),
        result.encode(tiny.computed(OTHER, "c")),
        result.encode(tiny.computed(UNIT)),
    )


@pytest.fixture
def project(tmp_path: Path, honest: Honest, capsys: pytest.CaptureFixture[str]) -> Project:
    """With both work units issued, and the result of another host validated before."""
    made = Project(tmp_path / "project")
    made.uploads.mkdir(parents=True)
    issued(made.folder, UNIT, OTHER).rename(made.data)
    (made.uploads / THEIRS).write_bytes(honest.theirs)
    assert Run(capsys, *made.words(made.uploads / THEIRS)).code == 0
    return made


def answer(run: Run, path: Path) -> str:
    """The one line that was printed, which names the file and can be shown."""
    printed = run.out + run.err
    assert printed.endswith("\n")
    line = printed[:-1]
    assert line.isprintable(), line
    assert len(line) < 1500
    assert "".join(c if c.isprintable() else "?" for c in str(path)) in line
    return line


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(
    attack: Attack,
    project: Project,
    honest: Honest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = project.uploads / attack.upload
    attack.put(path, honest)
    later, find = attack.later, issued_units.find_named

    def find_then(ledger: Ledger, name: str) -> WorkUnit | None:
        """The ledger is asked as soon as the file has been read."""
        if later:
            later(path, honest)
        return find(ledger, name)

    monkeypatch.setattr(issued_units, "find_named", find_then)
    before = project.files()
    done = Run(capsys, *project.words(path, *(["--torch"] if attack.torch else [])))
    line = answer(done, path)
    assert (done.code, attack.says in line) == (attack.code, True), line
    assert bool(done.out) == (attack.code == 0), "a valid one is told on standard output, others on the other"
    if not later:
        assert project.files() == before
    assert {p.name for p in project.data.iterdir()} <= {"archive", "ledger.sqlite"}


def test_names_are_unique_and_valid_ones_are_explained() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    assert {attack.name for attack in ATTACKS if attack.why} == {a.name for a in ATTACKS if a.code == 0}
    assert all(attack.hope for attack in ATTACKS)


def test_honest_results_are_valid(project: Project, honest: Honest, capsys: pytest.CaptureFixture[str]) -> None:
    """Else no attack would prove anything."""
    path = project.uploads / MINE
    path.write_bytes(honest.own)
    assert "4 recomputed" in answer(Run(capsys, *project.words(path)), path)
    path.write_bytes(honest.torch)
    assert Run(capsys, *project.words(path, "--torch")).code == 0


# --- what attacks.py cannot say in a row


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who may not read everything."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


def test_what_the_server_may_not_read_is_3(
    project: Project, honest: Honest, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host cannot take permissions away: staff did, or a file system."""
    path = project.uploads / MINE
    path.write_bytes(honest.own)
    path.chmod(0)
    for folder in itertools.takewhile(lambda parent: parent != Path(tempfile.gettempdir()), path.parents):
        folder.chmod(0o711)
    with as_nobody():
        done = Run(capsys, *project.words(path))
    assert done.code == 3
    assert "Permission denied" in answer(done, path)


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "a\r\nvalid", "\udcff\udcfe", "  a  b  ", "x" * 255])
def test_a_file_name_that_is_no_name_is_shown_in_one_printable_line(
    project: Project, honest: Honest, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """BOINC gives no such names; whoever validates a folder of files by hand could meet one."""
    path = project.uploads / name
    for content in (honest.own, b""):
        path.write_bytes(content)
        done = Run(capsys, "--data", project.data, "validate", path)
        answer(done, path)
        assert done.code == (0 if content else 20)


def test_a_file_rewritten_while_it_is_read_is_never_valid_by_halves(
    project: Project, honest: Honest, capsys: pytest.CaptureFixture[str]
) -> None:
    """A writer that alternates between the true result and an invented one of the same size, as fast as it can."""
    path, stop, rounds = project.uploads / MINE, threading.Event(), 0
    forged = changed(honest.own, lambda top: invented(top, 0, 1, 2, 3))
    true, untrue = (in_blocks(resultfile.content(data)) for data in (honest.own, forged))
    assert len(true) == len(untrue)
    path.write_bytes(true)

    def write() -> None:
        nonlocal rounds
        with path.open("r+b", buffering=0) as file:
            while not stop.is_set():
                for content in (untrue, true):
                    file.seek(0)
                    file.write(content[: len(content) // 2])
                    file.write(content[len(content) // 2 :])
                rounds += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        codes = [Run(capsys, *project.words(path)).code for _ in range(60)]
    finally:
        stop.set()
        writer.join()
    assert set(codes) <= {0, 20, 25}, codes
    assert rounds > 0


def test_what_was_validated_is_what_is_assimilated(
    project: Project, honest: Honest, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host that leaves its upload incomplete for BOINC, by declaring more bytes, can write the file once more.

    So can one while its true result is checked.
    """

    def run(*words: object) -> int:
        return Run(capsys, "--data", project.data, *words).code

    path = project.uploads / MINE
    path.write_bytes(honest.own)
    assert run("assimilate", 1, path) == 43, "never validated"
    assert Run(capsys, *project.words(path)).code == 0
    path.write_bytes(changed(honest.own, lambda top: invented(top, 0, 1, 2, 3)))
    assert run("assimilate", 1, path) == 0
    with Ledger(project.data) as ledger:
        assert [one.checksum for one in standing.stored(ledger)] == [result.decode(honest.own, "own").checksum], (
            "the archive's, not these"
        )
    assert Run(capsys, *project.words(path)).code == 25
    assert run("assimilate", 1, path) == 25, "it is remembered what is wrong with it"
    path.write_bytes(honest.own)
    assert run("assimilate", 1, path) == 0


@pytest.mark.parametrize("fault", [MemoryError, RecursionError, ZeroDivisionError, SystemError, OSError])
@pytest.mark.parametrize(
    "where", ["kernels.formats.result.decode", "kernels.formats.result.check", "server_validator.checking.drawing.draw"]
)
def test_a_crash_of_the_checker_is_neither_good_nor_bad(
    project: Project,
    honest: Honest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    fault: type[Exception],
) -> None:
    def crash(*_: Any) -> Any:
        raise fault("while\nchecking")

    path = project.uploads / MINE
    path.write_bytes(honest.own)
    monkeypatch.setattr(where, crash)
    done = Run(capsys, *project.words(path))
    assert (done.code, done.out) == (3, "")
    assert fault.__name__ in answer(done, path)


# --- memory


MEASURED = (
    "import sys; from server_validator.cli import main; code = main(sys.argv[1:])\n"
    "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
)


def peak(words: list[str]) -> tuple[int, str, float]:
    """The command in a process of its own: exit code, what it printed, bytes resident at the peak."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = commands.run([sys.executable, "-c", MEASURED, *words], env=environment)
    assert "Traceback" not in done.stderr, done.stderr
    *out, kilobytes = done.stdout.splitlines()
    return done.returncode, "\n".join(out) + done.stderr, 1024 * int(kilobytes)


def shape(top: Top, cells: int, ticks: int, columns: int) -> None:
    """Another size, within what a header may say; columns of floats."""
    header = top["header"]
    header["axes"], header["seeds"]["count"] = {}, cells
    header["clock"]["ticks"] = list(range(ticks))
    header["columns"] = {f"m{number}": "<f4" for number in range(columns)}


def numbers(top: Top, fill: Callable[[int], bytes]) -> None:
    """Columns and digests of the right size."""
    header = top["header"]
    cells = header["seeds"]["count"]
    top["columns"] = {name: fill(4 * cells * len(header["clock"]["ticks"])) for name in header["columns"]}
    top["digests"] = fill(8 * cells)


def made(head: bytes, cells: int, ticks: int, columns: int, fill: Callable[[int], bytes]) -> bytes:
    """A result that is well formed."""

    def change(top: Top) -> None:
        shape(top, cells, ticks, columns)
        numbers(top, fill)

    return changed(head, change)


def incompressible(head: bytes) -> bytes:
    """As large as a file may be: eight megabytes of random numbers in one column."""
    return made(head, 64_000, 30, 1, os.urandom)


def longest_content(head: bytes) -> bytes:
    """As long as a content may be, one column of zeros."""
    return made(head, 65_000, 62, 1, bytes)


def most_columns(head: bytes) -> bytes:
    """As long as a content may be, in as many columns as there can be."""
    return made(head, 62_500, 1, 64, bytes)


def most_measurements(head: bytes) -> bytes:
    """As above, of a thousand cells."""
    return made(head, 1_000, 4_096, 1, bytes)


def bomb(head: bytes) -> bytes:
    """Eight megabytes that are deflated from eight gigabytes."""
    return endless(limits.RESULT_BYTES)


def empty_blocks(head: bytes) -> bytes:
    """A true content after as many empty blocks as fit."""
    return in_blocks(resultfile.content(head), (limits.RESULT_BYTES - 5_000) // 5)


def nonsense(head: bytes) -> bytes:
    """The longest content, of which nothing but the checksum is right."""
    return resultfile.seal(bytes(limits.CONTENT_BYTES - resultfile.CHECKSUM_BYTES))


def longest_header(head: bytes) -> bytes:
    """As many short texts as fit into a header, of one cell."""

    def change(top: Top) -> None:
        shape(top, 1, 1, 0)
        letters = [chr(at) for at in range(ord("a"), ord("z") + 1)]
        texts = [a + b for a in letters for b in letters]
        top["header"]["axes"] = {text: [text] for text in texts[:64]}
        top["header"]["clock"]["ticks"] = [0] * limits.MEASUREMENTS
        top["header"]["columns"] = dict.fromkeys(texts[:64], "<f4")
        numbers(top, bytes)

    return changed(head, change)


def deepest(head: bytes) -> bytes:
    """Sixty thousand nested arrays in a field that is skipped while the format is looked for."""
    arrays = b"\x91" * (limits.HEADER_BYTES - 50)
    return resultfile.seal(resultfile.headed(b"\x82\xa4more" + arrays + b"\xc0\xa6format\x03"))


def most_fields(head: bytes) -> bytes:
    """A header that is a map of 32,000 entries, which are no fields of a result."""
    return resultfile.seal(resultfile.headed(b"\xdf" + (32_000).to_bytes(4) + b"\xa0\x01" * 32_000))


REFUSED = [
    incompressible, longest_content, most_columns, most_measurements, bomb, empty_blocks, nonsense, longest_header,
    deepest, most_fields,
]  # fmt: skip


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_memory_stays_bounded_whatever_is_uploaded(
    make: Callable[[bytes], bytes], project: Project, honest: Honest
) -> None:
    path = project.uploads / MINE
    path.write_bytes(make(honest.own))
    assert path.stat().st_size <= limits.RESULT_BYTES
    code, said, bytes_ = peak(project.words(path))
    assert code in (20, 23), said
    assert bytes_ < PEAK, f"{bytes_ / 1e6:.0f} MB"


def test_memory_stays_bounded_with_a_file_of_two_gigabytes(project: Project, honest: Honest) -> None:
    path = project.uploads / MINE
    with path.open("wb") as file:
        file.truncate(2 << 30)
    code, said, bytes_ = peak(project.words(path))
    assert code == 20, said
    assert bytes_ < PEAK, f"{bytes_ / 1e6:.0f} MB"


def test_memory_stays_bounded_with_the_largest_work_unit(project: Project, honest: Honest) -> None:
    """65,536 cells, each with the true numbers of the first: checked to the end, recomputed, and found."""
    unit = WorkUnit(compgen.EXPERIMENT, Seeds(attacks.FIRST, limits.CELLS), tiny.GRID)
    data = issued(project.folder / "large", unit)

    def repeated(top: Top) -> None:
        header = top["header"]
        header["workunit"], header["seeds"]["count"] = unit.digest, limits.CELLS
        header["axes"]["learning_rate"] = unit.axes["learning_rate"]
        of_cells(top, [2] * limits.CELLS)

    path = project.uploads / f"{unit.name}_0_r77_0"
    path.write_bytes(changed(honest.own, repeated))
    code, said, bytes_ = peak(["--data", str(data), *project.words(path)[2:]])
    assert code == 25, said  # the first cell is true, and among four drawn is another
    assert bytes_ < PEAK, f"{bytes_ / 1e6:.0f} MB"


# --- the diary


def row(attack: Attack) -> str:
    """An attack as a row of the diary's tables."""
    says = f"valid: {attack.why}" if attack.code == 0 else attack.says
    return f"| `{attack.name}` | {attack.hope} | {attack.code} | {says} |"


def test_the_diary_has_every_attack_and_no_other() -> None:
    text = DIARY.read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| `\w+` \| .* \| \d+ \|", line)]
    wanted = [row(attack) for attack in ATTACKS]
    assert [r for r in rows if r not in wanted] == []
    assert [w for w in wanted if w not in rows] == []
    assert len(rows) == len(wanted)
    assert re.findall(r"^## (.*)$", text, re.M)[: len(groups())] == groups()


def groups() -> list[str]:
    return list(dict.fromkeys(attack.group for attack in ATTACKS))
