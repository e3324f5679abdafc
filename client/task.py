"""A task under the BOINC client: the slot's wu.json in, result.msgpack out, every ending as BOINC wants it."""

from __future__ import annotations

import contextlib
import functools
import logging
import math
from pathlib import Path

import wrapper
from client import engines, stops
from client.drive import drive
from client.errors import NoDevice, NoThreads
from client.passing import Trouble, trouble, wait_for
from client.session import Session, remove_checkpoint
from kernels import limits
from kernels.engine.contract import EngineName
from kernels.engine.devices import CPU, Device, DeviceKind
from kernels.errors import CannotWrite, Failure
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, result, workunit
from kernels.formats.workunit import WorkUnit
from kernels.refusals import cannot_read, cannot_write
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
    try:
        runtime = wrapper.start(slot, progress_trickle=progress_trickle)
    except OSError as error:
        _wait_outside(slot, _cannot_write(slot, error), hears=True)
    except RuntimeError as error:  # its thread, which could not be started
        _wait_outside(slot, NoThreads(error))
    except (wrapper.SlotBusy, wrapper.SlotUnreadable, MemoryError) as error:
        _wait_outside(slot, error)
    else:
        return _run(slot, runtime, threads, engine, device)
    return Runtime.exit_unfinished


def run_wrapped(slot: Path, threads: int) -> int:
    """The same under BOINC's stock wrapper."""
    try:
        runtime = wrapper.start_under_stock_wrapper(slot)
    except (wrapper.SlotUnreadable, MemoryError) as error:
        _wait_outside(slot, error)
        return StockRuntime.exit_unfinished
    return _run(slot, runtime, threads, None, None)


def _wait_outside(slot: Path, error: Exception, hears: bool = False) -> None:
    """Ask to be started later, without having taken the slot. Where nobody else has it, the client can be heard."""
    passing = _passing(slot, error)
    ask = functools.partial(wrapper.postpone, slot)
    runtime = None
    with contextlib.suppress(RuntimeError, MemoryError, wrapper.SlotUnreadable):
        runtime = wrapper.listen(slot) if hears else None
    if runtime is None:
        wait_for(passing, ask, lambda: Request.RUN)
        return
    with runtime:
        wait_for(passing, ask, lambda: runtime.request)


def _run(
    slot: Path, runtime: Runtime | StockRuntime, threads: int, engine: EngineName | None, device: int | None
) -> int:
    # A computer that shuts down sends SIGTERM to all its processes at once.
    with stops.told_to(runtime.quit), runtime:
        try:
            return _attend(slot, runtime, threads, engine, device)
        except Exception as error:
            wait_for(_passing(slot, error), runtime.temporary_exit, lambda: runtime.request)
            return runtime.exit_unfinished


def _passing(slot: Path, error: Exception) -> Trouble:
    """What to tell the client of an error that can pass, when it is in the log; any other is raised.

    Without a client nobody would start the program again: there every error is one.
    """
    found = trouble(error)
    if found is None or not (wrapper.is_slot(slot) or isinstance(error, wrapper.SlotBusy)):
        raise error
    log.warning("%s", str(error) or found.reason)
    return found


def _attend(
    slot: Path, runtime: Runtime | StockRuntime, threads: int, engine: EngineName | None, device: int | None
) -> int:
    """Compute the task's work unit, or find it computed; the exit code."""
    unit = workunit.read(_file(runtime, WORKUNIT), EXPERIMENTS)
    answer = _file(runtime, RESULT)
    if _is_answered(answer, unit):
        log.info("%s: the result is there already", unit.name)
    else:
        with contextlib.suppress(OSError):  # then it is overwritten with the result
            atomic.remove_partial(answer)
        choice = engines.choose(engine, _device(runtime.init, device), threads)
        session = Session(unit, choice, slot / CHECKPOINT)
        log.info("%s: %d cells on %s", unit.name, session.cells, choice.device.name)
        if not drive(session, runtime, threads, choice.prepare_thread):
            log.info("stopped at %.1f %%", 100 * session.done / session.work)
            return runtime.exit_unfinished
        with runtime.critical_section():
            atomic.write(answer, result.encode(session.result()))
    try:
        runtime.finish()
    except OSError as error:
        raise _cannot_write(slot, error) from error
    if runtime.init is None:  # else the client cleans the slot; until then it may start the task again
        remove_checkpoint(slot / CHECKPOINT)
    return 0


def _file(runtime: Runtime | StockRuntime, name: str) -> Path:
    try:
        return runtime.resolve(name)
    except OSError as error:
        raise cannot_read(name, error) from error


def _is_answered(path: Path, unit: WorkUnit) -> bool:
    """Whether a whole result of this very work unit is there.

    A task can be told to leave after it has written one, or even finished: the client then starts it again.
    """
    try:
        result.check(result.read(path), unit, str(path))
    except Failure:
        return False
    return True


def _cannot_write(slot: Path, error: OSError) -> CannotWrite:
    """Of a file of the runtime's."""
    failure = cannot_write(error.filename or slot, error)
    failure.__cause__ = error
    return failure


def _device(init: InitData | None, number: int | None) -> Device:
    """What the client assigned: its GPU by the client's own number, else the processor."""
    if init is not None and init.gpu_type:
        if init.gpu_type not in _GPU_TYPES:
            raise NoDevice(one_line(init.gpu_type, limits.NAME_BYTES), "this program knows NVIDIA GPUs only")
        return Device(_GPU_TYPES[init.gpu_type], init.gpu_device_num)
    return CPU if number is None else Device("cuda", number)
