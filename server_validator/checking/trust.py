"""How much of what a host returns is recomputed, by its record: how many of its results in a row were proven true.

The record is the ledger's own. Of a host without one, or whose record was broken, cells of each result are recomputed;
a trusted one's results join a span, of which a few cells are recomputed together. So do a new one's where a single cell
is a large part of a work unit. docs/attacks.md tells why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

TRUSTED = 10  # results proven in a row
CELLS = 4  # to draw of a result that is looked at by itself, and of a new host's span
CELLS_OF_NEAR = 8  # of a near one, which never joins a span: enough to see within ten results that it is not centred
CELLS_OF_A_SPAN = 2  # of all its results together; one would leave who forges no better and no worse than who computes
_LENGTHS = ((100, 16), (40, 8), (TRUSTED, 4))  # results proven in a row, and the results of a span from then on
# Where cells are dear, spans are longer: so long that recomputing takes this part of their work, up to so many results.
_PART_OF_NEW, _LONGEST_OF_NEW = 1 / 300, 16
_PART, LONGEST = 1 / 2000, 64


@dataclass(frozen=True)
class Asked:
    """How many results are decided on together, and by how many cells of all of them."""

    results: int
    cells: int


def asked(proven: int, dear: float) -> Asked:
    """What is asked of a host with this record; `dear` is the part of a result's work that a drawn cell takes."""
    length = next((length for least, length in _LENGTHS if proven >= least), 0)
    if not length:
        return Asked(min(max(1, math.ceil(CELLS * dear / _PART_OF_NEW)), _LONGEST_OF_NEW), CELLS)
    return Asked(min(max(length, math.ceil(CELLS_OF_A_SPAN * dear / _PART)), LONGEST), CELLS_OF_A_SPAN)
