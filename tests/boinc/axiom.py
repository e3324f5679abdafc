"""axiom-worker as the loopback project offers it: the application version, and work units for it."""

import sys
from pathlib import Path

from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import Seeds
from tests.boinc.work import AppFile, InputFile, WorkUnit
from tests.support import pace

ROOT = Path(__file__).parents[2]


def program(change: str = "") -> AppFile:
    """The main program; `change` is what a test must alter in it before it starts, one line of Python."""
    # -s and -E: the volunteer's own Python settings must not matter, and do not here.
    text = f"""#!{sys.executable} -sE
import sys
sys.path.insert(0, {str(ROOT)!r})
from client import task
from client.cli import main
{change}
raise SystemExit(main())
"""
    return AppFile("axiom_100", text.encode(), main_program=True)


ONE_SEED = workunit.WorkUnit(EXPERIMENTS["compgen"], Seeds(1000, 1))


def computation(seconds: float) -> bytes:
    """The wu.json of every condition of compgen, for as many seeds as keep a core busy for about so many seconds."""
    return workunit.encode(pace.lasting(seconds, ONE_SEED))


def unit(name: str, content: bytes, max_nbytes: int = 10_000_000) -> WorkUnit:
    """The work unit as BOINC sees it, with the bytes of its wu.json."""
    inputs = (InputFile("wu.json", content),)
    return WorkUnit(name, inputs, "result.msgpack", max_nbytes=max_nbytes, rsc_fpops_est=1e12)
