"""Kills among commands that work on one data directory at once: nothing is lost, doubled or stuck."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_validator.boinc import mariadb
from tests.server_validator.kills import fleet, outcome
from tests.server_validator.kills.daemons import Daemons

KILLS, EACH = 300, 24  # and results of each host


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with mariadb.started(tmp_path) as started:
        yield started


def test_kills_lose_double_and_block_nothing(tmp_path: Path, port: int) -> None:
    daemons = Daemons(fleet.made(tmp_path, tmp_path / "data", port, EACH), KILLS)
    daemons.run()
    print(daemons.killed, daemons.killed_at_work, {kind: dict(codes) for kind, codes in daemons.codes.items()})
    outcome.settle(daemons)
    outcome.assert_nothing_is_lost_or_doubled(daemons, tmp_path / "reference")
