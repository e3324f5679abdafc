"""axiom-worker, with other constants as in patched.py, under a wall clock that jumps by days at every look at it."""

import datetime
import itertools
import runpy
import time
from pathlib import Path

_true = time.time_ns
_jumps = itertools.cycle(days * 86400 * 10**9 for days in (0, 3, -5, 400, -4000))


def _jumped() -> int:
    return _true() + next(_jumps)


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_Datetime":
        return cls.fromtimestamp(_jumped() / 1e9, tz)


time.time_ns = _jumped
time.time = lambda: _jumped() / 1e9
datetime.datetime = _Datetime  # type: ignore[misc]

runpy.run_path(str(Path(__file__).with_name("patched.py")))
