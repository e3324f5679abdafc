"""Scripted lives, played with BOINC's own C library and with our runtime: both must do the same, byte by byte.

What must be seen is written down here, as it was recorded of the library 7.20.5; that the library is still seen to do
it proves the fake client. Needs Debian's libboinc-app-dev and a C++ compiler for that half.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.wrapper.fake_client import FakeClient, Recording, make_slot

HERE = Path(__file__).parent
PROGRAMS = ("the C library", "ours")
NUMBER = re.compile(rb"\d\.\d{6}e[+-]\d\d")
MESSAGE = (
    b"<current_cpu_time>#</current_cpu_time>\n"
    b"<checkpoint_cpu_time>#</checkpoint_cpu_time>\n"
    b"<fraction_done>#</fraction_done>\n"
)
SILENT = MESSAGE[: MESSAGE.index(b"<fraction_done>")]
SHORT_LIFE = [(3.2, b"<suspend/>"), (6.4, b"<resume/>"), (9.6, b"<quit/>")]
MODES = (
    "work", "aborted", "mail", "finish", "finish with a message", "finish with a notice",
    "temporary exit", "temporary exit with a notice",
)  # fmt: skip
ATTEMPTS, TOO_LATE = 4, 1.0  # seconds of slack
Lives = Callable[[str], tuple[Recording, Path]]
LEFT = {"boinc_mmap_file", "init_data.xml", "wu.json", "stderr.txt"}


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Future[tuple[Recording, Path]]]:
    """Every mode of both programs, all at the same time: they are asleep nearly always."""
    commands = {"ours": [sys.executable, "-W", "error", str(HERE / "twin.py")]}
    if shutil.which("g++") and Path("/usr/include/boinc/boinc_api.h").exists():
        built = tmp_path_factory.mktemp("reference") / "reference"
        libraries = ["-lboinc_api", "-lboinc", "-lpthread"]
        subprocess.run(["g++", "-o", str(built), str(HERE / "reference.cpp"), *libraries], check=True)
        commands["the C library"] = [str(built)]
    pool = ThreadPoolExecutor(len(MODES) * len(commands))
    found = {
        (name, mode): pool.submit(live, tmp_path_factory.mktemp("life"), command, mode)
        for name, command in commands.items()
        for mode in MODES
    }
    pool.shutdown(wait=False)
    return found


def live(folder: Path, command: list[str], mode: str) -> tuple[Recording, Path]:
    """Played again, a few times, where the machine was too late for one second to be told from the next."""
    script = {"work": SHORT_LIFE, "aborted": [(0.5, b"<abort/>")]}.get(mode, [])
    for attempt in range(ATTEMPTS):
        slot = make_slot(folder / str(attempt), checkpoint_period="4.000000", wu_cpu_time="0.010000")
        seen = FakeClient(slot).play([*command, "work" if mode == "aborted" else mode], script, slot)
        if seen.slack < TOO_LATE:
            break
    return seen, slot


@pytest.fixture(params=PROGRAMS)
def of(request: pytest.FixtureRequest, lives: dict[tuple[str, str], Future[tuple[Recording, Path]]]) -> Lives:
    """The recording, and the slot, of one mode of this program."""
    if (request.param, "work") not in lives:
        pytest.skip("libboinc-app-dev or g++ is not installed")
    return lambda mode: lives[request.param, mode].result()


def came_at(seen: Recording, messages: list[tuple[float, bytes]], seconds: tuple[int, ...]) -> bool:
    """Whether the messages came at these full seconds, each within a third of one and what the machine was late."""
    return all(abs(at - second) < 0.35 + seen.slack for (at, _), second in zip(messages, seconds, strict=True))


def shape(message: bytes) -> bytes:
    return NUMBER.sub(b"#", message)


def numbers(message: bytes) -> list[float]:
    return [float(number) for number in NUMBER.findall(message)]


def test_a_short_life_second_by_second(of: Lives) -> None:
    seen, slot = of("work")
    assert [shape(message) for _, message in seen.statuses] == [MESSAGE] * 6
    assert came_at(seen, seen.statuses, (1, 2, 3, 7, 8, 9)), seen.statuses
    assert all(len(message) == 150 for _, message in seen.statuses)
    assert seen.code == 0
    assert seen.ended - 9.6 < 0.5 + seen.slack
    assert {path.name for path in slot.iterdir()} == LEFT


def test_a_checkpoint_during_the_life_is_told_in_the_next_message(of: Lives) -> None:
    current, checkpoint, fraction = zip(*(numbers(message) for _, message in of("work")[0].statuses), strict=True)
    assert checkpoint[:3] == (0.01, 0.01, 0.01)
    # The countdown ends at 4 s, while suspended. We ask for the checkpoint at once after the resume at 6.4 s, the
    # library with its next full second and so after that second's message.
    assert 0.01 < checkpoint[4] == checkpoint[5] <= current[4]
    assert checkpoint[3] in (0.01, checkpoint[4])
    assert list(current) == sorted(current)
    assert list(fraction) == sorted(set(fraction))
    assert fraction[0] < 0.03


def test_the_rest_of_the_memory_is_never_touched(of: Lives) -> None:
    seen, _ = of("work")
    assert all(offset in (0, 4096) or 5120 <= offset < 5120 + 152 for offset in seen.touched), seen.touched
    assert seen.memory[:9] == b"\0<quit/>\0", "the text of a message taken stays"


def test_messages_are_taken_at_once(of: Lives) -> None:
    seen, _ = of("work")
    assert set(seen.reaction) == {message for _, message in SHORT_LIFE}
    assert all(seconds < 0.35 + seen.slack for seconds in seen.reaction.values()), seen.reaction


def test_abort(of: Lives) -> None:
    seen, slot = of("aborted")
    assert seen.code == 194
    assert seen.ended - 0.5 < 0.5 + seen.slack
    assert {path.name for path in slot.iterdir()} == LEFT


@pytest.mark.parametrize(
    ("mode", "content"),
    [
        ("finish", b"0\n"),
        ("finish with a message", b"0\nall fine\n\n"),
        ("finish with a notice", b"0\nall fine\nnotice\n"),
    ],
)
def test_finish(of: Lives, mode: str, content: bytes) -> None:
    seen, slot = of(mode)
    assert seen.code == 0
    assert (slot / "boinc_finish_called").read_bytes() == content
    assert [shape(message) for _, message in seen.statuses] == [MESSAGE]
    assert numbers(seen.statuses[0][1])[2] == 1.0
    assert {path.name for path in slot.iterdir()} == LEFT | {"boinc_finish_called"}


@pytest.mark.parametrize(
    ("mode", "content"),
    [
        ("temporary exit", b"600\nno memory left\n"),
        ("temporary exit with a notice", b"600\nno memory left\nnotice\n"),
    ],
)
def test_temporary_exit(of: Lives, mode: str, content: bytes) -> None:
    seen, slot = of(mode)
    assert seen.code == 0
    # The library ends the reason's file with an empty line where there is no notice; the client reads both alike.
    assert (slot / "boinc_temporary_exit").read_bytes().rstrip(b"\n") == content.rstrip(b"\n")
    assert seen.statuses == []
    assert {path.name for path in slot.iterdir()} == LEFT | {"boinc_temporary_exit"}


def test_mail_is_announced_at_the_next_full_second(of: Lives) -> None:
    seen, slot = of("mail")
    assert [text for _, text in seen.mail] == [b"<have_new_trickle_up/>\n", b"<have_new_upload_file/>\n"]
    assert came_at(seen, seen.mail, (1, 2)), seen.mail
    assert (slot / "trickle_up.xml").read_bytes() == b"<variety>progress</variety>\n<x>1</x>\n"
    assert (slot / "boinc_ufr_result.msgpack").read_bytes() == b""
    assert shape(seen.statuses[0][1]) == SILENT, "a fraction though none was reported"
