"""What a benchmark ran on: facts of the host, and how busy other programs kept it meanwhile. Linux only."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import time
from pathlib import Path

import msgspec

from kernels.engine.exact.engine import ExactEngine

_LIBRARIES = ("numpy", "torch", "jax")


class Host(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts that stay as they are while a benchmark runs."""

    processor: str  # its name, family and model; virtual machines give one name to several models
    cores: int  # that the process may use
    instructions: str  # the exact engine's instruction set
    memory: int  # bytes
    system: str
    versions: dict[str, str]  # of Python and of the libraries that are installed


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What else the host did during a run; the run itself counts in the load averages, not in the rest."""

    before: float  # load average of the minute before the run
    after: float  # load average of the run's last minute
    others: float  # cores that other processes kept busy, on average
    stolen: float  # cores that the hypervisor withheld, on average


class Moment(msgspec.Struct, frozen=True):
    """The clocks from which `since` computes a Load."""

    average: float
    wall: float  # seconds
    busy: float  # core seconds of all processes
    stolen: float  # core seconds
    own: float  # core seconds of this process and of its children that ended


def facts() -> Host:
    """The facts of this host."""
    return Host(
        processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        len(os.sched_getaffinity(0)),
        ExactEngine().isa,
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {platform.machine()}",
        {"python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES if _version(name)}},
    )


def processor(cpuinfo: str) -> str:
    """The first processor in the text of /proc/cpuinfo, as "AMD EPYC, family 25, model 17"."""
    lines = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.*?)\s*$", cpuinfo.partition("\n\n")[0], re.M))
    if len(lines) < 3:  # processors other than x86-64 have no such lines
        return platform.machine()
    return f"{lines['model name']}, family {lines['cpu family']}, model {lines['model']}"


def now() -> Moment:
    """The clocks at this moment."""
    ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:]]
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = ticks[:8]
    second, own = os.sysconf("SC_CLK_TCK"), os.times()
    return Moment(
        os.getloadavg()[0],
        time.monotonic(),
        (user + nice + system + interrupts + soft_interrupts) / second,
        stolen / second,
        own.user + own.system + own.children_user + own.children_system,
    )


def since(begun: Moment) -> Load:
    """The load from a moment until now."""
    end = now()
    wall = end.wall - begun.wall
    others = (end.busy - begun.busy - (end.own - begun.own)) / wall
    stolen = (end.stolen - begun.stolen) / wall
    return Load(round(begun.average, 2), round(end.average, 2), round(max(0.0, others), 2), round(stolen, 3))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
