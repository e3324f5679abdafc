"""A task under the BOINC client: the slot's wu.json in, result.msgpack out, every ending as BOINC wants it."""

from __future__ import annotations

import logging
import math
import signal
from pathlib import Path

import wrapper
from client import engines
from client.drive import drive
from client.session import Session
from kernels import atomic, checkpoint, workunit
from kernels.errors import CannotWrite, NoDevice
from kernels.result import encode
from wrapper import InitData, Runtime, StockRuntime

WORKUNIT, RESULT, CHECKPOINT = "wu.json", "result.msgpack", "checkpoint.safetensors"
_RETRY_LOCK = 600.0  # seconds until the client tries again; the reference runtime's value
_RETRY_SPACE = 3600.0  # seconds: a full disk is not freed in minutes

log = logging.getLogger("client")


def run(slot: Path, threads: int, device: int | None = None, progress_trickle: float = math.inf) -> int:
    """Run the slot's task under the client to its end, or until the client wants it to stop; the exit code.

    `device` is the GPU's number if an old client gave it on the command line; with `progress_trickle` the server is
    told the progress each so many seconds. A Failure is the task's error.
    """
    try:
        runtime = wrapper.start(slot, progress_trickle=progress_trickle)
    except wrapper.SlotBusy as busy:
        log.warning("%s", busy)
        wrapper.postpone(slot, _RETRY_LOCK, "Waiting to acquire slot directory lock.")
        return Runtime.exit_unfinished
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error
    return _run(slot, runtime, threads, device)


def run_wrapped(slot: Path, threads: int) -> int:
    """The same under BOINC's stock wrapper."""
    try:
        runtime = wrapper.start_under_stock_wrapper(slot)
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error
    return _run(slot, runtime, threads, None)


def _run(slot: Path, runtime: Runtime | StockRuntime, threads: int, device: int | None) -> int:
    # A computer that shuts down sends SIGTERM to all its processes at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runtime.quit())
    with runtime:
        unit = workunit.read(runtime.resolve(WORKUNIT))
        choice = engines.choose(None, _device(runtime.init, device), threads)
        try:
            session = Session(unit, choice, slot / CHECKPOINT)
            log.info("%s: %d cells on %s", unit.name, session.cells, choice.device.name)
            if not drive(session, runtime, threads, choice.prepare_thread):
                log.info("stopped at %.1f %%", 100 * session.done / session.work)
                return runtime.exit_unfinished
            with runtime.critical_section():
                atomic.write(runtime.resolve(RESULT), encode(session.result()))
        except CannotWrite as full:
            log.warning("%s", full)
            runtime.temporary_exit(_RETRY_SPACE, "Cannot write to disk; trying again later.")
            return runtime.exit_unfinished
        runtime.finish()
    # Only now: killed before the client knew, the task would otherwise compute everything again.
    checkpoint.remove(slot / CHECKPOINT)
    return 0


def _device(init: InitData | None, number: int | None) -> str:
    """What the client assigned: its GPU by the client's own number, else the processor."""
    if init is not None and init.gpu_type:
        if init.gpu_type != "NVIDIA":
            raise NoDevice(init.gpu_type, "this program knows NVIDIA GPUs only")
        return f"cuda:{init.gpu_device_num}"
    return "cpu" if number is None else f"cuda:{number}"
