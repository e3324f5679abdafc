"""Credit that BOINC granted for a result that turned out to be wrong: taken back where it was given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from server_validator.boinc import database
from server_validator.boinc.project import database_settings

_VALID, _INVALID = 1, 2  # BOINC's validate_state
_UNDECIDED = (0, 4)  # not looked at yet; inconclusive

_RESULT = "SELECT id, validate_state, granted_credit, hostid, userid, teamid FROM result WHERE name = %s FOR UPDATE"
_ACCOUNTS = ("host", "user", "team")


@dataclass(frozen=True)
class Credit:
    """What became of a result's credit: `amount` was taken back; `pending` while BOINC has not decided on it."""

    state: Literal["taken", "none", "pending", "gone"]  # none: none was granted; gone: BOINC has deleted the result
    amount: float = 0.0


def take_back(project: Path, result: str) -> Credit:
    """Make a result invalid that BOINC took for valid, and subtract its credit from host, user and team.

    In one transaction, by amounts and not by totals, so that what the daemons grant meanwhile stays, and nothing is
    taken twice. Unknown if the database cannot be asked.
    """
    with database.connection(database_settings(project)) as cursor:
        cursor.execute(_RESULT, [result])
        row = cursor.fetchone()
        if row is None:
            return Credit("gone")
        number, state, granted, *accounts = row
        if state in _UNDECIDED:
            return Credit("pending")
        if state != _VALID:
            return Credit("none")
        cursor.execute("UPDATE result SET validate_state = %s, granted_credit = 0 WHERE id = %s", [_INVALID, number])
        for table, account in zip(_ACCOUNTS, accounts, strict=True):
            if account:
                cursor.execute(
                    f"UPDATE {table} SET total_credit = GREATEST(0, total_credit - %s) WHERE id = %s",
                    [granted, account],
                )
        return Credit("taken" if granted else "none", float(granted))
