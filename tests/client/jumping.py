"""axiom-worker under a wall clock that jumps by days, forwards and back, between any two looks at it."""

import datetime
import itertools
import sys
import time

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

from client.cli import main  # noqa: E402

sys.exit(main())
