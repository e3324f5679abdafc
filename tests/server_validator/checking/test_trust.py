"""Trust lowers what a check costs, never to nothing."""

from __future__ import annotations

import pytest

from server_validator.checking import trust


@pytest.mark.parametrize(
    ("proven", "results"), [(0, 1), (9, 1), (10, 4), (39, 4), (40, 8), (99, 8), (100, 16), (10**6, 16)]
)
def test_a_long_record_of_proven_results_makes_spans_longer_up_to_a_floor(proven: int, results: int) -> None:
    assert trust.asked(proven, 0.0).results == results


@pytest.mark.parametrize(("proven", "dear", "results"), [
    (0, 0.0008, 1), (0, 0.002, 3), (0, 0.01, 12), (0, 0.5, 16), (200, 0.0008, 16), (200, 0.01, 40), (200, 0.5, 64),
])  # fmt: skip
def test_where_cells_are_dear_more_results_are_decided_on_together(proven: int, dear: float, results: int) -> None:
    assert trust.asked(proven, dear).results == results


def test_one_cell_alone_would_leave_forging_without_a_loss() -> None:
    assert all(trust.asked(proven, dear).cells >= 2 for proven in (0, 10, 200) for dear in (0.0, 0.01, 1.0))
