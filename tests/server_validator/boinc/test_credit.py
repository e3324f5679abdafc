"""Credit that a real MariaDB has for a result is taken back once, from everybody who got it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_validator.boinc.credit import Credit, take_back
from server_validator.boinc.project import Unknown
from tests.server_validator.boinc import mariadb
from tests.server_validator.boinc.test_database import project


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mariadb.started(tmp_path_factory.mktemp("db")) as started:
        yield started


@pytest.fixture
def name(port: int, request: pytest.FixtureRequest) -> str:
    """A result of a host of its own."""
    name, host = f"{request.node.name}_0", len(mariadb.told(port, "SELECT id FROM host")) + 1
    mariadb.fill(port, {name: host, f"{name}_other_0": host})
    return name


def totals(port: int, name: str) -> list[float]:
    """What host, user and team of a result have in all."""
    return [
        float(str(row[0]))
        for table, column in (("host", "hostid"), ("user", "userid"), ("team", "teamid"))
        for row in mariadb.told(
            port, f"SELECT total_credit FROM {table} JOIN result ON {table}.id = {column} WHERE name = '{name}'"
        )
    ]


def state(port: int, name: str) -> tuple[object, ...]:
    (row,) = mariadb.told(port, f"SELECT validate_state, granted_credit FROM result WHERE name = '{name}'")
    return row


def test_credit_leaves_host_user_and_team_and_only_what_was_granted(tmp_path: Path, port: int, name: str) -> None:
    mariadb.grant(port, name, 12.5, team=7)
    mariadb.grant(port, f"{name}_other_0", 4.0, team=7)
    before = totals(port, name)
    assert take_back(project(tmp_path, port), name) == Credit("taken", 12.5)
    assert totals(port, name) == [total - 12.5 for total in before]
    assert state(port, name) == (2, 0.0)
    assert state(port, f"{name}_other_0") == (1, 4.0)


def test_nothing_is_taken_twice(tmp_path: Path, port: int, name: str) -> None:
    mariadb.grant(port, name, 12.5)
    mariadb.grant(port, f"{name}_other_0", 40.0)
    assert take_back(project(tmp_path, port), name) == Credit("taken", 12.5)
    assert take_back(project(tmp_path, port), name) == Credit("none")
    assert totals(port, name) == [40.0, 40.0]


def test_of_two_at_once_one_takes_it(tmp_path: Path, port: int, name: str) -> None:
    mariadb.grant(port, name, 12.5)
    mariadb.grant(port, f"{name}_other_0", 40.0)
    folder, found = project(tmp_path, port), []
    threads = [threading.Thread(target=lambda: found.append(take_back(folder, name).state)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["none", "none", "none", "taken"]
    assert totals(port, name) == [40.0, 40.0]


@pytest.mark.parametrize("undecided", [0, 4])
def test_while_boinc_has_not_decided_nothing_changes(tmp_path: Path, port: int, name: str, undecided: int) -> None:
    with mariadb.connected(port) as db, db.cursor() as cursor:
        cursor.execute("UPDATE result SET validate_state = %s WHERE name = %s", [undecided, name])
        db.commit()
    assert take_back(project(tmp_path, port), name) == Credit("pending")
    assert state(port, name) == (undecided, 0.0)


def test_a_result_that_boinc_has_deleted_or_refused_keeps_nothing_to_take(tmp_path: Path, port: int, name: str) -> None:
    assert take_back(project(tmp_path, port), "purged_0") == Credit("gone")
    for decided in (2, 5):  # invalid, too late
        with mariadb.connected(port) as db, db.cursor() as cursor:
            cursor.execute("UPDATE result SET validate_state = %s WHERE name = %s", [decided, name])
            db.commit()
        assert take_back(project(tmp_path, port), name) == Credit("none")
        assert state(port, name) == (decided, 0.0)


def test_a_project_that_grants_no_credit_has_its_result_made_invalid(tmp_path: Path, port: int, name: str) -> None:
    mariadb.grant(port, name, 0.0)
    assert take_back(project(tmp_path, port), name) == Credit("none")
    assert state(port, name) == (2, 0.0)


def test_where_something_fails_in_the_middle_nothing_is_taken(tmp_path: Path, port: int, name: str) -> None:
    mariadb.grant(port, name, 12.5)
    mariadb.told(port, "RENAME TABLE user TO user_away")
    try:
        with pytest.raises(Unknown, match="the database does not answer"):
            take_back(project(tmp_path, port), name)
    finally:
        mariadb.told(port, "RENAME TABLE user_away TO user")
    assert totals(port, name)[:2] == [12.5, 12.5]
    assert take_back(project(tmp_path, port), name) == Credit("taken", 12.5)
