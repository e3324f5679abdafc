"""A quit on a core that others keep busy: the program has hardly any processor time, and saves all the same."""

from __future__ import annotations

from pathlib import Path

from tests.client.slots import LONG, task
from tests.support.busy import starved


def test_what_was_computed_until_a_quit_is_kept(tmp_path: Path) -> None:
    slot = task(tmp_path, LONG)
    with slot.start() as worker:
        worker.until_computing()
        worker.until_statuses(2)
        with starved(worker.process.pid):
            worker.listen(0.5)
            worker.send(b"<quit/>")
            ended = worker.ended()
    slot.check_unfinished(ended, 0)
    assert slot.checkpoint.exists(), ended  # none was due before; words may come too late here
