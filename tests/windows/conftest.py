"""The Windows in which everything here runs, and the program built for it once."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wine.windows import Windows

from tests.client.slots import Slot
from tests.packaging.builds import built, copied
from tests.support import wine
from tests.support.waiting import wait_until
from tests.windows import NAMES
from tests.windows.worker import WindowsWorker

Start = Callable[..., WindowsWorker]


@pytest.fixture(scope="session")
def windows() -> Iterator[Windows]:
    with wine.running() as found:
        yield found


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory, windows: Windows) -> Path:
    """The cpu flavour as it is installed, built by the first of several test processes that asks."""
    base = tmp_path_factory.getbasetemp()  # with pytest-xdist each process has one below that of all
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "windows-program"
    done, failed = shared / "done", shared / "failed"
    try:
        shared.mkdir()
    except FileExistsError:
        ticks = itertools.count()  # that build is watched where it runs
        wait_until(lambda: done.exists() or failed.exists(), "the build elsewhere", lambda: next(ticks), every=0.1)
    else:
        try:
            (shared / "printed").write_text(built(copied(shared / "source"), shared / "dist", platform=NAMES.platform))
            done.touch()
        finally:
            if not done.exists():
                failed.touch()
    assert done.exists(), "the build failed in another test process"
    return shared / "dist" / NAMES.folder


@pytest.fixture
def installed(tree: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged."""
    return Path(shutil.copytree(tree, tmp_path / "installed"))


@pytest.fixture
def start(windows: Windows, tree: Path) -> Start:
    """Start the program in a slot: `start(slot, *arguments, main=..., memory=..., client=..., flags=...)`."""

    def starting(slot: Slot, *arguments: str, main: Path = tree / NAMES.main, **order: object) -> WindowsWorker:
        return WindowsWorker(windows, slot, main, arguments, **order)  # type: ignore[arg-type]

    return starting
