"""Writes what benchmarks measured into the pages: `python -m benchmarks.figures`, or `make figures`.

A page has a figure between two comments, in a line or over several:

    <!-- figures: NAME -->text that this program replaces<!-- end of figures -->

All figures are of one processor, whose results lie in results/.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from benchmarks import record, tables
from benchmarks.record import Record

PROCESSOR = "AMD EPYC, family 25, model 17"
ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/runtime.md", "docs/staff.md")
FIGURES: dict[str, tuple[str, Callable[[Record], str]]] = {  # by name: the benchmark, and what is told of its record
    "speed": ("training", tables.speed),
    "speed-alone": ("training", tables.speed_alone),
    "obedience": ("reaction", tables.obedience),
    "reaction": ("reaction", tables.reaction),
    "checkpoints": ("checkpoint", tables.checkpoints),
    "dataset": ("dataset", tables.dataset),
    "projected": ("whetstone", tables.projected),
    "release": ("release", tables.release),
    "release-main": ("release", tables.release_main),
    "release-listing": ("release", tables.release_listing),
    "windows": ("windows", tables.windows),
}
_MARKED = re.compile(r"(<!-- figures: (\S+) -->)(.*?)(<!-- end of figures -->)", re.S)


def names(page: str) -> list[str]:
    """The names of the figures in a page's text."""
    return [name for _, name, _, _ in _MARKED.findall(page)]


def filled(page: str, figure: Callable[[str], str]) -> str:
    """The page's text with what `figure` gives for each name; on lines of its own where the old text was so."""

    def replace(match: re.Match[str]) -> str:
        begin, name, old, end = match.groups()
        around = "\n" if old.startswith("\n") else ""
        return f"{begin}{around}{figure(name)}{around}{end}"

    return _MARKED.sub(replace, page)


def of_results(name: str) -> str:
    """The figure as the results of PROCESSOR have it; FileNotFoundError where its benchmark never ran there."""
    benchmark, tell = FIGURES[name]
    return tell(record.read(benchmark, PROCESSOR))


def main() -> None:
    """Write every page whose figures changed."""
    for name in PAGES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        new = filled(text, of_results)
        path.write_text(new, encoding="utf-8")
        print(f"{name}: {'written' if new != text else 'unchanged'}")


if __name__ == "__main__":
    main()
