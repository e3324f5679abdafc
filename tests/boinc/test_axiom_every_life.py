"""What holds for a task under the real client whatever befell it."""

import pytest

from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from tests.boinc.frozen import needs_build
from tests.boinc.lives import common
from tests.boinc.lives.common import Aftermath
from tests.boinc.real_client import needs_client
from tests.client.sessions import cells

pytestmark = [needs_client, needs_build]


def test_no_process_outlives_its_client(aftermaths: dict[str, Aftermath]) -> None:
    assert {name: after.survivors for name, after in aftermaths.items() if after.survivors} == {}


def test_no_report_shows_a_traceback_the_account_key_or_the_users_folders(aftermaths: dict[str, Aftermath]) -> None:
    for after in aftermaths.values():
        for report in after.reports.values():
            assert "Traceback" not in report.stderr
            assert after.account_key not in report.stderr
            assert after.folder not in report.stderr


@pytest.mark.parametrize(
    ("life", "unit"),
    [
        ("endings", "killed"),
        ("endings", "no_space"),
        ("quitter", "quitter"),
        ("orphans", "woken"),
        ("crowded", "crowded"),
        ("unsynced", "unsynced"),
    ],
)
def test_a_disturbed_task_computes_the_cells_of_an_undisturbed_one(
    life: str, unit: str, aftermaths: dict[str, Aftermath], uninterrupted: bytes
) -> None:
    found = result.decode(aftermaths[life].results[unit], unit)
    result.check(found, workunit.decode(common.content(), "wu.json", EXPERIMENTS), unit)
    assert cells(found) == uninterrupted
