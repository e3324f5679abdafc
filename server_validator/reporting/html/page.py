"""The whole page."""

from __future__ import annotations

from kernels import __version__
from server_validator.reporting.html import alarms, changed, experiment, guide, summary
from server_validator.reporting.html.markup import Markup, element, text
from server_validator.reporting.html.numerals import day
from server_validator.reporting.html.style import STYLE
from server_validator.reporting.report import Report

# Nothing is fetched, and no script runs: whoever has let one in by a name would find it does nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def page(report: Report) -> str:
    """The report as HTML: the same for the same report, byte for byte."""
    sections = [experiment.section(gathered, report.changes, report.results) for gathered in report.experiments]
    body = element(
        "body",
        element("a", "To the findings", href="#experiments", class_="skip"),
        element(
            "header",
            element("h1", "Findings"),
            element("p", _dates(report), class_="lead"),
        ),
        element(
            "main",
            alarms.section(report),
            summary.section(report),
            changed.section(report),
            summary.index(report),
            sections,
            guide.section(),
        ),
        element("footer", element("p", f"Made by axiom-server {__version__} report.")),
    )
    return f"<!DOCTYPE html>\n{element('html', _head(), body, lang='en')}\n"


def _head() -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", "Findings"),
        element("link", rel="icon", href="data:,"),  # or a browser would ask the server for one
        element("style", Markup(STYLE)),
    )


def _dates(report: Report) -> Markup:
    made = f"Report of {day(report.made)}, on " if report.made else "On "
    return text(made, "data up to ", element("b", day(report.day)), f"; {report.results}.")
