"""Work units into BOINC: what its program create_work must be told of one, and telling it.

The programs are BOINC's own, in the project's bin/: `dir_hier_path NAME` says where an input file has to lie below
the download folder, and `create_work` enters the work unit in the database. BOINC's `stage_file`, which copies a file
there, ends with an error in some releases.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from kernels.cost import PACE, Cost
from kernels.formats import atomic
from kernels.text import one_line
from server_validator.errors import NotSubmitted

APPLICATIONS = {"axiom": 0.0, "axiom_torch": 3e8}
"""BOINC's applications, and the bytes that a task of each has resident beyond the exact engine's."""

_GFLOPS_DAY = 86400e9  # operations of a day at 1 GFLOPS
_CREDIT = 200  # for them
_KNOWN_ALREADY = "Duplicate entry"  # what the database says of a name that it has


def bounds(cost: Cost, pace: float) -> str:
    """A work unit's operations, memory and disk as options of create_work, with room where they are limits.

    BOINC's client expects so many operations of a second as PACE of a usual core, whatever the experiment. Where the
    fleet has another `pace`, operations a second, in this one, it is told in proportion more or fewer.
    """
    return " ".join(_bounds(cost, pace, 0.0))


def submit(project: Path, application: str, name: str, content: bytes, cost: Cost, pace: float) -> bool:
    """Stage a work unit's file and create the work unit; False if BOINC had it. NotSubmitted, CannotWrite.

    `pace` as for `bounds`. Credit is for the operations themselves.
    """
    file = f"{name}.json"
    where = _run(project, name, ["bin/dir_hier_path", file]).strip()
    if not where:
        raise NotSubmitted("bin/dir_hier_path", name, "it named no path")
    atomic.write(project / where, content)
    options = {
        "appname": application,
        "wu_name": name,
        "wu_template": f"templates/{application}_in.xml",
        "result_template": f"templates/{application}_out.xml",
        "credit": f"{cost.operations / _GFLOPS_DAY * _CREDIT:.6g}",
    }
    words = [word for option, value in options.items() for word in (f"--{option}", value)]
    try:
        _run(project, name, ["bin/create_work", *words, *_bounds(cost, pace, APPLICATIONS[application]), file])
    except NotSubmitted as failure:
        if _KNOWN_ALREADY in str(failure):
            return False
        raise
    return True


def _bounds(cost: Cost, pace: float, more_memory: float) -> list[str]:
    expected = cost.operations * PACE / pace
    options = {
        "rsc_fpops_est": expected,
        "rsc_fpops_bound": 100 * expected,  # the client ends a task that takes longer: slow hosts must not
        "rsc_memory_bound": 2 * cost.memory + more_memory,
        "rsc_disk_bound": 2 * cost.disk + 64e6,  # the log, and what the client itself puts there
    }
    return [word for name, value in options.items() for word in (f"--{name}", f"{value:.3g}")]


def _run(project: Path, name: str, command: Sequence[str]) -> str:
    """What a program of the project prints, run in the project's folder. NotSubmitted."""
    program = project.absolute() / command[0]
    try:
        done = subprocess.run(
            [program, *command[1:]], cwd=project, stdin=subprocess.DEVNULL, capture_output=True, errors="replace"
        )
    except OSError as error:
        raise NotSubmitted(command[0], name, f"{program}: {error.strerror}") from error
    if done.returncode:
        said = one_line(f"{done.stderr} {done.stdout}".strip()) or "nothing"
        raise NotSubmitted(command[0], name, f"it ended with {done.returncode} and said {said}")
    return done.stdout
