"""Work sized by this machine's pace, and how late it is."""

import time

from kernels import limits
from tests.kernels import tiny
from tests.support import pace
from tests.support.lateness import STEPS, Lateness, Took

LARGE = tiny.unit(1000, 1, width=[256], depth=[2])


def test_a_work_unit_lasts_about_as_long_as_is_asked_for() -> None:
    unit = pace.lasting(1.0, LARGE)
    assert pace.lasting(1.0, LARGE) == unit, "the same in a whole run"
    assert (unit.experiment, unit.grid) == (LARGE.experiment, LARGE.grid)
    start = time.thread_time()
    tiny.computed(unit, "c")
    assert 0.4 < time.thread_time() - start < 4


def test_a_work_unit_has_a_seed_and_not_more_cells_than_are_allowed() -> None:
    assert pace.lasting(1e-9, LARGE).seeds.count == 1
    assert len(pace.lasting(1e9, tiny.unit(learning_rate=[0.01, 0.05], depth=[1, 2])).cells) in range(
        limits.CELLS - 3, limits.CELLS + 1
    )


def test_lateness_is_what_a_thread_waited_beyond_what_it_asked_for() -> None:
    with Lateness() as lateness:
        time.sleep(0.3)
        took = lateness.took()
    assert 0 < took.worst < took.seconds
    assert took.at_most(0.3 + STEPS * took.worst)
    assert not Took(2.0, 0.05).at_most(1.4)
    assert Took(2.0, 0.05).at_most(1.6)
