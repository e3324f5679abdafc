"""How many cells of a result are recomputed, by the record of the host that returned it."""

from __future__ import annotations

TRUSTED = 10  # valid results in a row
CELLS_OF_A_TRUSTED_HOST = 1
CELLS_OF_OTHERS = 4


def trusted(consecutive_valid: int) -> bool:
    """Whether a host has returned so many valid results in a row that less is asked of it."""
    return consecutive_valid >= TRUSTED


def cells(consecutive_valid: int | None) -> int:
    """How many cells to recompute of a host with this record; None where nothing is known of it."""
    known = consecutive_valid is not None and trusted(consecutive_valid)
    return CELLS_OF_A_TRUSTED_HOST if known else CELLS_OF_OTHERS
