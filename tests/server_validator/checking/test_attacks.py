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

import msgpack
import msgspec
import pytest

from kernels import limits
from kernels.experiments import compgen
from kernels.formats import result
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.checking import recomputation
from server_validator.ledger import Ledger
from server_validator.ledger import issued as issued_units
from tests.kernels import tiny
from tests.server_validator.checking import attacks
from tests.server_validator.checking.attacks import ATTACKS, MINE, OTHER, THEIRS, UNIT, Attack, Honest, invented
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
        changed(own, lambda top: top["device"].update(name="Another host's")),
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
    assert sorted(p.name for p in project.data.iterdir()) == ["ledger.sqlite"]


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
    assert len(forged) == len(honest.own)
    path.write_bytes(honest.own)

    def write() -> None:
        nonlocal rounds
        with path.open("r+b", buffering=0) as file:
            while not stop.is_set():
                for content in (forged, honest.own):
                    file.seek(0)
                    file.write(content[:1500])
                    file.write(content[1500:])
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
    done = Run(capsys, "--data", project.data, "assimilate", 1, path)
    assert (done.code, done.out) == (43, "")
    assert str(path) in done.err
    assert sorted(p.name for p in project.data.iterdir()) == ["ledger.sqlite"]
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


def filled(entry: Callable[[int], dict[str, Any]], head: bytes) -> bytes:
    """A result whose cells are entries, as many as fit the size."""
    cells: list[dict[str, Any]] = []
    size = 0
    while len(cells) < limits.CELLS:
        cells.append(entry(len(cells)))
        size += len(msgpack.packb(cells[-1]))
        if size > limits.RESULT_BYTES - 2000:
            cells.pop()
            break
    return changed(head, lambda top: top.update(cells=cells))


def cell(**parts: Any) -> dict[str, Any]:
    return {"seed": 1, "condition": {}, "metrics": {}, "digests": [], **parts}


def most_digests(head: bytes) -> bytes:
    """A quarter of a million objects of 16 bytes."""
    return filled(lambda n: cell(digests=[n.to_bytes(16)] * 4096), head)


def most_metrics(head: bytes) -> bytes:
    """As many arrays as fit, a record, a list and a text each."""
    array = {"dtype": "<f4", "shape": [1], "data": b""}
    return filled(lambda n: cell(metrics={f"{n}{m}": array for m in range(64)}), head)


def most_texts(head: bytes) -> bytes:
    """As many different short texts as fit, in as many maps."""
    return filled(lambda n: cell(condition={f"{m}": f"{n}.{m}" for m in range(64)}), head)


def widest_texts(head: bytes) -> bytes:
    """Texts that take four bytes a letter in memory and one in the file."""
    return filled(lambda n: cell(condition={f"{m}": f"{n}.{m}".ljust(63, "x") + "\U0001f600" for m in range(64)}), head)


def most_floats(head: bytes) -> bytes:
    return filled(lambda n: cell(condition={f"{m}": n + m / 100 for m in range(64)}), head)


def letter(number: int) -> str:
    """A letter of two bytes in the file, which takes eighty as a text of its own."""
    return chr(0x100 + number % 1700)


def most_objects(head: bytes) -> bytes:
    """The worst that was found: no cell is unlike the first, and keys and values are as many and as small as can be."""
    metrics = {letter(k): {"dtype": "<f4", "shape": [1], "data": bytes(4)} for k in range(13)}

    def entry(n: int) -> dict[str, Any]:
        texts = {letter(k): letter(64 * n + k) + letter((64 * n + k) // 1700) for k in range(64)}
        return cell(condition=texts, metrics=metrics, digests=[bytes(16)])

    return filled(entry, head)


def most_bytes(head: bytes) -> bytes:
    """Metrics of a megabyte."""
    array = {"dtype": "<f4", "shape": [1], "data": bytes(limits.METRIC_BYTES - 100)}
    return filled(lambda n: cell(metrics={"x": array}), head)


def deepest(head: bytes) -> bytes:
    """Four million nested arrays in a field that is skipped while the format is looked for."""
    return tiny.seal(b"\x82\xa4more" + b"\x91" * (limits.RESULT_BYTES - 50) + b"\xc0\xa6format\x01")


def most_fields(head: bytes) -> bytes:
    """A map of two million entries that are no fields of a result."""
    return tiny.seal(b"\xdf" + (2_000_000).to_bytes(4) + b"\xa0\x01" * 2_000_000)


LARGE = [
    most_digests, most_metrics, most_texts, widest_texts, most_floats, most_bytes, deepest, most_fields, most_objects,
]  # fmt: skip


@pytest.mark.parametrize("make", LARGE, ids=lambda make: make.__name__)
def test_memory_stays_bounded_whatever_is_uploaded(
    make: Callable[[bytes], bytes], project: Project, honest: Honest
) -> None:
    path = project.uploads / MINE
    path.write_bytes(make(honest.own))
    assert limits.RESULT_BYTES * 0.4 < path.stat().st_size <= limits.RESULT_BYTES
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
    """4096 cells, each with the true numbers of the first: checked to the end, recomputed, and found."""
    unit = WorkUnit(compgen.EXPERIMENT, Seeds(attacks.FIRST, limits.CELLS), tiny.GRID)
    data = issued(project.folder / "large", unit)
    first = result.decode(honest.own, "own").cells[0]
    record = [result.CellRecord(c.seed, c.condition, first.metrics, first.digests) for c in unit.cells]
    head = result.decode(honest.own, "own")
    path = project.uploads / f"{unit.name}_0_r77_0"
    path.write_bytes(result.encode(msgspec.structs.replace(head, workunit=unit.digest, cells=record)))
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
