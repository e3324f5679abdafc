"""Trickles and early uploads: files in the slot, and the channel that announces them."""

import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.held import Held
from tests.support.waiting import wait_until
from tests.wrapper.fake_client import FakeClient, Memory, make_slot
from wrapper import Request, Runtime, channels, mail, runtime, start


@pytest.fixture
def slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(runtime, "STATUS_INTERVAL", 0.2)
    return make_slot(tmp_path)


def started(slot: Path, every: float) -> Runtime:
    return start(slot, progress_trickle=every, exit_process=lambda code: None)


def test_a_trickle_names_its_variety_in_one_plain_word() -> None:
    assert mail.trickle_bytes("progress", "<a>ü</a>\n") == "<variety>progress</variety>\n<a>ü</a>\n".encode()
    for variety in ("", "two words", "a<b", "naïve", "x\n"):
        with pytest.raises(ValueError, match="one word"):
            mail.trickle_bytes(variety, "")


def test_progress_is_told_again_and_again_but_not_before_there_is_any(slot: Path) -> None:
    memory = Memory(slot)
    with started(slot, every=0.5) as task:
        time.sleep(0.8)
        assert not memory.full(channels.TRICKLE_UP)
        assert not (slot / mail.TRICKLE_UP_FILE).exists()
        for fraction in (0.25, 0.5):
            task.report(fraction)
            wait_until(lambda: memory.full(channels.TRICKLE_UP), "mail", lambda: None, patience=60.0)
            assert memory.text(channels.TRICKLE_UP) == b"<have_new_trickle_up/>\n"
            variety, done, cpu = (slot / mail.TRICKLE_UP_FILE).read_text().splitlines()
            assert (variety, done) == (
                "<variety>progress</variety>",
                f"<fraction_done>{fraction:e}</fraction_done>",
            )
            assert 0 < float(cpu.removeprefix("<cpu_time>").removesuffix("</cpu_time>")) < 1e4
            (slot / mail.TRICKLE_UP_FILE).unlink()
            memory.clear(channels.TRICKLE_UP)


def test_a_trickle_that_cannot_be_written_costs_a_line_not_the_task(
    slot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (slot / mail.TRICKLE_UP_FILE).mkdir()
    with started(slot, every=0.1) as task:
        task.report(0.5)
        wait_until(lambda: "not told the progress" in caplog.text, "mail", lambda: None, patience=60.0)
        time.sleep(0.3)
        assert not Memory(slot).full(channels.TRICKLE_UP)


def test_a_trickle_that_is_held_keeps_nobody_from_hearing_the_client(
    slot: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The timer thread writes it: no patience there."""
    held = Held(f"{mail.TRICKLE_UP_FILE}.partial", monkeypatch, attempts=1, seconds=3600.0)
    with started(slot, every=0.3) as task:
        task.report(0.5)
        wait_until(lambda: "not told the progress" in caplog.text, "mail", lambda: None, patience=60.0)
        assert held.refused == ["replace"]
        memory = Memory(slot)
        wait_until(lambda: memory.full(channels.TRICKLE_UP), "mail", lambda: None, patience=60.0)


def test_the_client_is_heard_while_the_file_that_asks_for_an_upload_is_held(
    slot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(slot)
    (slot / "boinc_ufr_result.msgpack").touch()
    held = Held("boinc_ufr_result.msgpack", monkeypatch, attempts=math.inf)
    with started(slot, every=1e9) as task, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(task.upload, "result.msgpack")
        wait_until(lambda: len(held.refused) > 1, "refusals", lambda: None, patience=60.0)
        memory.put(channels.CONTROL, b"<suspend/>")
        wait_until(lambda: task.request is Request.SUSPEND, "the suspension", lambda: None, patience=60.0)
        held.attempts = 0
        asking.result()


def test_one_message_announces_everything_and_waits_for_an_empty_mailbox(slot: Path) -> None:
    memory = Memory(slot)
    memory.put(channels.TRICKLE_UP, b"not yet taken")
    with started(slot, every=1e9) as task:
        task.upload("result.msgpack")
        task.send_trickle_up("progress", "1")
        task.send_trickle_up("progress", "2")
        time.sleep(0.5)
        assert memory.text(channels.TRICKLE_UP) == b"not yet taken"
        memory.clear(channels.TRICKLE_UP)
        wait_until(lambda: memory.full(channels.TRICKLE_UP), "mail", lambda: None, patience=60.0)
        assert memory.text(channels.TRICKLE_UP) == b"<have_new_upload_file/>\n<have_new_trickle_up/>\n"
        assert (slot / mail.TRICKLE_UP_FILE).read_text().endswith("\n2")
        memory.clear(channels.TRICKLE_UP)
        time.sleep(0.5)
        assert not memory.full(channels.TRICKLE_UP)


def test_mail_left_at_the_end_is_announced_by_the_finish(slot: Path) -> None:
    memory = Memory(slot)
    threading.Timer(0.3, memory.clear, [channels.STATUS]).start()
    with started(slot, every=1e9) as task:
        task.send_trickle_up("progress", "1")
        task.finish()
    assert memory.text(channels.TRICKLE_UP) == b"<have_new_trickle_up/>\n"


def test_the_state_of_an_upload(slot: Path) -> None:
    with started(slot, every=1e9) as task:
        task.upload("result.msgpack")
        assert (slot / "boinc_ufr_result.msgpack").read_bytes() == b""
        assert task.upload_status("result.msgpack") is None
        for content, status in ((b"<status>0</status>\n", 0), (b"<status>-224</status>", -224), (b"\xff" * 999, None)):
            (slot / "boinc_ufs_result.msgpack").write_bytes(content)
            assert task.upload_status("result.msgpack") == status


def test_messages_from_the_server_are_taken_off_the_channel_and_found(slot: Path) -> None:
    memory = Memory(slot)
    with started(slot, every=1e9) as task:
        assert task.trickles_down() == []
        for name in ("trickle_down_2", "trickle_down_1", "trickle"):
            (slot / name).write_text("<x/>")
        memory.put(channels.TRICKLE_DOWN, b"<have_trickle_down/>\n")
        wait_until(lambda: not memory.full(channels.TRICKLE_DOWN), "mail", lambda: None, patience=60.0)
        assert [path.name for path in task.trickles_down()] == ["trickle_down_1", "trickle_down_2"]


def test_a_suspended_program_sends_no_mail(tmp_path: Path) -> None:
    slot = make_slot(tmp_path, client_pid=os.getpid())
    seen = FakeClient(slot).run("trickle", [(0.2, b"<suspend/>"), (2.2, b"<resume/>"), (3.2, b"<abort/>")])
    ((at, _),) = seen.mail
    assert abs(at - 3) < 0.5 + seen.slack
