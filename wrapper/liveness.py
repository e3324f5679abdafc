"""Whether the client that started us still lives: by its process, by our parent, or by its heartbeats.

Pure but for the two functions it is given. Times in seconds of one monotonic clock.
"""

from collections.abc import Callable

# Not Final: tests shorten them.
PID_TEST_INTERVAL = 10.0  # between two tests of the client's process
HEARTBEAT_TIMEOUT = 30.0  # without a client_pid: silence after which the client counts as gone


class Liveness:
    """What is known of the client's life; asked about once a second."""

    def __init__(
        self,
        now: float,
        heartbeats: bool,
        process_is_alive: Callable[[int], bool],
        parent_has_gone: Callable[[], bool],
    ) -> None:
        self._heartbeats = heartbeats  # whether we would hear any
        self._process_is_alive, self._parent_has_gone = process_is_alive, parent_has_gone
        self._last_heartbeat = now
        self._next_test = now + PID_TEST_INTERVAL

    def heard(self, now: float) -> None:
        """A heartbeat has come."""
        self._last_heartbeat = now

    def lost(self, now: float, client_pid: int) -> str | None:
        """Why the client must have gone, in words; None while it may live. `client_pid` is 0 if it is not known.

        The parent is the client itself, or a launcher that the client would not outlive without us: a program whose
        launcher was killed must not compute on beside the one that the client starts next.
        """
        if self._parent_has_gone():
            return "the process that started this program has ended"
        if not client_pid:
            silent = self._heartbeats and now - self._last_heartbeat > HEARTBEAT_TIMEOUT
            return f"no heartbeat for {HEARTBEAT_TIMEOUT:g} s" if silent else None
        if now < self._next_test:
            return None
        self._next_test = now + PID_TEST_INTERVAL
        return None if self._process_is_alive(client_pid) else f"process {client_pid} has ended"
