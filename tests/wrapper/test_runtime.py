"""The runtime inside the test's own process: everything that needs no death of a process."""

import logging
import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.held import Held
from tests.support.lateness import Lateness, Took
from tests.support.waiting import wait_until
from tests.wrapper.fake_client import CONTROL, HEARTBEAT, STATUS, Memory, init_data, make_slot
from wrapper import Heartbeat, Request, Runtime, SlotBusy, control, listen, liveness, runtime, start
from wrapper.slot import LOCK_RETRY_DELAY


class Rig:
    """A slot, its client's end of the memory, runtimes started in it, and the exit codes they asked for."""

    def __init__(self, slot: Path) -> None:
        self.slot = slot
        self.memory = Memory(slot)
        self.exits: list[int] = []
        self.started: list[Runtime] = []

    def start(self, **fields: object) -> Runtime:
        if fields:
            (self.slot / "init_data.xml").write_bytes(init_data(**fields))
        self.started.append(start(self.slot, exit_process=self.exits.append))
        return self.started[-1]

    def put(self, message: bytes) -> None:
        self.memory.put(CONTROL, message)
        until(lambda: not self.memory.full(CONTROL))

    def status(self) -> bytes:
        """The next status message."""
        self.memory.clear(STATUS)
        until(lambda: self.memory.full(STATUS))
        return self.memory.text(STATUS)


def until(condition: Callable[[], bool]) -> None:
    """Until a thread of this process has done what takes it a moment."""
    wait_until(condition, "what the timer thread does", lambda: None, patience=60.0)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(runtime, "STATUS_INTERVAL", 0.2)
    rig = Rig(make_slot(tmp_path))
    yield rig
    for task in rig.started:
        task.close()
    rig.memory.bytes.close()


def test_start_takes_the_slot_and_clears_an_earlier_ending(rig: Rig) -> None:
    for name in ("boinc_temporary_exit", "boinc_finish_called"):
        (rig.slot / name).write_text("0\n")
    with rig.start() as task:
        assert (rig.slot / "boinc_lockfile").exists()
        assert not (rig.slot / "boinc_temporary_exit").exists()
        assert not (rig.slot / "boinc_finish_called").exists()
        assert task.init is not None
        assert task.init.wu_name == "wu_1"
        assert task.request is Request.RUN
        assert task.wait() is Request.RUN
        assert task.resolve("wu.json").read_text() == "{}"
    assert not (rig.slot / "boinc_lockfile").exists()
    task.close()


def test_nothing_is_read_or_written_after_close(rig: Rig) -> None:
    task = rig.start()
    task.close()
    rig.memory.put(CONTROL, b"<abort/>")
    rig.memory.put(HEARTBEAT, b"<heartbeat/>")
    time.sleep(0.4)
    assert rig.memory.full(CONTROL)
    assert not rig.memory.full(STATUS)
    assert rig.exits == []
    assert [t for t in threading.enumerate() if t.name == "boinc-timer"] == []


def test_an_error_in_the_program_releases_the_slot(rig: Rig) -> None:
    with pytest.raises(RuntimeError), rig.start():
        raise RuntimeError
    assert not (rig.slot / "boinc_lockfile").exists()


def test_a_held_slot_is_tried_twice_then_busy(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    hold = "import sys, pathlib; from wrapper import posix; posix.take_lock(pathlib.Path(sys.argv[1])); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(rig.slot / "boinc_lockfile")], stdin=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    try:
        until(lambda: (rig.slot / "boinc_lockfile").exists())
        time.sleep(0.1)
        (rig.slot / "boinc_finish_called").write_text("0\n")
        with Lateness() as lateness:
            with pytest.raises(SlotBusy, match="boinc_lockfile is held by another process; wait"):
                start(rig.slot, lock_retry_delay=0.3)
            took = lateness.took()
        assert took.seconds >= 0.3
        assert took.at_most(1.0), took
        assert (rig.slot / "boinc_finish_called").exists(), "the slot of another process was touched"
        assert "trying once more in 0.3 s" in caplog.text
        threading.Timer(0.2, holder.stdin.close).start()
        with start(rig.slot, lock_retry_delay=2.0):
            pass
    finally:
        holder.stdin.close()
        holder.wait()


def test_wait_sleeps_through_a_suspension_and_wakes_at_once(rig: Rig) -> None:
    task = rig.start()
    rig.put(b"<suspend/>")
    until(lambda: task.request is Request.SUSPEND)
    with Lateness() as lateness:
        assert task.wait(0.3) is Request.SUSPEND
        took = lateness.took()
    assert took.seconds >= 0.3
    assert took.at_most(0.6), took
    woken: list[tuple[Request, float]] = []
    sleeper = threading.Thread(target=lambda: woken.append((task.wait(), time.monotonic())))
    sleeper.start()
    with Lateness() as lateness:
        rig.put(b"<resume/>")
        cleared = time.monotonic()
        sleeper.join(60.0)
    assert woken[0][0] is Request.RUN
    assert Took(woken[0][1] - cleared, lateness.worst).at_most(0.1)


def test_wait_does_not_sleep_inside_a_critical_section(rig: Rig) -> None:
    task = rig.start()
    with task.critical_section():
        rig.put(b"<suspend/>")
        until(lambda: task.request is Request.SUSPEND)
        assert task.wait(5.0) is Request.SUSPEND
        rig.status()  # still running, still telling
    began = time.monotonic()
    assert task.wait(0.2) is Request.SUSPEND
    assert time.monotonic() - began >= 0.2


def test_a_message_may_hold_several_tags_and_garbage(rig: Rig) -> None:
    task = rig.start()
    rig.put(b"\xff\xfe<nonsense/>" + b"\x80" * 900)
    rig.put(b"<network_available/><suspend/>\xff<what/>")
    until(lambda: task.request is Request.SUSPEND)
    rig.memory.bytes[0:1024] = b"\xfe" * 1024  # no NUL, a strange flag
    until(lambda: not rig.memory.full(CONTROL))
    rig.memory.bytes[4096:5120] = b"\x01" + b"\x99" * 1023
    until(lambda: not rig.memory.full(HEARTBEAT))
    rig.put(b"<suspend/>\n<resume/>\n")
    until(lambda: task.request is Request.RUN)
    assert rig.exits == []


def test_what_the_heartbeat_tells_is_known(rig: Rig) -> None:
    task = rig.start()
    assert task.heartbeat is None
    rig.memory.put(HEARTBEAT, b"<heartbeat/><wss>5.000000e+07</wss><max_wss>2.000000e+10</max_wss>")
    until(lambda: task.heartbeat is not None)
    assert task.heartbeat == Heartbeat(5e7, 2e10)


def test_quit_by_a_signal_is_a_quit(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "QUIT_PATIENCE", 1.0)
    task = rig.start()
    former = signal.signal(signal.SIGTERM, lambda *_: task.quit())
    try:
        with task.critical_section():
            signal.raise_signal(signal.SIGTERM)
            assert task.request is Request.QUIT
            time.sleep(1.3)
            assert rig.exits == []
    finally:
        signal.signal(signal.SIGTERM, former)
    assert rig.exits == [0]


def test_fraction_is_mapped_and_never_goes_back(rig: Rig) -> None:
    task = rig.start(fraction_done_start="0.5", fraction_done_end="0.75")
    assert b"fraction_done" not in rig.status()
    task.report(0.0)
    assert b"<fraction_done>5.000000e-01</fraction_done>" in rig.status()
    task.report(0.8)
    task.report(0.4)
    assert b"<fraction_done>7.000000e-01</fraction_done>" in rig.status()
    task.report(7.0)
    assert b"<fraction_done>7.500000e-01</fraction_done>" in rig.status()
    with pytest.raises(ValueError, match="not a number"):
        task.report(float("nan"))


def cpu_times(message: bytes) -> tuple[float, float]:
    current, checkpoint = (float(line.partition(b">")[2].partition(b"<")[0]) for line in message.splitlines()[:2])
    return current, checkpoint


def test_a_checkpoint_moves_its_cpu_time_and_restarts_the_countdown(rig: Rig) -> None:
    with Lateness() as lateness:
        task = rig.start(checkpoint_period="1.900000", wu_cpu_time="100.000000")
        own = time.process_time()
        current, checkpoint = cpu_times(rig.status())
        assert checkpoint == 100.0
        assert current == pytest.approx(100.0 + own, abs=0.5)
        assert not task.checkpoint_due()
        rig.put(b"<suspend/>")
        until(task.checkpoint_due)  # the countdown runs while suspended, in whole seconds
        took = lateness.took()
    assert took.seconds > 0.9
    assert took.at_most(1.5), took
    rig.put(b"<resume/>")
    with pytest.raises(OSError, match="full"), task.checkpointing():
        raise OSError("disk full")
    assert task.checkpoint_due()
    assert cpu_times(rig.status())[1] == 100.0
    with task.checkpointing():
        pass
    assert not task.checkpoint_due()
    current, checkpoint = cpu_times(rig.status())
    assert 100.0 < checkpoint <= current


def test_the_default_checkpoint_period(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "DEFAULT_CHECKPOINT_PERIOD", 0.2)
    task = rig.start(checkpoint_period="0.900000")
    assert not task.checkpoint_due()
    until(task.checkpoint_due)


def test_reread_takes_the_new_period_but_not_the_cpu_time(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    task = rig.start(checkpoint_period="60")
    (rig.slot / "init_data.xml").write_bytes(init_data(checkpoint_period="1", wu_cpu_time="5000"))
    rig.put(b"<reread_app_info/>")
    until(lambda: task.init is not None and task.init.checkpoint_period == 1)
    until(task.checkpoint_due)
    assert cpu_times(rig.status())[0] < 4000.0, "CPU time of this run counted twice"
    for content in (b"torn <app_init_data>", None):
        (rig.slot / "init_data.xml").unlink()
        if content:
            (rig.slot / "init_data.xml").write_bytes(content)
        rig.put(b"<reread_app_info/>")
        rig.status()
    assert task.init is not None
    assert task.init.checkpoint_period == 1
    assert caplog.text.count("keeping the former values") == 2


def test_while_a_start_file_is_held_it_is_read_again_and_the_client_is_heard(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = rig.start(checkpoint_period="60")
    (rig.slot / "init_data.xml").write_bytes(init_data(checkpoint_period="1"))
    held = Held("init_data.xml", monkeypatch, attempts=math.inf)
    rig.put(b"<reread_app_info/>")
    until(lambda: len(held.refused) > 2)
    rig.put(b"<suspend/>")
    until(lambda: task.request is Request.SUSPEND)
    assert task.init is not None
    assert task.init.checkpoint_period == 60
    held.attempts = 0
    until(lambda: task.init is not None and task.init.checkpoint_period == 1)


def test_patience_with_a_start_file_ends(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runtime, "PATIENCE", 0.3)
    task = rig.start(checkpoint_period="60")
    held = Held("init_data.xml", monkeypatch, attempts=math.inf)
    rig.put(b"<reread_app_info/>")
    until(lambda: "keeping the former values" in caplog.text)
    refused = len(held.refused)
    assert refused > 2
    rig.status()
    assert len(held.refused) == refused
    assert task.init is not None
    assert task.init.checkpoint_period == 60


def test_an_unread_status_is_not_overwritten(rig: Rig) -> None:
    task = rig.start()
    first = rig.status()
    task.report(0.5)
    time.sleep(0.5)
    assert rig.memory.text(STATUS) == first
    assert b"5.000000e-01" in rig.status()


def test_wall_clock_jumps_do_not_matter(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "HEARTBEAT_TIMEOUT", 1.0)
    monkeypatch.setattr(time, "time", lambda: 1e12)
    task = rig.start(client_pid=0)
    rig.status()
    assert not task.checkpoint_due()
    assert task.request is Request.RUN


def test_quit_is_left_to_the_program_for_the_patience_then_enforced(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "QUIT_PATIENCE", 1.0)
    task = rig.start()
    with Lateness() as lateness:
        rig.put(b"<quit/>")
        until(lambda: task.request is Request.QUIT)
        assert rig.exits == []
        rig.memory.clear(STATUS)
        until(lambda: rig.exits == [0])
        took = lateness.took()
    assert not rig.memory.full(STATUS), "a status message after the quit"
    assert took.seconds > 0.8
    assert took.at_most(1.4), took
    assert not (rig.slot / "boinc_lockfile").exists()
    time.sleep(0.3)
    assert rig.exits == [0]


def test_a_program_that_computes_on_after_a_quit_has_the_grace_of_processor_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "QUIT_GRACE", 0.5 / threading.active_count())  # the timer will be one more
    monkeypatch.setattr(runtime, "QUIT_PATIENCE", 3600.0)
    task = rig.start()
    rig.put(b"<quit/>")
    until(lambda: task.request is Request.QUIT)
    begun = time.process_time()
    time.sleep(1.0)
    assert rig.exits == [], "ended by time that it did not have"
    until(lambda: bool(sum(range(10_000)) and rig.exits))
    assert rig.exits == [0]
    assert time.process_time() - begun > 0.4


def test_a_second_without_processor_time_is_no_reason_to_end_it(rig: Rig) -> None:
    task = rig.start()
    rig.put(b"<quit/>")
    until(lambda: task.request is Request.QUIT)
    time.sleep(2.0)
    assert rig.exits == []


def test_time_in_which_the_process_stands_still_is_no_part_of_the_patience(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computer that sleeps, a starved process: its timer looks as seldom as the program computes."""
    monkeypatch.setattr(runtime, "QUIT_PATIENCE", 1.0)
    monkeypatch.setattr(runtime, "SECTION_PATIENCE", 1.0)
    task = rig.start()
    with task.critical_section():
        rig.put(b"<quit/>")
        until(lambda: task.request is Request.QUIT)
        with task._state:  # what the timer waits for
            time.sleep(1.5)
        time.sleep(0.2)
        assert rig.exits == []
        until(lambda: bool(rig.exits))
    assert rig.exits == [0]


def test_a_section_that_hangs_is_left_in_the_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "QUIT_PATIENCE", 0.1)
    monkeypatch.setattr(runtime, "SECTION_PATIENCE", 1.0)
    task = rig.start()
    with task.critical_section():
        rig.put(b"<quit/>")
        time.sleep(0.5)
        assert rig.exits == []
        until(lambda: bool(rig.exits))
    assert rig.exits == [0]


def test_what_has_to_leave_in_time_does() -> None:
    """Before a successor that waits for the lock gives up; before the client kills."""
    assert liveness.PID_TEST_INTERVAL + runtime.QUIT_PATIENCE < LOCK_RETRY_DELAY
    assert runtime.QUIT_PATIENCE < 60.0


def test_a_want_of_memory_in_the_timer_thread_passes(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    task = rig.start()
    monkeypatch.setattr(control, "heartbeat", lambda message: bytearray(1 << 60))
    rig.memory.put(HEARTBEAT, b"<heartbeat/>")
    until(lambda: not rig.memory.full(HEARTBEAT))
    rig.put(b"<suspend/>")
    until(lambda: task.request is Request.SUSPEND)
    assert rig.exits == []


def test_a_program_that_waits_for_its_slot_hears_the_client_and_touches_no_lock(rig: Rig) -> None:
    holder = rig.start()
    holder.close()
    (rig.slot / "boinc_lockfile").write_bytes(b"of somebody")
    waiting = listen(rig.slot, exit_process=rig.exits.append)
    rig.put(b"<quit/>")
    until(lambda: waiting.request is Request.QUIT)
    waiting.temporary_exit(10, "no lock")
    assert (rig.slot / "boinc_temporary_exit").read_bytes() == b"10\nno lock\n"
    assert (rig.slot / "boinc_lockfile").exists()
    assert rig.exits == []


def test_a_program_that_closes_in_the_grace_is_left_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "QUIT_PATIENCE", 1.0)
    task = rig.start()
    rig.put(b"<quit/>")
    with task.checkpointing():
        pass
    task.close()
    time.sleep(1.3)
    assert rig.exits == []


def test_the_end_of_a_section_enforces_what_came_meanwhile(rig: Rig) -> None:
    task = rig.start()
    with task.critical_section():
        with task.critical_section():
            rig.put(b"<abort/>")
            until(lambda: task.request is Request.ABORT)
            time.sleep(0.3)
        assert rig.exits == []
    assert rig.exits == [194]  # by the leaving thread itself: not one statement of the program comes between


def test_finish_in_a_quit_is_still_a_finish(rig: Rig) -> None:
    task = rig.start()
    rig.put(b"<quit/>")
    task.finish()
    assert (rig.slot / "boinc_finish_called").read_bytes() == b"0\n"
    assert rig.exits == []


def test_finish_waits_for_an_absent_reader_two_seconds_only(rig: Rig) -> None:
    task = rig.start()
    rig.status()
    with Lateness() as lateness:
        task.finish()
        took = lateness.took()
    assert took.seconds > 1.9
    assert took.at_most(2.5), took
    assert (rig.slot / "boinc_finish_called").exists()


def test_endings_refused_leave_everything_as_it_was(rig: Rig) -> None:
    task = rig.start()
    with pytest.raises(ValueError, match="one line"):
        task.finish("two\nlines")
    with pytest.raises(ValueError, match="0 to 86400"):
        task.temporary_exit(1e9, "no")
    rig.status()
    assert (rig.slot / "boinc_lockfile").exists()


@pytest.mark.parametrize("kind", ["missing", "garbage", "huge"])
def test_standalone_without_a_readable_init_data(rig: Rig, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    caplog.set_level(logging.INFO, "wrapper")
    path = rig.slot / "init_data.xml"
    path.unlink()
    if kind != "missing":
        path.write_bytes(b"no XML" if kind == "garbage" else bytes(2 << 20))
    rig.memory.put(CONTROL, b"<quit/>")
    task = rig.start()
    with Lateness() as lateness:
        assert task.init is None
        task.report(0.5)
        assert not task.checkpoint_due()
        with task.checkpointing():
            pass
        time.sleep(0.4)
        assert task.request is Request.RUN
        assert rig.memory.full(CONTROL)
        assert not rig.memory.full(STATUS)
        task.finish()
        took = lateness.took()
    assert took.at_most(1.0), took
    assert (rig.slot / "boinc_finish_called").read_bytes() == b"0\n"
    assert "running standalone" in caplog.text


@pytest.mark.parametrize("obstacle", ["segment", "missing file", "short file"])
def test_without_the_mapped_file_the_program_runs_on(rig: Rig, caplog: pytest.LogCaptureFixture, obstacle: str) -> None:
    if obstacle != "segment":
        (rig.slot / "boinc_mmap_file").unlink()
    if obstacle == "short file":
        (rig.slot / "boinc_mmap_file").write_bytes(bytes(1024))
    task = rig.start(shm_key=16788704 if obstacle == "segment" else -1)
    assert caplog.text.count("running standalone") == 1
    assert task.init is not None
    time.sleep(0.3)
    assert task.request is Request.RUN


def test_without_the_mapped_file_silence_is_no_death(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "HEARTBEAT_TIMEOUT", 0.2)
    task = rig.start(shm_key=16788704, client_pid=0)
    time.sleep(0.8)
    assert task.request is Request.RUN


def test_no_log_line_holds_the_secret(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    task = rig.start()
    rig.put(b"<reread_app_info/>")
    rig.put(b"<quit/>")
    task.close()
    assert "0123456789abcdef" not in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_a_missing_slot_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="boinc_lockfile"):
        start(tmp_path / "nowhere")


def test_a_start_that_fails_releases_the_lock(rig: Rig) -> None:
    (rig.slot / "boinc_finish_called").mkdir()
    with pytest.raises(OSError, match="boinc_finish_called"):
        rig.start()
    assert not (rig.slot / "boinc_lockfile").exists()
