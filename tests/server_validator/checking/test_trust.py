"""Trust lowers what a check costs, never to nothing."""

from __future__ import annotations

import pytest

from server_validator.checking import trust


@pytest.mark.parametrize(
    ("record", "cells"), [(None, 4), (0, 4), (trust.TRUSTED - 1, 4), (trust.TRUSTED, 1), (10**6, 1)]
)
def test_a_long_record_of_valid_results_is_asked_for_fewer_cells(record: int | None, cells: int) -> None:
    assert trust.cells(record) == cells
