"""A task under the BOINC client: the slot's wu.json in, result.msgpack out, every ending as BOINC wants it."""

from __future__ import annotations

import logging
from pathlib import Path

import wrapper
from client import engines
from client.drive import drive
from client.session import Session
from kernels import atomic, checkpoint, workunit
from kernels.errors import CannotWrite, NoDevice
from kernels.result import encode
from wrapper import InitData

WORKUNIT, RESULT, CHECKPOINT = "wu.json", "result.msgpack", "checkpoint.safetensors"
_RETRY_LOCK = 600.0  # seconds until the client tries again; the reference runtime's value
_RETRY_SPACE = 3600.0  # seconds: a full disk is not freed in minutes

log = logging.getLogger("client")


def run(slot: Path) -> None:
    """Run the slot's task to its end, or until the client wants it to stop. A Failure is the task's error."""
    try:
        runtime = wrapper.start(slot)
    except wrapper.SlotBusy as busy:
        log.warning("%s", busy)
        wrapper.postpone(slot, _RETRY_LOCK, "Waiting to acquire slot directory lock.")
        return
    with runtime:
        unit = workunit.read(runtime.resolve(WORKUNIT))
        choice = engines.choose(None, _device(runtime.init), threads=1)
        try:
            session = Session(unit, choice, slot / CHECKPOINT)
            log.info("%s: %d cells on %s", unit.name, session.cells, choice.device.name)
            if not drive(session, runtime, 1, choice.prepare_thread):
                log.info("stopped at %.1f %%", 100 * session.done / session.work)
                return
            with runtime.critical_section():
                atomic.write(runtime.resolve(RESULT), encode(session.result()))
        except CannotWrite as full:
            log.warning("%s", full)
            runtime.temporary_exit(_RETRY_SPACE, "Cannot write to disk; trying again later.")
            return
        runtime.finish()
    # Only now: killed before the client knew, the task would otherwise compute everything again.
    checkpoint.remove(slot / CHECKPOINT)


def _device(init: InitData | None) -> str:
    """What the client assigned: its GPU by the client's own number, else the processor."""
    if init is None or not init.gpu_type:
        return "cpu"
    if init.gpu_type != "NVIDIA":
        raise NoDevice(init.gpu_type, "this program knows NVIDIA GPUs only")
    return f"cuda:{init.gpu_device_num}"
