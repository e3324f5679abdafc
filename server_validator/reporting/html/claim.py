"""A claim with its verdict, estimate and interval, and what was published."""

from __future__ import annotations

from kernels import claims
from kernels.claims import Estimate
from server_validator.reporting.changes import Changes, Moved, Turned
from server_validator.reporting.findings import Decided
from server_validator.reporting.html import against_zero, verdicts
from server_validator.reporting.html.markup import Markup, element, text
from server_validator.reporting.html.numerals import count, interval, signed


def card(experiment: str, number: int, decided: Decided, changes: Changes | None) -> Markup:
    """The claim of this number of an experiment."""
    claim, estimate, verdict = decided.claim, decided.estimate, decided.verdict
    title = f"{experiment}-claim-{number}"
    turned, moved = changes.of_claim(experiment, (claim.finding, claim.text)) if changes else (None, None)
    return element(
        "article",
        element(
            "div",
            element("h4", element("span", claim.finding, class_="finding"), " ", claim.text, id=title),
            verdicts.chip(verdict),
            class_="claim-head",
        ),
        against_zero.picture(estimate, verdict),
        element("p", _numbers(estimate), class_="estimate"),
        _why_undecided(decided),
        element(
            "dl",
            element("dt", "Measured"), element("dd", claim.unit),
            element("dt", "Published"), element("dd", claim.published),
        ),
        _change(turned, moved),
        class_=f"claim {verdict}", aria_labelledby=title,
    )  # fmt: skip


def _numbers(estimate: Estimate) -> Markup:
    if estimate.seeds == 0:
        return text("no complete seed yet")
    mean = element("b", signed(estimate.mean))
    if estimate.seeds == 1:
        return text(mean, " by one seed, which has no interval")
    between = element("span", f"{interval(estimate)} (95 %)", class_="interval")
    return text(mean, " ", between, " ", element("span", f"by {count(estimate.seeds, 'seed')}", class_="by"))


def _why_undecided(decided: Decided) -> Markup | None:
    if decided.verdict != "undecided":
        return None
    few = decided.estimate.seeds < claims.DECIDING_SEEDS
    why = f"a decision needs at least {claims.DECIDING_SEEDS} seeds" if few else "zero lies within the interval"
    return element("p", f"Undecided: {why}.", class_="note")


def _change(turned: Turned | None, moved: Moved | None) -> Markup | None:
    """What is different from the last report."""
    said = []
    if turned:
        said.append(f"was {turned.before} in the last report")
    if moved and moved.before.mean is not None:
        said.append(f"the estimate was {signed(moved.before.mean)}, and has left the interval that it had")
    return element("p", element("b", "Changed:"), f" {'; '.join(said)}.", class_="changed") if said else None
