"""The runtime itself: a timer thread that talks to the client, and the face the program sees.

The timer thread reads the client's messages every 0.1 s and each second tests whether the client lives and sends a
status message. It also enforces endings a program fails to carry out itself. Every duration is monotonic time.
"""

import contextlib
import logging
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from wrapper import channels, control, endings, init_data, posix, softlink, status
from wrapper.control import Request
from wrapper.init_data import InitData
from wrapper.slot import INIT_DATA_FILE, LOCK_FILE, LOCK_RETRY_DELAY, MEMORY_FILE, map_memory, read_init_data, take_lock

# Seconds. Not Final: tests shorten them.
POLL_INTERVAL = 0.1  # control and heartbeat channels
STATUS_INTERVAL = 1.0  # liveness and status message
PID_TEST_INTERVAL = 10.0  # between two tests of the client's process
HEARTBEAT_TIMEOUT = 30.0  # without a client_pid: silence after which the client counts as gone
QUIT_GRACE = 1.0  # for the program to stop by itself after a quit
FINISH_WAIT = 2.0  # for the client to read the last status message
DEFAULT_CHECKPOINT_PERIOD = 300.0

log = logging.getLogger("wrapper")


def start(
    slot: Path,
    *,
    lock_retry_delay: float = LOCK_RETRY_DELAY,
    exit_process: Callable[[int], object] = os._exit,
) -> "Runtime":
    """Take the slot directory and begin to talk to the client. Files are taken relative to `slot`, not to the cwd.

    If the lock is held, waits `lock_retry_delay` seconds and tries once more. `exit_process` ends the process with
    the code it is given, at once and from any thread. Without a readable init_data.xml, or if the shared memory cannot
    be mapped, the program runs standalone. Raises SlotBusy, or OSError if the lock file cannot be created.
    """
    slot = slot.absolute()
    lock = take_lock(slot, lock_retry_delay)
    try:
        endings.remove_endings(slot)
        init = read_init_data(slot)
        return Runtime(slot, lock, init, map_memory(slot, init), exit_process)
    except BaseException:
        posix.release_lock(slot / LOCK_FILE, lock)
        raise


class Runtime:
    """A slot directory taken, and the client listened to, until `finish`, `temporary_exit` or `close`.

    Made by `start`. All methods may be called from any thread.
    """

    def __init__(
        self,
        slot: Path,
        lock: int,
        init: InitData | None,
        memory: mmap.mmap | None,
        exit_process: Callable[[int], object],
    ) -> None:
        now = time.monotonic()
        self.init: InitData | None = init  # None if there is no readable init_data.xml
        self._slot = slot
        self._exit_process = exit_process
        # The client rewrites wu_cpu_time with the CPU time of this very run: only the value at the start is an offset.
        self._earlier_cpu_time = init.wu_cpu_time if init else 0.0
        self._state = threading.Condition()  # guards everything below
        self._lock: int | None = lock
        self._memory = memory
        self._wishes = control.Wishes()
        self._sections = 0  # critical sections open now, in all threads
        self._ending: tuple[int, float] | None = None  # exit code, and when to enforce it
        self._fraction: float | None = None
        self._checkpoint_cpu_time = self._earlier_cpu_time
        self._countdown_start = now
        self._heartbeat_expected = memory is not None
        self._last_heartbeat = now
        self._next_second = now + STATUS_INTERVAL
        self._next_pid_test = now + PID_TEST_INTERVAL
        self._stop = threading.Event()
        self._timer = threading.Thread(target=self._run_timer, name="boinc-timer", daemon=True)
        self._timer.start()

    @property
    def request(self) -> Request:
        """What the client wants now. QUIT also when the client has gone; RUN for ever in standalone mode."""
        return self._wishes.request

    def wait(self, timeout: float | None = None) -> Request:
        """Sleep while the client wants us suspended, at most `timeout` seconds; the present request.

        Never sleeps inside a critical section: a suspension takes effect at its end.
        """
        with self._state:
            self._state.wait_for(lambda: not self._suspended() or self._stop.is_set(), timeout)
        return self.request

    def resolve(self, logical_name: str) -> Path:
        """The absolute path of the file that a logical name stands for (BOINC runtime protocol, "soft links")."""
        return softlink.resolve(self._slot, logical_name)

    def report(self, fraction: float) -> None:
        """Tell how much of the work is done, 0..1. What the client sees never goes back. Raises ValueError for NaN."""
        with self._state:
            start, end = (self.init.fraction_done_start, self.init.fraction_done_end) if self.init else (0.0, 1.0)
            self._fraction = status.fraction_to_send(fraction, start, end, self._fraction)

    def checkpoint_due(self) -> bool:
        """Whether the user's checkpoint period (300 s if not set) has passed since the start or the last checkpoint.

        Time spent suspended counts.
        """
        period = int(self.init.checkpoint_period) if self.init else 0  # the reference counts whole seconds
        return time.monotonic() - self._countdown_start >= (period or DEFAULT_CHECKPOINT_PERIOD)

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        """A critical section around writing a checkpoint. If it succeeds, the client learns of it by the CPU time.

        An exception leaves the section without a checkpoint recorded.
        """
        with self.critical_section():
            yield
            with self._state:
                self._checkpoint_cpu_time = self._cpu_time()
                self._countdown_start = time.monotonic()

    @contextlib.contextmanager
    def critical_section(self) -> Iterator[None]:
        """Nothing the client wants, nor its death, is enforced before the end of this section. Sections may nest."""
        with self._state:
            self._sections += 1
        try:
            yield
        finally:
            with self._state:
                self._sections -= 1
                self._end_if_due(time.monotonic())

    def finish(self, message: str | None = None, notice: bool = False) -> None:
        """The task is done: tell the client, write boinc_finish_called, leave the slot. Then exit with 0 at once.

        An attached client gets up to 2 s to read the last status message. A one-line `message` is shown in the
        client's log, as a notice to the user with `notice`. A quit or abort from now on changes nothing. Raises
        ValueError for a message that is not one line (nothing is done then), OSError if the file cannot be written.
        """
        content = endings.finish_bytes(message, notice)
        self._stop_timer()
        self.report(1.0)
        self._deliver_last_status()
        endings.write_ending(self._slot / endings.FINISH_FILE, content)
        self.close()

    def temporary_exit(self, delay: float, reason: str) -> None:
        """Ask the client to start the task again after `delay` seconds (0..86400), leave the slot. Then exit with 0.

        The user sees the one-line `reason`. Raises ValueError for other values (nothing is done then), OSError if the
        file cannot be written.
        """
        content = endings.temporary_exit_bytes(delay, reason)
        self._stop_timer()
        endings.write_ending(self._slot / endings.TEMPORARY_EXIT_FILE, content)
        self.close()

    def close(self) -> None:
        """Leave the slot: no more messages, the lock released and deleted. May be called again."""
        self._stop_timer()
        with self._state:
            memory, self._memory = self._memory, None
            if memory is not None:
                memory.close()
            self._release_lock()

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # The timer thread.

    def _run_timer(self) -> None:
        try:
            while not self._stop.wait(POLL_INTERVAL):
                with self._state:
                    self._tick(time.monotonic())
        except Exception as error:
            # A program that no longer hears its client must not go on: neither suspend nor quit would reach it.
            log.critical("the BOINC timer thread failed and ends the program: %r", error)
            with self._state:
                self._ending = (endings.EXIT_FAILED, 0.0)
                self._end_if_due(time.monotonic())

    def _tick(self, now: float) -> None:
        self._read_control(now)
        self._read_heartbeat(now)
        if now >= self._next_second:
            self._next_second += STATUS_INTERVAL
            if self._next_second <= now:  # the whole process stood still: missed seconds are not made up for
                self._next_second = now + STATUS_INTERVAL
            self._test_client(now)
            self._send_status()
        self._end_if_due(now)

    def _read_control(self, now: float) -> None:
        memory = self._whole_memory()
        message = channels.receive(memory, channels.CONTROL) if memory is not None else None
        if message is None:
            return
        if control.REREAD in message:
            self._reread_init_data()
        wishes = control.apply(self._wishes, message)
        if wishes.quit and not self._wishes.quit:
            log.info("the client asks the program to stop")
        self._set_wishes(wishes, now)

    def _set_wishes(self, wishes: control.Wishes, now: float) -> None:
        before, self._wishes = self._wishes, wishes
        if wishes.abort and not before.abort:
            log.warning("the client aborts the task")
            self._ending = (endings.EXIT_ABORTED, now)
        elif wishes.quit and self._ending is None:
            self._ending = (endings.EXIT_STOPPED, now + QUIT_GRACE)
        self._state.notify_all()

    def _reread_init_data(self) -> None:
        try:
            self.init = init_data.read(self._slot / INIT_DATA_FILE)
        except (OSError, ValueError) as error:
            log.warning("%s: keeping the former values", error)

    def _read_heartbeat(self, now: float) -> None:
        memory = self._whole_memory()
        message = channels.receive(memory, channels.HEARTBEAT) if memory is not None else None
        if message is not None and control.HEARTBEAT in message:
            self._last_heartbeat = now

    def _test_client(self, now: float) -> None:
        if self._wishes.quit or self._wishes.abort:
            return
        pid = self.init.client_pid if self.init else 0
        if pid:
            if now < self._next_pid_test:
                return
            self._next_pid_test = now + PID_TEST_INTERVAL
            gone = not posix.process_is_alive(pid)
        else:
            gone = self._heartbeat_expected and now - self._last_heartbeat > HEARTBEAT_TIMEOUT
        if gone:
            log.warning("the client has gone: stopping")
            self._set_wishes(control.Wishes(self._wishes.suspend, quit=True), now)

    def _send_status(self) -> None:
        if self._wishes.quit or self._wishes.abort or self._suspended():
            return
        memory = self._whole_memory()
        if memory is not None:
            channels.send(memory, channels.STATUS, self._status_message())  # not yet read: the next one is newer

    # Shared by the timer thread and the program's threads.

    def _suspended(self) -> bool:
        return self.request is Request.SUSPEND and not self._sections

    def _cpu_time(self) -> float:
        """User and system seconds of this process (children are not counted) and of the task's earlier runs."""
        return self._earlier_cpu_time + time.process_time()

    def _status_message(self) -> bytes:
        return status.status_message(self._cpu_time(), self._checkpoint_cpu_time, self._fraction)

    def _whole_memory(self) -> mmap.mmap | None:
        if self._memory is not None and not posix.memory_is_whole(self._memory):
            log.warning("%s has been cut off: the client cannot be heard any more", self._slot / MEMORY_FILE)
            self._memory = None
        return self._memory

    def _deliver_last_status(self) -> None:
        """Wait for the former message to be read, send the last one, wait for it to be read; all in 2 s."""
        deadline = time.monotonic() + FINISH_WAIT
        sent = False
        while time.monotonic() < deadline:
            with self._state:
                memory = self._whole_memory()
                if memory is None or (sent and not channels.is_full(memory, channels.STATUS)):
                    return
                sent = sent or channels.send(memory, channels.STATUS, self._status_message())
            time.sleep(0.02)

    def _stop_timer(self) -> None:
        self._stop.set()
        with self._state:
            self._state.notify_all()
        if threading.current_thread() is not self._timer:
            self._timer.join()

    def _end_if_due(self, now: float) -> None:
        """Exit the process if an ending is due and no critical section open.

        Called with the state locked: a thread on its way into a section waits for us, in vain.
        """
        if self._ending is None or self._sections or now < self._ending[1] or self._stop.is_set():
            return
        code, _ = self._ending
        self._stop.set()
        try:
            with contextlib.suppress(OSError, ValueError, AttributeError):  # disk full; closed; None in some programs
                sys.stderr.flush()
            self._release_lock()
        except OSError as error:
            log.warning("%s could not be released: %s", self._slot / LOCK_FILE, error)
        finally:
            self._exit_process(code)

    def _release_lock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            posix.release_lock(self._slot / LOCK_FILE, lock)
