"""The runtime itself: a timer thread that talks to the client, and the face the program sees.

The timer thread reads the client's messages many times a second and each second tests whether the client lives and
sends a status message. It also enforces endings a program fails to carry out itself. Every duration is monotonic time.
"""

import contextlib
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from patience import PATIENCE, may_be_held
from wrapper import channels, control, endings, init_data, mail, softlink, status, system
from wrapper.channels import Memory
from wrapper.control import Heartbeat, Request
from wrapper.files import prepare, put, write_whole
from wrapper.init_data import InitData
from wrapper.liveness import Liveness
from wrapper.slot import INIT_DATA_FILE, LOCK_FILE, LOCK_RETRY_DELAY, map_memory, read_init_data, take_lock

# Seconds. Not Final: tests shorten them.
POLL_INTERVAL = 0.05  # control and heartbeat channels; the reference's 0.1 would be half of what a quit may take
STATUS_INTERVAL = 1.0  # liveness and status message
STATUS_PATIENCE = 5.0  # without a message, one is due at once: a throttle could silence every full second
QUIT_GRACE = 1.0  # of processor time for each of the program's threads, to stop by itself after a quit
QUIT_PATIENCE = 20.0  # for one that waits instead: a successor waits 35 for the lock of one whose client died
SECTION_PATIENCE = 60.0  # for critical sections to end: then the client kills, and one that has gone cannot
FINISH_WAIT = 2.0  # for the client to read the last status message
DEFAULT_CHECKPOINT_PERIOD = 300.0

log = logging.getLogger("wrapper")


@dataclass(frozen=True)
class _Ending:
    """An end of the program that is enforced: after so many looks of the timer, or so much processor time.

    Not at a time: on a busy core a second may hold a hundredth of a second of the program, and while a computer sleeps
    it holds nothing. The timer looks as seldom then as the program computes.
    """

    code: int
    looks: float  # of the timer since it began
    processor_time: float  # of this process
    looks_in_sections: float  # before them no critical section is cut short

    def due(self, looks: int, in_section: bool) -> bool:
        if in_section:
            return looks >= self.looks_in_sections
        return looks >= self.looks or time.process_time() >= self.processor_time


def start(
    slot: Path,
    *,
    progress_trickle: float = math.inf,
    lock_retry_delay: float = LOCK_RETRY_DELAY,
    exit_process: Callable[[int], object] = os._exit,
) -> "Runtime":
    """Take the slot directory and begin to talk to the client.

    A relative `slot` stays one, so that no message holds the path of somebody's home; the program must keep its cwd.
    If the lock is held, waits `lock_retry_delay` seconds and tries once more. With `progress_trickle` the server is
    told the fraction done each so many seconds. `exit_process` ends the process with the code it is given, at once and
    from any thread. Without a readable init_data.xml, or if the shared memory cannot be mapped, the program runs
    standalone. Raises SlotBusy, SlotUnreadable, or OSError if the lock file cannot be created.
    """
    lock = take_lock(slot, lock_retry_delay)
    try:
        endings.remove_endings(slot)
        init = read_init_data(slot)
        return Runtime(slot, lock, init, map_memory(slot, init), progress_trickle, exit_process)
    except BaseException:
        system.release_lock(slot / LOCK_FILE, lock)
        raise


def listen(slot: Path, *, exit_process: Callable[[int], object] = os._exit) -> "Runtime":
    """Only listen to the client, for a program that waits until the slot can be taken.

    For where `start` raised an OSError: if another process has the slot, the messages are that one's. SlotUnreadable.
    """
    init = read_init_data(slot)
    return Runtime(slot, None, init, map_memory(slot, init), math.inf, exit_process)


class Runtime:
    """A slot directory taken, and the client listened to, until `finish`, `temporary_exit` or `close`.

    Made by `start`, or without the slot by `listen`. All methods may be called from any thread.
    """

    exit_unfinished: Final = endings.EXIT_STOPPED  # what to exit with after `temporary_exit`, or asked to quit

    def __init__(
        self,
        slot: Path,
        lock: int | None,
        init: InitData | None,
        memory: Memory | None,
        progress_trickle: float,
        exit_process: Callable[[int], object],
    ) -> None:
        now = time.perf_counter()
        self.init: InitData | None = init  # None if there is no readable init_data.xml
        self.heartbeat: Heartbeat | None = None  # the client's last one
        self._slot = slot
        self._exit_process = exit_process
        # The client rewrites wu_cpu_time with the CPU time of this very run: only the value at the start is an offset.
        self._earlier_cpu_time = init.wu_cpu_time if init else 0.0
        self._state = threading.Condition()  # guards everything below
        self._lock = lock
        self._memory = memory
        self._wishes = control.Wishes()
        self._sections = 0  # critical sections open now, in all threads
        self._ending: _Ending | None = None
        self._looks = 0  # of the timer thread
        self._reread_until = 0.0  # the look up to which a held init_data.xml is read again; 0 if there is no need
        self._fraction: float | None = None
        self._checkpoint_cpu_time = self._earlier_cpu_time
        self._countdown_start = now
        parent_has_gone = system.watch_parent() if init else lambda: False  # standalone, a shell may go before us
        self._liveness = Liveness(now, memory is not None, system.process_is_alive, parent_has_gone)
        self._next_second = now + STATUS_INTERVAL
        self._last_status = now
        self._mail = b""  # tags for channel 6 that the client has not been told yet
        self._progress_trickle = progress_trickle
        self._last_trickle = now
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
        """The path of the file that a logical name stands for, BOINC's "soft links". Raises OSError."""
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
        return time.perf_counter() - self._countdown_start >= (period or DEFAULT_CHECKPOINT_PERIOD)

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        """A critical section around writing a checkpoint. If it succeeds, the client learns of it by the CPU time.

        An exception leaves the section without a checkpoint recorded.
        """
        with self.critical_section():
            yield
            with self._state:
                self._checkpoint_cpu_time = self._cpu_time()
                self._countdown_start = time.perf_counter()
                if self._wishes.quit and not self._wishes.abort:
                    # The reference is silent after a quit, but has no checkpoint to tell of. The client looks into the
                    # mailbox once more when we have gone, and else would count our time from the former checkpoint.
                    self._send_status()

    @contextlib.contextmanager
    def critical_section(self) -> Iterator[None]:
        """Nothing the client wants, nor its death, is enforced before the end of this section. Sections may nest.

        One that has not ended a minute after a quit or abort has hung.
        """
        with self._state:
            self._sections += 1
        try:
            yield
        finally:
            with self._state:
                self._sections -= 1
                self._end_if_due()

    def quit(self) -> None:
        """Stop as if the client had asked for it; may be called from a signal handler."""
        with self._state:
            self._set_wishes(control.apply(self._wishes, control.QUIT))

    def send_trickle_up(self, variety: str, body: str) -> None:
        """Send the server a message of XML while the task runs; the newest replaces one not yet taken by the client.

        Raises ValueError for a variety that is not one plain word, OSError if it cannot be written.
        """
        content = mail.trickle_bytes(variety, body)
        with self._state:
            mail.write_trickle(self._slot, content)
            self._announce(mail.HAVE_TRICKLE_UP)

    def trickles_down(self) -> list[Path]:
        """Files with messages from the server, in the order of their names; delete what has been read."""
        return mail.trickles_down(self._slot)

    def upload(self, logical_name: str) -> None:
        """Have the client upload a complete output file now, before the task ends. Raises OSError."""
        mail.request_upload(self._slot, logical_name)
        with self._state:
            self._announce(mail.HAVE_UPLOAD)

    def upload_status(self, logical_name: str) -> int | None:
        """What became of `upload`: 0 for uploaded, else BOINC's error number; None while that is open."""
        return mail.upload_status(self._slot, logical_name)

    def finish(self, message: str | None = None, notice: bool = False) -> None:
        """The task is done: tell the client, write boinc_finish_called, leave the slot. Then exit with 0 at once.

        An attached client gets up to 2 s to read the last status message. A one-line `message` is shown in the
        client's log, as a notice to the user with `notice`. A quit or abort from now on changes nothing. Raises
        ValueError for a message that is not one line, OSError if the file cannot be written; nothing is done then.
        """
        # On a full disk the file cannot be written: that shows before the client hears of a fraction of 1.
        prepared = prepare(self._slot / endings.FINISH_FILE, endings.finish_bytes(message, notice))
        self._stop_timer()
        self.report(1.0)
        self._deliver_last_status()
        put(prepared, self._slot / endings.FINISH_FILE)
        self.close()

    def temporary_exit(self, delay: float, reason: str, notice: bool = False) -> None:
        """Ask the client to start the task again after `delay` seconds (0..86400), leave the slot. Then exit with 0.

        The user sees the one-line `reason` in the client's log, as a notice with `notice`. Raises ValueError for other
        values, OSError if the file cannot be written; nothing is done then, and the client is still listened to.
        """
        write_whole(self._slot / endings.TEMPORARY_EXIT_FILE, endings.temporary_exit_bytes(delay, reason, notice))
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
                with self._state, contextlib.suppress(MemoryError):  # it passes, and the next look is soon
                    self._tick(time.perf_counter())
        except Exception as error:
            # A program that no longer hears its client must not go on: neither suspend nor quit would reach it.
            log.critical("the BOINC timer thread failed and ends the program: %r", error)
            with self._state:
                self._ending = _Ending(endings.EXIT_FAILED, 0, 0.0, math.inf)  # no look will find it
                self._end_if_due()

    def _tick(self, now: float) -> None:
        self._looks += 1
        self._listen(now)
        if self._reread_until:
            self._reread_init_data()
        second = now >= self._next_second
        if second:
            self._next_second += STATUS_INTERVAL
            if self._next_second <= now:  # the whole process stood still: missed seconds are not made up for
                self._next_second = now + STATUS_INTERVAL
            self._test_client(now)
        running = self.request is Request.RUN or (self.request is Request.SUSPEND and self._sections)
        if running and (second or now - self._last_status >= STATUS_PATIENCE):
            self._trickle_progress(now)
            self._send_status()
            self._send_mail()
        self._end_if_due()

    def _listen(self, now: float) -> None:
        memory = self._whole_memory()
        if memory is None:
            return
        if (message := channels.receive(memory, channels.CONTROL)) is not None:
            self._obey(message)
        if (message := channels.receive(memory, channels.HEARTBEAT)) is not None:
            self._note_heartbeat(message, now)
        channels.receive(memory, channels.TRICKLE_DOWN)  # its files are looked for when the program asks

    def _obey(self, message: bytes) -> None:
        if control.REREAD in message:
            self._reread_until = self._looks_in(PATIENCE)
        wishes = control.apply(self._wishes, message)
        if wishes.quit and not self._wishes.quit:
            log.info("the client asks the program to stop")
        self._set_wishes(wishes)

    def _set_wishes(self, wishes: control.Wishes) -> None:
        before, self._wishes = self._wishes, wishes
        if wishes.abort and not before.abort:
            log.warning("the client aborts the task")
            self._ending = _Ending(endings.EXIT_ABORTED, 0, 0.0, self._looks_in(SECTION_PATIENCE))
        elif wishes.quit and self._ending is None:
            threads = max(1, threading.active_count() - 1)  # the timer is none of the program's
            spent = time.process_time() + QUIT_GRACE * threads
            self._ending = _Ending(
                endings.EXIT_STOPPED, self._looks_in(QUIT_PATIENCE), spent, self._looks_in(SECTION_PATIENCE)
            )
        self._state.notify_all()

    def _looks_in(self, seconds: float) -> float:
        """Looks from now on in so many seconds of a process that is let run."""
        return self._looks + seconds / POLL_INTERVAL

    def _reread_init_data(self) -> None:
        try:
            self.init = init_data.read(self._slot / INIT_DATA_FILE)
        except (OSError, ValueError) as error:
            if may_be_held(error) and self._looks < self._reread_until:
                return  # patience that hears the client meanwhile: until the next look
            log.warning("%s: keeping the former values", error)
        self._reread_until = 0.0

    def _note_heartbeat(self, message: bytes, now: float) -> None:
        heartbeat = control.heartbeat(message)
        if heartbeat is not None:
            self.heartbeat = heartbeat
            self._liveness.heard(now)

    def _test_client(self, now: float) -> None:
        if self._wishes.quit or self._wishes.abort:
            return
        why = self._liveness.lost(now, self.init.client_pid if self.init else 0)
        if why is not None:
            log.warning("the client has gone (%s): stopping", why)
            self._set_wishes(control.apply(self._wishes, control.QUIT))

    def _trickle_progress(self, now: float) -> None:
        if self._fraction is None or now - self._last_trickle < self._progress_trickle:
            return
        self._last_trickle = now
        try:
            self.send_trickle_up("progress", mail.progress_body(self._fraction, self._cpu_time()))
        except OSError as error:
            log.warning("the server is not told the progress this time: %s", error)

    def _send_mail(self) -> None:
        memory = self._whole_memory()
        if self._mail and memory is not None and channels.send(memory, channels.TRICKLE_UP, self._mail):
            self._mail = b""

    # Shared by the timer thread and the program's threads.

    def _announce(self, tag: bytes) -> None:
        if tag not in self._mail:
            self._mail += tag

    def _send_status(self) -> bool:
        """Whether the message went out: the client may not have taken the one before, and the next one is newer."""
        memory = self._whole_memory()
        sent = memory is not None and channels.send(memory, channels.STATUS, self._status_message())
        if sent:
            self._last_status = time.perf_counter()
        return sent

    def _suspended(self) -> bool:
        return self.request is Request.SUSPEND and not self._sections

    def _cpu_time(self) -> float:
        """User and system seconds of this process (children are not counted) and of the task's earlier runs."""
        return self._earlier_cpu_time + time.process_time()

    def _status_message(self) -> bytes:
        return status.status_message(self._cpu_time(), self._checkpoint_cpu_time, self._fraction)

    def _whole_memory(self) -> Memory | None:
        if self._memory is not None and not system.memory_is_whole(self._memory):
            log.warning("the memory shared with the client has been cut off: it cannot be heard any more")
            self._memory = None
        return self._memory

    def _deliver_last_status(self) -> None:
        """Wait for the former message to be read, send the last one, wait for it to be read; all in 2 s."""
        deadline = time.perf_counter() + FINISH_WAIT
        sent = False
        while time.perf_counter() < deadline:
            with self._state:
                self._send_mail()
                memory = self._whole_memory()
                if memory is None or (sent and not channels.is_full(memory, channels.STATUS)):
                    return
                sent = sent or self._send_status()
            time.sleep(0.02)

    def _stop_timer(self) -> None:
        self._stop.set()
        with self._state:
            self._state.notify_all()
        if threading.current_thread() is not self._timer:
            self._timer.join()

    def _end_if_due(self) -> None:
        """Exit the process if an ending is due.

        Called with the state locked: a thread on its way into a section waits for us, in vain.
        """
        ending = self._ending
        if ending is None or self._stop.is_set() or not ending.due(self._looks, bool(self._sections)):
            return
        self._stop.set()
        try:
            with contextlib.suppress(OSError, ValueError, AttributeError):  # disk full; closed; None in some programs
                sys.stderr.flush()
            self._release_lock()
        except OSError as error:
            log.warning("%s could not be released: %s", self._slot / LOCK_FILE, error)
        finally:
            self._exit_process(ending.code)

    def _release_lock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            system.release_lock(self._slot / LOCK_FILE, lock)
