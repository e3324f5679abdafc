"""Plots: marks lie where the numbers are, and what has no number has no mark."""

from __future__ import annotations

import math
import re

import pytest

from kernels.claims import Curve, Estimate
from server_validator.reporting.findings import Drawn
from server_validator.reporting.html import against_zero, plot
from tests.server_validator.reporting.html.parsed import Node, parse

NAN = math.nan


def drawn(svg: str | None) -> Node:
    (picture,) = parse(f"<html>{svg}</html>").all("svg")
    return picture


Points = dict[float | str, Estimate]


def curve(points: Points, log: bool = False, **published: float) -> Drawn:
    """A curve of these points; `published` is what was, at a place after the letter x: x32."""
    known: dict[float | str, float] = {float(place[1:]): value for place, value in published.items()}
    return Drawn(Curve(title="A title", axis="width", metric="gap", label="a gap", log=log, published=known), points)


def marks(svg: Node, *, open_: bool = False) -> list[tuple[float, float]]:
    of = [node for node in svg.all("path") if "mark" in node.classes and ("open" in node.classes) == open_]
    places = [re.findall(r"translate\((\S+) (\S+)\)", node.attributes["transform"])[0] for node in of]
    return [(float(x), float(y)) for x, y in places]


def test_numbers_lie_from_left_to_right_and_larger_ones_higher() -> None:
    points: Points = {64: Estimate(0.3, 0.2, 0.4, 8), 32: Estimate(0.6, 0.5, 0.7, 8)}
    svg = drawn(plot.plot([curve(points, x32=0.5)]))
    (x_64, y_64), (x_32, y_32) = marks(svg)
    assert x_32 < x_64
    assert y_32 < y_64
    ((x, y),) = marks(svg, open_=True)
    assert x == x_32
    assert y_32 < y < y_64
    assert [node.text for node in svg.all("text")][-2:] == ["32", "64"]
    bars = [re.findall(r"-?[\d.]+", node.attributes["d"]) for node in svg.all("path") if "bar" in node.classes]
    lows, highs = zip(*((float(bar[1]), float(bar[5])) for bar in bars), strict=True)
    assert all(low > mean > high for low, mean, high in zip(lows, (y_64, y_32), highs, strict=True))


def test_a_power_law_is_straight_where_both_axes_are_logarithmic() -> None:
    points: Points = {x: Estimate(8 / x, 7 / x, 9 / x, 8) for x in (1.0, 10.0, 100.0)}
    (x0, y0), (x1, y1), (x2, y2) = marks(drawn(plot.plot([curve(points, log=True)])))
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)


def test_names_lie_below_each_other_as_they_come() -> None:
    svg = drawn(plot.plot([curve({"random": Estimate(0.2, 0.1, 0.3, 8), "hard first": Estimate(0.6, 0.5, 0.7, 8)})]))
    (x_random, y_random), (x_hard, y_hard) = marks(svg)
    assert y_random < y_hard
    assert x_random < x_hard
    texts = {node.text: float(node.attributes["y"]) for node in svg.all("text")}
    assert texts["random"] == pytest.approx(y_random, abs=5)
    assert texts["hard first"] == pytest.approx(y_hard, abs=5)


def test_what_has_no_number_has_no_mark_and_one_seed_no_interval() -> None:
    svg = drawn(plot.plot([curve({1: Estimate(NAN, NAN, NAN, 0), 2: Estimate(0.5, NAN, NAN, 1)})]))
    assert len(marks(svg)) == 1
    assert not [node for node in svg.all("path") if "bar" in node.classes]
    assert "nan" not in str(plot.plot([curve({1: Estimate(NAN, NAN, NAN, 0)})]))


def test_lines_of_one_plot_lie_beside_each_other() -> None:
    line = curve({32: Estimate(0.5, 0.4, 0.6, 8), 64: Estimate(0.6, 0.5, 0.7, 8)})
    places = marks(drawn(plot.plot([line] * 4)))
    assert len(set(places)) == 8


def test_an_interval_beyond_the_logarithms_ends_at_the_axis() -> None:
    svg = plot.plot([curve({1: Estimate(0.5, -0.1, 1.0, 8), 10: Estimate(0.2, 0.1, 0.3, 8)}, log=True)])
    assert "nan" not in svg
    assert "inf" not in svg


def across(svg: Node) -> tuple[float, float]:
    """Where zero is, and the mean."""
    zero = next(node for node in svg.all("path") if "zero" in node.classes).attributes["d"]
    (circle,) = svg.all("circle")
    return float(re.findall(r"[\d.]+", zero)[0]), float(circle.attributes["cx"])


@pytest.mark.parametrize(
    ("estimate", "verdict", "side"),
    [
        (Estimate(0.5, 0.4, 0.6, 8), "holds", 1),
        (Estimate(-0.5, -0.6, -0.4, 8), "refuted", -1),
        (Estimate(0.5, NAN, NAN, 1), "undecided", 1),
    ],
)
def test_an_estimate_lies_on_its_side_of_zero(estimate: Estimate, verdict: str, side: int) -> None:
    svg = drawn(against_zero.picture(estimate, verdict))  # type: ignore[arg-type]
    zero, mean = across(svg)
    assert math.copysign(1, mean - zero) == side
    assert 0 < zero < against_zero.WIDTH
    bounded = math.isfinite(estimate.low)
    assert bool([node for node in svg.all("path") if "reach" in node.classes]) == bounded


def test_without_a_seed_there_is_no_picture() -> None:
    assert against_zero.picture(Estimate(NAN, NAN, NAN, 0), "undecided") is None
