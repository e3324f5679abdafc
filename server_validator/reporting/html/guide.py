"""How to read the report."""

from __future__ import annotations

from kernels.claims import DECIDING_SEEDS
from server_validator.reporting.html.markup import Markup, element

_WORDS = (
    (
        "Finding",
        "A claim with a number for each seed, such as a difference between two conditions. "
        "The estimate is its mean over seeds, with a 95 % interval by bootstrap over seeds.",
    ),
    (
        "Verdict",
        f"With at least {DECIDING_SEEDS} seeds a claim holds where its whole interval is above zero, and is refuted "
        "where it is below. In between, and with fewer seeds, it is undecided.",
    ),
    (
        "Seed",
        "The number that all randomness of a network comes from. Conditions are compared within each seed.",
    ),
    (
        "Bit-exact",
        "Results of the engine whose every bit is the same on every host, which the server recomputes to check. "
        "Those of other engines are near them, within tolerances, and count only where that is said.",
    ),
    (
        "Published",
        "What an earlier project, or the literature, reported.",
    ),
)


def section() -> Markup:
    """What the words mean."""
    entries = [(element("dt", word), element("dd", meaning)) for word, meaning in _WORDS]
    return element(
        "section", element("h2", "How to read this", id="guide"), element("dl", entries), class_="guide",
        aria_labelledby="guide",
    )  # fmt: skip
