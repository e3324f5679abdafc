"""What several rooms' tests share: a tiny work unit, computed once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from kernels import result
from kernels.result import Result
from tests.kernels import tiny

# packaging/ is no package: a package of that name would shadow a library. Its files import each other as siblings.
sys.path.append(str(Path(__file__).parents[1] / "packaging"))

# Programs that tests start write as a volunteer's do, in lines: where a disk is full, that makes a difference.
os.environ.pop("PYTHONUNBUFFERED", None)

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What pytest-xdist gives to one process: a file, whose tests share fixtures, and the whole of tests/boinc."""
    boinc = Path(__file__).parent / "boinc"
    for item in items:
        group = "boinc" if boinc in item.path.parents else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
