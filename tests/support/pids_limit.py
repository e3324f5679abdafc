"""A limit on processes and threads, by a group of the kernel's own, that can be set and lifted while programs run."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.waiting import wait_while

_HIERARCHIES = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))  # of the first kind and of the second
_numbers = itertools.count()


@dataclass(frozen=True)
class Group:
    """Processes that share a limit."""

    folder: Path

    @property
    def members(self) -> Path:
        """The file that takes the number of a process which joins."""
        return self.folder / "cgroup.procs"

    def limit(self, count: int | None) -> None:
        """So many processes and threads, or any number."""
        (self.folder / "pids.max").write_text("max" if count is None else str(count))


@contextlib.contextmanager
def group() -> Iterator[Group]:
    """A group without members and without a limit. The test is skipped where none can be made."""
    for hierarchy in _HIERARCHIES:
        made = Group(hierarchy / f"axiom-test-{os.getpid()}-{next(_numbers)}")
        try:
            made.folder.mkdir()
        except OSError:
            continue
        if (made.folder / "pids.max").exists():
            break
        made.folder.rmdir()
    else:
        pytest.skip("no group of processes with a limit can be made here")
    try:
        yield made
    finally:
        wait_while(lambda: made.members.read_text(), "the end of the group's processes", lambda: 0)
        made.folder.rmdir()
