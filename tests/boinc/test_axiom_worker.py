"""axiom-worker under Debian's real client: a work unit's whole life, from the ledger to the data set."""

import pytest

from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from server_validator import cli
from server_validator.dataset import query
from tests.boinc.frozen import needs_build
from tests.boinc.lives.ledger import Ledger
from tests.boinc.real_client import needs_client

pytestmark = [needs_client, needs_build]


def test_a_task_that_the_user_holds_stands_still_and_goes_on(ledger: Ledger) -> None:
    assert ledger.held.active_task_state == "SUSPENDED"
    assert ledger.after.ending(ledger.names[0]) == (0, 5)


def test_a_client_that_quits_leaves_no_worker_and_starts_another_one(ledger: Ledger) -> None:
    assert ledger.outlived == set()
    before, after = ledger.pids
    assert before != after
    for name in ledger.names:
        assert ledger.after.ending(name) == (0, 5), ledger.after.said(name)
        (resumed,) = ledger.after.resumed(name)
        assert 0 < resumed < 100


def test_two_work_units_from_ledger_to_data_set(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    uploads = list(map(str, ledger.uploads))
    assert cli.main(["--data", str(ledger.data), "validate", *uploads]) == 0
    assert capsys.readouterr().out.count(": valid, compgen_1_") == 2
    for boinc_id, upload in enumerate(uploads):
        assert cli.main(["--data", str(ledger.data), "assimilate", str(boinc_id), upload]) == 0
    assert all(path.stat().st_size < 1_000_000 for path in ledger.uploads)
    assert cli.main(["--data", str(ledger.data), "compact"]) == 0
    table = query.load(ledger.data, EXPERIMENTS["compgen"]).table
    assert sorted({int(seed) for seed in table.seed}) == list(ledger.seeds)
    assert len(table.seed) == sum(result.read(path).header.cells for path in ledger.uploads)
