"""A task under the BOINC client: the slot's wu.json in, result.msgpack out, every ending as BOINC wants it."""

from __future__ import annotations

import logging
import math
import signal
import time
from pathlib import Path

import wrapper
from client import engines
from client.drive import drive
from client.errors import NoDevice
from client.session import Session
from kernels import limits
from kernels.engine.contract import EngineName
from kernels.engine.devices import CPU, Device, DeviceKind
from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, checkpoint, workunit
from kernels.formats.result import encode
from kernels.text import one_line
from wrapper import InitData, Request, Runtime, StockRuntime

WORKUNIT, RESULT, CHECKPOINT = "wu.json", "result.msgpack", "checkpoint.safetensors"
_RETRY_LOCK = 600.0  # seconds until the client tries again; the reference runtime's value
_RETRY_SPACE = 3600.0  # seconds: a full disk is not freed in minutes
_GPU_TYPES: dict[str, DeviceKind] = {"NVIDIA": "cuda"}  # as BOINC's client names them

log = logging.getLogger("client")


def run(
    slot: Path,
    threads: int,
    engine: EngineName | None = None,
    device: int | None = None,
    progress_trickle: float = math.inf,
) -> int:
    """Run the slot's task under the client to its end, or until the client wants it to stop; the exit code.

    Without `engine` it is the first that computes on the device. `device` is the GPU's number if an old client gave it
    as an argument; with `progress_trickle` the server is told the progress each so many seconds. A Failure is the
    task's error.
    """
    try:
        runtime = wrapper.start(slot, progress_trickle=progress_trickle)
    except wrapper.SlotBusy as busy:
        log.warning("%s", busy)
        try:
            wrapper.postpone(slot, _RETRY_LOCK, "Waiting to acquire slot directory lock.")
        except OSError as error:  # the client starts us again at once, and we have waited here already
            log.warning("not even a request to be started later can be written (%s)", error.strerror or error)
        return Runtime.exit_unfinished
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error
    return _run(slot, runtime, threads, engine, device)


def run_wrapped(slot: Path, threads: int) -> int:
    """The same under BOINC's stock wrapper."""
    try:
        runtime = wrapper.start_under_stock_wrapper(slot)
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error
    return _run(slot, runtime, threads, None, None)


def _run(
    slot: Path, runtime: Runtime | StockRuntime, threads: int, engine: EngineName | None, device: int | None
) -> int:
    # A computer that shuts down sends SIGTERM to all its processes at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runtime.quit())
    with runtime:
        unit = workunit.read(runtime.resolve(WORKUNIT), EXPERIMENTS)
        choice = engines.choose(engine, _device(runtime.init, device), threads)
        try:
            session = Session(unit, choice, slot / CHECKPOINT)
            log.info("%s: %d cells on %s", unit.name, session.cells, choice.device.name)
            if not drive(session, runtime, threads, choice.prepare_thread):
                log.info("stopped at %.1f %%", 100 * session.done / session.work)
                return runtime.exit_unfinished
            with runtime.critical_section():
                atomic.write(runtime.resolve(RESULT), encode(session.result()))
            _finish(slot, runtime)
        except CannotWrite as full:
            log.warning("%s", full)
            _postpone(runtime)
            return runtime.exit_unfinished
    # Only now: killed before the client knew, the task would otherwise compute everything again.
    try:
        checkpoint.remove(slot / CHECKPOINT)
    except OSError as error:
        log.warning("the checkpoint stays (%s)", error.strerror or error)
    return 0


def _finish(slot: Path, runtime: Runtime | StockRuntime) -> None:
    try:
        runtime.finish()
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error


def _postpone(runtime: Runtime | StockRuntime) -> None:
    """Ask to be started again when there may be space.

    A disk can be too full for that very file. To exit without it would have the client start us again a hundred times
    in two minutes and then give up the task with all that is saved: so we wait here, asleep, for as long.
    """
    end = time.monotonic() + _RETRY_SPACE
    waiting = False
    while True:
        try:
            return runtime.temporary_exit(_RETRY_SPACE, "Cannot write to disk; trying again later.")
        except OSError as error:
            if not waiting:
                reason = error.strerror or error
                log.warning("not even a request to be started later can be written (%s): waiting here", reason)
            waiting = True
        time.sleep(1.0)
        if runtime.request in (Request.QUIT, Request.ABORT) or time.monotonic() > end:
            return None


def _device(init: InitData | None, number: int | None) -> Device:
    """What the client assigned: its GPU by the client's own number, else the processor."""
    if init is not None and init.gpu_type:
        if init.gpu_type not in _GPU_TYPES:
            raise NoDevice(one_line(init.gpu_type, limits.NAME_BYTES), "this program knows NVIDIA GPUs only")
        return Device(_GPU_TYPES[init.gpu_type], init.gpu_device_num)
    return CPU if number is None else Device("cuda", number)
