"""An application version of many signed files under the real client: installed once, shared, refused, followed."""

import re

from tests.boinc.frozen import needs_build
from tests.boinc.lives.installed import TASKS, UPGRADED, Installed
from tests.boinc.lives.planted import Planted
from tests.boinc.lives.refused import Refused
from tests.boinc.real_client import needs_client
from tests.boinc.work import AppVersion

pytestmark = [needs_client, needs_build]


def travelling(version: AppVersion) -> set[str]:
    """What has to be downloaded for a version: compressed files travel under another name."""
    return {f"{file.name}.gz" if file.gzip else file.name for file in version.files}


def test_every_file_of_a_version_is_downloaded_once_for_all_tasks(installed: Installed) -> None:
    inputs = {f"{task.removesuffix('_0')}_in_0" for task in TASKS}
    assert sorted(installed.fetched) == sorted(travelling(installed.version) | inputs)
    assert any(file.gzip for file in installed.version.files)


def test_four_tasks_run_at_once_with_one_process_each(installed: Installed) -> None:
    assert len(set(installed.workers.values())) == len(TASKS)
    # The launcher became the program: nothing else runs, and the client is the parent.
    assert installed.running == set(installed.workers.values())
    assert set(installed.parents.values()) == {installed.client}
    for task in (*TASKS, UPGRADED):
        assert installed.after.ending(task.removesuffix("_0")) == (0, 5), installed.after.said(task.removesuffix("_0"))


def test_the_tasks_share_one_bundle(installed: Installed) -> None:
    # Beside the version: four work units of less than a kilobyte.
    assert installed.built < installed.in_project < installed.built + 20_000
    # Checkpoints are the task's own.
    assert max(installed.in_slots) < 500_000
    # One name for all files, so one link file in each slot.
    assert installed.links == [1] * len(TASKS)


def test_an_upgrade_of_the_code_is_one_file(installed: Installed) -> None:
    before, after = ({file.name for file in version.files} for version in (installed.version, installed.following))
    (program,) = after - before
    assert program.startswith("axiom_0.02_")
    (code,) = travelling(installed.following) - travelling(installed.version)
    assert sorted(installed.fetched_later) == sorted([code, f"{UPGRADED.removesuffix('_0')}_in_0"])
    assert installed.left == after


def test_where_there_is_no_launcher_the_upgrade_is_one_file(unlaunched: Planted) -> None:
    (program,) = [name for name in unlaunched.upgrade if not name.endswith("_in_0")]
    assert program.startswith("axiom_0.02_")
    assert unlaunched.after.ending("following") == (0, 5)


def test_a_foreign_signature_and_a_changed_byte_are_refused(refused: Refused) -> None:
    for name in (refused.foreign, refused.changed):
        assert re.search(rf"ignature verification (failed|error) for {re.escape(name)}\n", refused.after.client_log)
    assert refused.started == set()
    status, state = refused.after.ending("refused")
    assert status != 0
    assert state != 5
    assert refused.after.results == {}


def test_a_library_that_a_work_unit_brings_is_not_loaded(planted: Planted) -> None:
    assert planted.in_slot
    assert not planted.loaded
    assert planted.after.ending("planted") == (0, 5)


def test_without_the_launcher_it_would_be(unlaunched: Planted) -> None:
    assert unlaunched.in_slot
    assert unlaunched.loaded
