"""A program under the runtime, run by the fake client: `program.py SLOT MODE`, options in the slot's JSON file.

Options in capitals replace constants of wrapper.runtime and wrapper.liveness. Says on standard output what it does.
"""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from wrapper import Request, Runtime, SlotBusy, control, liveness, runtime, start


def say(word: str) -> None:
    print(word, flush=True)


def compute(seconds: float) -> None:
    """Half busy, half asleep, so that tests with several programs do not fight for the processor."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        busy = time.monotonic() + 0.005
        while time.monotonic() < busy:
            pass
        time.sleep(0.005)


def work(task: Runtime, options: dict[str, Any]) -> None:
    """As a program should be: small pieces, a look at the request between them, a checkpoint when asked to stop."""
    assert task.init is not None
    pieces = 0
    while (request := task.wait()) is Request.RUN:
        compute(0.05)
        pieces += 1
        if pieces == options.get("silent_pieces", 0):
            say("reporting")
        if pieces >= options.get("silent_pieces", 0):
            task.report(pieces / 1000)
        if task.checkpoint_due():
            with task.checkpointing():
                say("checkpoint")
    if request is Request.QUIT and options.get("saves", True):
        with task.checkpointing():
            say("stopped")
    task.close()


def deaf(task: Runtime, options: dict[str, Any]) -> None:
    """Never looks at the request."""
    time.sleep(60)


def section(task: Runtime, options: dict[str, Any]) -> None:
    """Deaf, and for a while in a critical section inside another."""
    try:
        with task.critical_section():
            with task.critical_section():
                compute(options["seconds"] / 2)
            compute(options["seconds"] / 2)
            say("section ends")
            if options.get("fails"):
                raise OSError("disk full")
    finally:
        say("after the section")
        time.sleep(60)


def finish(task: Runtime, options: dict[str, Any]) -> None:
    compute(options.get("seconds", 0.2))
    say("finishing")
    task.finish(options.get("message"), options.get("notice", False))


def temporary_exit(task: Runtime, options: dict[str, Any]) -> None:
    task.temporary_exit(options["delay"], options["reason"])


def trickle(task: Runtime, options: dict[str, Any]) -> None:
    task.send_trickle_up("test", "<x/>")
    time.sleep(60)


def broken_timer(task: Runtime, options: dict[str, Any]) -> None:
    """A fault in our own code, inside the timer thread."""

    def fail(*args: object) -> None:
        raise RuntimeError("no such luck")

    with task.critical_section():
        setattr(control, "apply", fail)  # noqa: B010 (as a fault would, it breaks the function's type)
        compute(1.0)
        say("section ends")
    time.sleep(60)


def main() -> int:
    slot, mode = Path(sys.argv[1]), sys.argv[2]
    options = json.loads((slot / "wrapper_options.json").read_text())
    for name in [name for name in options if name.isupper()]:
        module = liveness if hasattr(liveness, name) else runtime
        setattr(module, name, options[name])
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        task = start(slot, lock_retry_delay=0.5)
    except SlotBusy as error:
        say("busy")
        print(error, file=sys.stderr)
        return 7
    modes = {f.__name__: f for f in (work, deaf, section, finish, temporary_exit, trickle, broken_timer)}
    modes[mode](task, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
