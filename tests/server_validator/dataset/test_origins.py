"""Whose cells an experiment's are, and how new."""

from __future__ import annotations

import os
from pathlib import Path

from server_validator.dataset.query import load
from tests.kernels import tiny
from tests.server_validator.storing import COMPGEN, filed


def test_hosts_are_told_and_that_others_are_not_known(tmp_path: Path) -> None:
    filed(tmp_path, tiny.unit(), host=12)
    filed(tmp_path, tiny.unit(50, 3), host=12)
    contents = load(tmp_path, COMPGEN)
    assert (contents.hosts, contents.unknown_hosts) == (frozenset({12}), False)
    filed(tmp_path, tiny.unit(60, 1), host=None)
    contents = load(tmp_path, COMPGEN)
    assert (contents.hosts, contents.unknown_hosts) == (frozenset({12}), True)


def test_the_newest_file_tells_how_new_the_cells_are(tmp_path: Path) -> None:
    for age, unit in enumerate((tiny.unit(), tiny.unit(60, 1))):
        os.utime(filed(tmp_path, unit), (1e9 - age, 1e9 - age))
    assert load(tmp_path, COMPGEN).newest == 1e9
