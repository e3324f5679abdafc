"""What several rooms' tests share: a tiny work unit, computed once."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from kernels.formats import result
from kernels.formats.result import Result
from tests.kernels import tiny

# packaging/ is no package: a package of that name would shadow a library. Its files import each other as siblings.
sys.path.append(str(Path(__file__).parents[1] / "packaging"))

# Programs that tests start write as a volunteer's do, in lines: where a disk is full, that makes a difference.
os.environ.pop("PYTHONUNBUFFERED", None)

# Who runs in the background of a shell ignores Ctrl-C, and all that it starts does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("axiom", deadline=None)  # a busy machine is no failure
settings.load_profile("axiom")


@pytest.fixture(scope="session")
def tiny_result() -> Result:
    """A really computed result of `tiny.unit()`, as it is read from its bytes."""
    return result.decode(result.encode(tiny.computed(tiny.unit())), "the tiny result")


@pytest.fixture(scope="session")
def tiny_bytes(tiny_result: Result) -> bytes:
    return result.encode(tiny_result)


@pytest.fixture
def tiny_file(tmp_path: Path, tiny_bytes: bytes) -> Path:
    path = tmp_path / "tiny.msgpack"
    path.write_bytes(tiny_bytes)
    return path


class FilesWhole(LoadScopeScheduling):  # type: ignore[misc]
    """What pytest-xdist gives to one process: a file, whose tests share fixtures, and the whole of tests/boinc."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/boinc" if nodeid.startswith("tests/boinc/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesWhole:
    return FilesWhole(config, log)
