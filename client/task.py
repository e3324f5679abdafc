"""A task under the BOINC client: the slot's wu.json in, result.msgpack out, every ending as BOINC wants it."""

from __future__ import annotations

import logging
import math
import signal
from collections.abc import Callable
from pathlib import Path

import wrapper
from client import engines
from client.drive import drive
from client.errors import NoDevice, NoThreads
from client.passing import trouble, wait_for
from client.session import Session
from kernels import limits
from kernels.engine.contract import EngineName
from kernels.engine.devices import CPU, Device, DeviceKind
from kernels.errors import CannotWrite, Failure
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, checkpoint, result, workunit
from kernels.formats.workunit import WorkUnit
from kernels.text import one_line
from wrapper import InitData, Request, Runtime, StockRuntime

WORKUNIT, RESULT, CHECKPOINT = "wu.json", "result.msgpack", "checkpoint.safetensors"
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

    def start() -> Runtime:
        return wrapper.start(slot, progress_trickle=progress_trickle)

    return _run(slot, start, threads, engine, device)


def run_wrapped(slot: Path, threads: int) -> int:
    """The same under BOINC's stock wrapper."""
    return _run(slot, lambda: wrapper.start_under_stock_wrapper(slot), threads, None, None)


def _run(
    slot: Path,
    start: Callable[[], Runtime | StockRuntime],
    threads: int,
    engine: EngineName | None,
    device: int | None,
) -> int:
    try:
        runtime = _started(slot, start)
    except Exception as error:
        if (passing := trouble(error, assigned=True)) is None:
            raise
        log.warning("%s", error)
        wait_for(passing, lambda delay, reason: wrapper.postpone(slot, delay, reason), lambda: Request.RUN)
        return Runtime.exit_unfinished
    # A computer that shuts down sends SIGTERM to all its processes at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runtime.quit())
    with runtime:
        try:
            return _attend(slot, runtime, threads, engine, device)
        except Exception as error:
            assigned = device is not None or (runtime.init is not None and bool(runtime.init.gpu_type))
            if (passing := trouble(error, assigned)) is None:
                raise
            log.warning("%s", str(error) or passing.reason)
            wait_for(passing, runtime.temporary_exit, lambda: runtime.request)
            return runtime.exit_unfinished


def _started(slot: Path, start: Callable[[], Runtime | StockRuntime]) -> Runtime | StockRuntime:
    """The runtime; CannotWrite, NoThreads or SlotBusy if there cannot be one now."""
    try:
        return start()
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error
    except RuntimeError as error:
        raise NoThreads(error) from error


def _attend(
    slot: Path, runtime: Runtime | StockRuntime, threads: int, engine: EngineName | None, device: int | None
) -> int:
    """Compute the task's work unit, or find it computed; the exit code."""
    unit = workunit.read(runtime.resolve(WORKUNIT), EXPERIMENTS)
    if _is_answered(runtime.resolve(RESULT), unit):
        log.info("%s: the result is there already", unit.name)
    else:
        choice = engines.choose(engine, _device(runtime.init, device), threads)
        session = Session(unit, choice, slot / CHECKPOINT)
        log.info("%s: %d cells on %s", unit.name, session.cells, choice.device.name)
        if not drive(session, runtime, threads, choice.prepare_thread):
            log.info("stopped at %.1f %%", 100 * session.done / session.work)
            return runtime.exit_unfinished
        with runtime.critical_section():
            atomic.write(runtime.resolve(RESULT), result.encode(session.result()))
    try:
        runtime.finish()
    except OSError as error:
        raise CannotWrite(slot, error.strerror or error) from error
    _clean_up(slot, runtime)
    return 0


def _is_answered(path: Path, unit: WorkUnit) -> bool:
    """Whether a whole result of this very work unit is there.

    A task can be stopped after it has written one and before the client has seen it finish; it is then started again.
    """
    if not path.is_file():
        return False
    try:
        result.check(result.read(path), unit, str(path))
    except Failure:
        return False
    return True


def _clean_up(slot: Path, runtime: Runtime | StockRuntime) -> None:
    """Remove the checkpoint where nobody else cleans the slot: a client that starts the task again may need it."""
    if runtime.init is not None:
        return
    try:
        checkpoint.remove(slot / CHECKPOINT)
    except OSError as error:
        log.warning("the checkpoint stays (%s)", error.strerror or error)


def _device(init: InitData | None, number: int | None) -> Device:
    """What the client assigned: its GPU by the client's own number, else the processor."""
    if init is not None and init.gpu_type:
        if init.gpu_type not in _GPU_TYPES:
            raise NoDevice(one_line(init.gpu_type, limits.NAME_BYTES), "this program knows NVIDIA GPUs only")
        return Device(_GPU_TYPES[init.gpu_type], init.gpu_device_num)
    return CPU if number is None else Device("cuda", number)
