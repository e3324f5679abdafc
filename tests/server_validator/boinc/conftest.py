"""What the tests of the daemons' scripts share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server_validator.boinc import scripts


@pytest.fixture(autouse=True)
def no_script_outlives_its_test() -> Iterator[None]:
    yield
    scripts.end_all()
