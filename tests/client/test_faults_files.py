"""What the client lays out being wrong: init_data.xml, the work unit, the soft links. Done or a sentence."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client.task import RESULT, WORKUNIT
from tests.client.slots import LONG, PATCHED, Ended, Slot, middle, patches, side_by_side, task
from tests.wrapper.fake_client import FIELDS, init_data

QUICK_TEST = patches(wrapper__liveness__PID_TEST_INTERVAL=0.1)  # of the client's process; 10 s in real life
ABSURD = ("-1", "1e300", "1" * 400, "<a>\0")  # tests/wrapper/test_init_data.py draws any value
NO_PROCESS = 2**31 - 1  # above what any system gives


def written(content: bytes) -> Callable[[Slot], object]:
    return lambda slot: (slot.path / "init_data.xml").write_bytes(content)


def folder(slot: Slot) -> None:
    (slot.path / "init_data.xml").unlink()
    (slot.path / "init_data.xml").mkdir()


def absurd(tag: str, value: str) -> Callable[[Slot], object]:
    return written(init_data(**{tag: value}))


INIT_DATA: dict[str, Callable[[Slot], object]] = {
    **{f"without {tag}": written(init_data(**{tag: None})) for tag in (*FIELDS, "client_pid")},
    **{f"wu_cpu_time {value[:20]!r}": absurd("wu_cpu_time", value) for value in ABSURD},
    **{f"shm_key {value[:20]!r}": absurd("shm_key", value) for value in ("1e99", "2147483648")},
    **{f"fraction_done_end {value[:20]!r}": absurd("fraction_done_end", value) for value in ABSURD},
    "a range of nothing": written(init_data(fraction_done_start="0.5", fraction_done_end="0.5")),
    "a range upside down": written(init_data(fraction_done_start="1", fraction_done_end="0")),
    "without any field": written(b"<app_init_data>\n</app_init_data>\n"),
    "unknown fields": written(init_data(quantum_type="cat", threads="<many><more>", shm="\xff")),
    "every field at once absurd": written(init_data(**dict.fromkeys([t for t in FIELDS if t != "gpu_type"], "1e99"))),
    "5 MB": written(init_data() + bytes(5_000_000)),
    "no XML": written(b'{"client_pid": 1}\n'),
    "empty": written(b""),
    "binary": written(random.Random(1).randbytes(50_000)),
    "folder": folder,
}
STANDALONE = {"5 MB", "no XML", "empty", "binary", "folder"}


@pytest.fixture(scope="module")
def under(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Slot, Ended]]:
    def run(name: str) -> tuple[Slot, Ended]:
        slot = task(tmp_path_factory.mktemp("init"))
        INIT_DATA[name](slot)
        return slot, slot.run()

    return side_by_side({name: lambda name=name: run(name) for name in INIT_DATA})  # type: ignore[misc]


@pytest.mark.parametrize("name", INIT_DATA)
def test_the_task_is_done_whatever_its_start_file_holds(under: dict[str, tuple[Slot, Ended]], name: str) -> None:
    slot, ended = under[name]
    assert (ended.said[0].endswith("running standalone")) == (name in STANDALONE)
    assert len(ended.said) <= 2 + (name in STANDALONE)
    if name.startswith("a range "):
        assert ended.statuses[-1][1].endswith(b"<fraction_done>1.000000e+00</fraction_done>\n")
    slot.check_finished(ended)


@pytest.mark.parametrize("kind", ["ATI", "quantum", "many\nlines", "x" * 100_000, "\x1b[2J"])
def test_an_unknown_gpu_is_30(tmp_path: Path, kind: str) -> None:
    slot = task(tmp_path, gpu_type=kind)
    ended = slot.run()
    slot.check_unfinished(ended, 30)
    (sentence,) = ended.said
    assert sentence.startswith("Cannot compute on ")
    assert "this program knows NVIDIA GPUs only" in sentence
    assert len(sentence) < 300
    assert sentence.isprintable()


def test_a_client_that_is_no_process_has_gone(tmp_path: Path) -> None:
    slot = task(tmp_path, LONG, client_pid=NO_PROCESS)
    ended = slot.run(program=PATCHED, **QUICK_TEST)
    assert ended.has_said(f"the client has gone (process {NO_PROCESS} has ended): stopping")
    slot.check_unfinished(ended, 0)


@pytest.fixture
def zombie() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def test_a_client_that_is_a_zombie_counts_as_alive(tmp_path: Path, zombie: int) -> None:
    slot = task(tmp_path, middle(), client_pid=zombie)
    often = patches(wrapper__liveness__PID_TEST_INTERVAL=0.1, wrapper__runtime__STATUS_INTERVAL=0.1)
    slot.check_finished(slot.run(program=PATCHED, **often))


def link(to: str) -> bytes:
    return f"<soft_link>../../projects/example.org_axiom/{to}</soft_link>\n".encode()


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        (link("nothing"), 32, "No such file or directory"),
        (link(""), 32, "Is a directory"),
        (link("wu_1.json/below"), 32, "Not a directory"),
        (b"", 10, "it is not JSON"),
        (b'{"format": 9}', 11, "has work-unit format 9"),
        (bytes(1 << 20), 10, "it has more than 65536 bytes"),
        (link("wu_1.json")[:30], 10, "it is not JSON"),
    ],
    ids=["link to nothing", "link to a folder", "link below a file", "empty", "format", "zeros", "torn link"],
)  # fmt: skip
def test_a_work_unit_that_is_none(tmp_path: Path, content: bytes, code: int, part: str) -> None:
    slot = task(tmp_path)
    (slot.path / WORKUNIT).write_bytes(content)
    ended = slot.run()
    slot.check_unfinished(ended, code)
    (sentence,) = ended.said
    assert part in sentence


@pytest.mark.parametrize("content", [b"", bytes(1 << 20), b"<soft_link>"], ids=["empty", "zeros", "torn link"])
def test_a_result_that_is_no_link_is_written_in_its_place(tmp_path: Path, content: bytes) -> None:
    slot = task(tmp_path)
    (slot.path / RESULT).write_bytes(content)
    slot.uploaded = slot.path / RESULT
    slot.check_finished(slot.run())


def test_a_result_that_is_a_real_symbolic_link_is_written_where_it_points(tmp_path: Path) -> None:
    """Projects may have the client make such links."""
    slot = task(tmp_path)
    (slot.path / RESULT).unlink()
    (slot.path / RESULT).symlink_to(slot.uploaded)
    slot.check_finished(slot.run())
    assert (slot.path / RESULT).is_symlink()


def test_a_result_whose_link_points_to_zeros_replaces_them(tmp_path: Path) -> None:
    slot = task(tmp_path)
    slot.uploaded.write_bytes(bytes(1 << 20))
    slot.check_finished(slot.run())


@pytest.mark.parametrize("target", ["", "no/folder/here", "wu_1.json/below"])
def test_a_result_that_has_nowhere_to_go_waits(tmp_path: Path, target: str) -> None:
    """The checkpoint keeps what is computed, in case somebody mends the project folder."""
    slot = task(tmp_path)
    good = (slot.path / RESULT).read_bytes()
    (slot.path / RESULT).write_bytes(link(target))
    slot.check_postponed(slot.run())
    assert slot.checkpoint.exists()
    assert {path.name for path in slot.project.iterdir()} == {"wu_1.json"}
    (slot.path / RESULT).write_bytes(good)
    (slot.path / "boinc_temporary_exit").unlink()
    again = slot.run()
    assert again.has_said("going on from the checkpoint at 100.0 %")
    slot.check_finished(again)
