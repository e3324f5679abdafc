"""Commands that are asked again until they answer, as BOINC's daemons ask, many at once, while some are killed."""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from server_validator.errors import ResultLost, SeedsTaken, TryLater
from tests.server_validator.boinc import mariadb
from tests.server_validator.kills.fleet import GRIDS, Fleet, Sent
from tests.support import commands
from tests.support.processes import computed
from tests.support.waiting import pause, wait_until

SERVER = Path(sys.executable).with_name("axiom-server")
VALIDATORS, ASSIMILATORS = 8, 4
OF_RESULTS = frozenset({0, *range(20, 30), 32, 38})  # the codes that axiom_validate hands to BOINC
FIRST = 10**6  # seed that make-wu may give out
KILLED = -signal.SIGKILL


@dataclass
class Running:
    """A command that runs."""

    kind: str
    process: subprocess.Popen[str]
    begun: float = field(default_factory=time.monotonic)

    def ended(self) -> bool:
        """Whether it has ended by itself or was killed."""
        return self.process.poll() is not None

    def at_work(self, data: Path) -> bool:
        """Whether it has a file of the data directory open, so that a kill meets more than its imports."""
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if data in (descriptor.readlink(), *descriptor.readlink().parents):
                        return True
        return False


class Daemons:
    """Everything that works on a data directory at once, until all is answered and so many were killed."""

    def __init__(self, fleet: Fleet, kills: int) -> None:
        self.fleet = fleet
        self.said: list[str] = []  # each command's standard error
        self.printed: list[str] = []  # and standard output
        self.codes: dict[str, collections.Counter[int]] = collections.defaultdict(collections.Counter)
        self.codes_of: dict[Path, set[int]] = collections.defaultdict(set)  # of uploads that were validated
        self.killed = self.killed_at_work = 0
        self.made: set[Path] = set()  # where make-wu was to write
        self._kills = kills
        self._draw = random.Random(kills)
        self._lock = threading.Lock()
        self._running: list[Running] = []
        self._ended = 0
        self._seconds: dict[str, float] = {}  # that a command of a kind took
        self._to_validate = collections.deque(fleet.sent)
        self._to_assimilate: collections.deque[Sent] = collections.deque()
        self._valid: dict[Path, Sent] = {}
        self._validated = self._assimilated = 0
        self._numbers = itertools.count()
        self._failed = threading.Event()

    @classmethod
    def of(cls, data: Path) -> Daemons:
        """For commands on a data directory that are called once."""
        return cls(Fleet(data, data, 0, ()), 0)

    def run(self) -> None:
        """Until every upload has its answer, and all kills are done."""
        loops = [
            *[self._validate] * VALIDATORS, *[self._assimilate] * ASSIMILATORS,
            self._compact, self._audit, self._make_work, self._make_work, self._kill,
        ]  # fmt: skip
        with ThreadPoolExecutor(len(loops)) as pool:
            for loop in [pool.submit(self._whole, loop) for loop in loops]:
                loop.result()

    def over(self) -> bool:
        """Whether nothing is left to be done, or one of the loops has failed."""
        with self._lock:
            every = len(self.fleet.sent)
            answered = self._validated >= every and not self._to_assimilate and self._assimilated >= len(self._valid)
            return self._failed.is_set() or (answered and self.killed >= self._kills)

    def once(self, kind: str, *words: object) -> tuple[int, str, str]:
        """Exit code, output and complaint of a command that is called once."""
        command = [str(SERVER), "--data", str(self.fleet.data), kind, *map(str, words)]
        process = subprocess.Popen(
            command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        running = Running(kind, process)
        with self._lock:
            self._running.append(running)
        out, err = commands.communicate(process)
        code = process.returncode
        with self._lock:
            self._running.remove(running)
            self.said.append(err)
            self.printed.append(out)
            self.codes[kind][code] += 1
            if code != KILLED:
                self._ended += 1
                self._seconds[kind] = time.monotonic() - running.begun
        assert "Traceback" not in err, err
        assert code not in (1, 2, 120), f"{command}: {code}\n{err}"
        return code, out, err

    def _whole(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except BaseException:
            self._failed.set()
            raise

    def _until(self, told: frozenset[int], kind: str, *words: object) -> int | None:
        """The first answer of a command; what it is killed at or cannot do now is asked again."""
        while not self._failed.is_set():
            code, _, err = self.once(kind, *words)
            if code in told:
                return code
            assert code in (KILLED, TryLater.code), f"{kind} {words}: {code}\n{err}"
        return None

    def _validate(self) -> None:
        while not self.over():
            with self._lock:
                new = bool(self._to_validate)
                sent = self._to_validate.popleft() if new else self._draw.choice(self.fleet.sent)
            code = self._until(OF_RESULTS, "validate", "--project", self.fleet.project, sent.path)
            if code is None:
                return
            with self._lock:
                self.codes_of[sent.path].add(code)
                valid = new and code == 0
                if valid:
                    self._valid[sent.path] = sent
            if valid:
                mariadb.grant(self.fleet.port, sent.result, 1.0)
            elif new:
                mariadb.deny(self.fleet.port, sent.result)
            with self._lock:
                self._validated += new
                self._to_assimilate.extend([sent] * valid)

    def _assimilate(self) -> None:
        while not self.over():
            with self._lock:
                new = bool(self._to_assimilate)
                sent = self._to_assimilate.popleft() if new else None
                if sent is None and self._valid:
                    sent = self._draw.choice(list(self._valid.values()))
            if sent is None:
                time.sleep(0.05)
                continue
            words = ("--project", self.fleet.project, sent.number, sent.path)
            code = self._until(frozenset({0, ResultLost.code}), "assimilate", *words)
            assert code != ResultLost.code or sent not in self.fleet.honest, f"{sent.path} was lost"
            with self._lock:
                self._assimilated += new

    def _compact(self) -> None:
        self._again_and_again("compact")

    def _audit(self) -> None:
        self._again_and_again("audit", "--project", self.fleet.project, "--days", "0")

    def _again_and_again(self, *words: object) -> None:
        while not self.over():
            self.once(str(words[0]), *words[1:])
            time.sleep(0.2)

    def _make_work(self) -> None:
        """Seeds of which another one may take some at the same time; nobody asks again for what was killed."""
        while not self.over():
            with self._lock:
                name, _ = self._draw.choice(GRIDS)
                first, count = FIRST + self._draw.randrange(500), 1 + self._draw.randrange(3)
                path = self.fleet.project / f"wu-{next(self._numbers)}.json"
                self.made.add(path)
            code, _, err = self.once("make-wu", name, "--first", first, "--count", count, "--out", path)
            assert code != 0 or path.is_file(), err
            assert code != SeedsTaken.code or not path.exists(), err

    def _kill(self) -> None:
        """One command after the other, at a moment of its life; each time another one must have ended by itself."""
        ended = -1
        while self.killed < self._kills and not self._failed.is_set():
            wait_until(
                partial(self._may_kill, ended), "the end of a command", lambda: (self._ended, computed({os.getpid()}))
            )
            with self._lock:
                running = list(self._running)
            working = [one for one in running if one.at_work(self.fleet.data)]
            if not running:
                continue
            victim = self._draw.choice(working if working and self._draw.random() < 0.8 else running)
            delay = self._draw.random() ** 2 * 0.3 * self._seconds.get(victim.kind, 1.0)
            if not pause(delay, unless=victim.ended):
                self.killed_at_work += victim.at_work(self.fleet.data)
                victim.process.kill()
                self.killed += 1
                ended = self._ended

    def _may_kill(self, ended: int) -> bool:
        return self._failed.is_set() or (self._ended > ended and bool(self._running))
