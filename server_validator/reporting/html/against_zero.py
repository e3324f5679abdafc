"""The small picture of a claim's estimate: its interval, and on which side of zero it lies."""

from __future__ import annotations

import math

from kernels.claims import Estimate, Verdict
from server_validator.reporting.html import axes
from server_validator.reporting.html.markup import Markup, element
from server_validator.reporting.html.numerals import interval, signed

WIDTH, HEIGHT = 300.0, 58.0
_MARGIN = 10.0
_LINE = 24.0  # where the interval lies


def picture(estimate: Estimate, verdict: Verdict) -> Markup | None:
    """An estimate against zero; None where no seed has one."""
    if not math.isfinite(estimate.mean):
        return None
    bounded = math.isfinite(estimate.low) and math.isfinite(estimate.high)
    scale = axes.around((0.0, estimate.mean, estimate.low, estimate.high), _MARGIN, WIDTH - _MARGIN)
    zero, mean = scale.at(0.0), scale.at(estimate.mean)
    parts = [
        element("rect", x=0.0, y=6.0, width=zero, height=36.0, class_="side against"),
        element("rect", x=zero, y=6.0, width=WIDTH - zero, height=36.0, class_="side for"),
        element("path", d=f"M{zero:.1f} 2V46", class_="zero"),
        element("text", "0", x=zero, y=HEIGHT - 1, text_anchor="middle"),
    ]
    if zero > 90:
        parts.append(element("text", "refuted", x=2.0, y=HEIGHT - 1, text_anchor="start"))
    if zero < WIDTH - 90:
        parts.append(element("text", "holds", x=WIDTH - 2, y=HEIGHT - 1, text_anchor="end"))
    if bounded:
        low, high = scale.at(estimate.low), scale.at(estimate.high)
        ways = f"M{low:.1f} {_LINE}H{high:.1f}M{low:.1f} 17V31M{high:.1f} 17V31"
        parts.append(element("path", d=ways, class_=f"reach {verdict}"))
    parts.append(element("circle", cx=mean, cy=_LINE, r=5.5, class_=f"mean {verdict}"))
    between = f", interval {interval(estimate)}" if bounded else ""
    said = f"estimate {signed(estimate.mean)}{between}, against zero"
    return element(
        "svg", *parts, viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img", aria_label=said, class_="against-zero"
    )  # fmt: skip
