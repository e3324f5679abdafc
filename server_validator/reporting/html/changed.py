"""What changed since the last report: verdicts first, then estimates, then seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from server_validator.reporting.changes import Changes, Grown, Moved, Turned
from server_validator.reporting.html.markup import Markup, element, text
from server_validator.reporting.html.numerals import count, day, signed
from server_validator.reporting.report import Report


def section(report: Report) -> Markup:
    """The section of all experiments' changes."""
    changes = report.changes
    if changes is None:
        said = text(element("p", report.why_no_changes))
    elif not changes.any():
        said = text(element("p", f"Nothing, since the report on the data of {day(changes.since)}."))
    else:
        said = text(element("p", f"Since the report on the data of {day(changes.since)}:"), _lists(changes))
    return element(
        "section", element("h2", "What changed", id="changes"), said, class_="changes", aria_labelledby="changes"
    )  # fmt: skip


def of_experiment(name: str, changes: Changes | None) -> Markup | None:
    """What changed of one experiment besides its claims, in a sentence or two."""
    if changes is None:
        return None
    said = []
    if name in changes.begun:
        said.append("had no findings in the last report")
    said += [f"version {now}, was {before}: computed anew" for of, before, now in changes.renewed if of == name]
    said += [_grown(grown) for grown in changes.grown if grown.experiment == name]
    points = sum(len(moved.of) == 3 for moved in changes.moved if moved.experiment == name)
    if points:
        said.append(f"{count(points, 'point')} of curves outside of their intervals of then")
    if not said:
        return None
    return element("p", element("b", "Since the last report:"), f" {'; '.join(said)}.", class_="changed")


def _lists(changes: Changes) -> Markup:
    return text(
        _list("Verdicts", [_turned(one) for one in changes.turned]),
        _list("Estimates outside of the interval that they had", [*_moved_claims(changes), *_moved_points(changes)]),
        _list("New alarms", [text(f"{count(len(changes.alarms))}, at the top")] if changes.alarms else []),
        _list("New versions", [text(_link(name), f": {new}, was {old}") for name, old, new in changes.renewed]),
        _list("First findings", [_link(name) for name in changes.begun]),
        _list("No findings any more", [text(name) for name in changes.ended]),
        _list("Seeds", [text(_link(one.experiment), f": {_grown(one)}") for one in changes.grown]),
    )


def _list(heading: str, entries: Sequence[Markup]) -> Markup | None:
    if not entries:
        return None
    return text(element("h3", heading), element("ul", [element("li", entry) for entry in entries]))


def _turned(one: Turned) -> Markup:
    finding, words = one.claim
    verdicts = text(element("b", one.now), f", was {one.before}")
    return text(_link(one.experiment), f": {finding} {words}: ", verdicts)


def _moved_claims(changes: Changes) -> Iterator[Markup]:
    for one in changes.moved:
        if len(one.of) == 2:
            finding, words = one.of
            yield text(_link(one.experiment), f": {finding} {words}: {_estimates(one)}")


def _moved_points(changes: Changes) -> Iterator[Markup]:
    """A line for each experiment: there may be hundreds of points."""
    titles: dict[str, list[str]] = defaultdict(list)
    for one in changes.moved:
        if len(one.of) == 3:
            titles[one.experiment].append(one.of[0])
    for experiment, of in titles.items():
        yield text(_link(experiment), f": {count(len(of), 'point')} of {count(len(set(of)), 'plot')}")


def _estimates(one: Moved) -> str:
    means = (one.now.mean, one.before.low, one.before.high)
    now, low, high = (signed(number) for number in means if number is not None)  # or it would not have moved
    return f"{now}, had {low} to {high}"


def _grown(grown: Grown) -> str:
    (seeds_before, seeds), (cells_before, cells) = grown.seeds, grown.cells
    more = f"{count(seeds, 'seed')} ({_more(seeds - seeds_before)})"
    return f"{more}, {count(cells, 'network')} ({_more(cells - cells_before)})"


def _more(number: int) -> str:
    return f"{number:+,}".replace("-", "\N{MINUS SIGN}") if number else "as before"


def _link(experiment: str) -> Markup:
    return element("a", experiment, href=f"#{experiment}")
