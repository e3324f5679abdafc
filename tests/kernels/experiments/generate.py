"""Writes all that is generated of an experiment: golden file, self-test, the table in README.md.

    python -m tests.kernels.experiments.generate [NAME [AXIS=VALUE,VALUE ...]]

Its whole grid takes seconds, or is narrowed to some values of its axes. Without a name only README.md is written.
"""

from __future__ import annotations

import subprocess
import sys

from kernels.experiments import EXPERIMENTS
from tests.kernels.experiments import golden, readme


def narrowed(name: str, words: list[str]) -> golden.Grid:
    """The values of an experiment's axes that words as "width=32,64" choose; KeyError for an axis that it has not."""
    grid: golden.Grid = {}
    for axis, _, values in (word.partition("=") for word in words):
        grid[axis] = [value for value in EXPERIMENTS[name].grid[axis] if str(value) in values.split(",")]
    return grid


def main(words: list[str]) -> None:
    """Write the files."""
    if words:
        golden.write(words[0], narrowed(words[0], words[1:]))
        subprocess.run([sys.executable, "-m", "tests.client.test_selftest"], check=True)
    readme.write()


if __name__ == "__main__":
    main(sys.argv[1:])
