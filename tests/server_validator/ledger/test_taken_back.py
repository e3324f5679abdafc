"""Results that were taken back: which, whose, and why."""

from __future__ import annotations

from pathlib import Path

from server_validator.ledger import Ledger, standing, verdicts
from server_validator.ledger.verdicts import TakenBack, Verdict
from tests.kernels import tiny
from tests.server_validator import data


def test_results_of_an_experiment_that_were_taken_back(tmp_path: Path) -> None:
    first, second = tiny.unit(0, 2), tiny.unit(2, 2)
    with Ledger(data.issued(tmp_path, first, second)) as ledger:
        standing.record_lost(ledger, second.name, "gone", "deleted")
        again = standing.reissue(ledger, second.name)
        for number, name in enumerate((first.name, again)):
            valid = Verdict(f"{name}_0_r1_0", bytes([number]) * 16, name, 0, "checked")
            verdicts.record(ledger, valid)
            standing.store(ledger, name, valid.upload, valid.checksum, 7, 12)
        assert verdicts.taken_back(ledger, "compgen", first.experiment.version) == []
        verdicts.record(ledger, Verdict(f"{again}_0_r1_0", b"\1" * 16, again, 25, "cell 3 differs"))
        expected = [TakenBack(f"{again}_0_r1_0", 12, again, "cell 3 differs")]
        assert verdicts.taken_back(ledger, "compgen", first.experiment.version) == expected
        assert verdicts.taken_back(ledger, "compgen", 99) == []
        assert verdicts.taken_back(ledger, "featrank", first.experiment.version) == []
