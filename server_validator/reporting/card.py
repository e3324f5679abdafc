"""An export's data card: README.md, with the header in YAML that Hugging Face's hub reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from kernels.experiment import Experiment
from server_validator.dataset import export_schema
from server_validator.dataset.export import Exported
from server_validator.dataset.query import LeftOut
from server_validator.dataset.schema import Held
from server_validator.reporting import export_words as words

_THOUSANDS = ("", "K", "M", "B", "T")


def card(exported: Sequence[Exported], unusable: Sequence[Experiment]) -> str:
    """The whole card. `unusable` are experiments of which there are results, and none that may be used."""
    parts = [_header(exported), _introduction(exported), _HOW_MEASURED, _HOW_CHECKED, _again(exported[0])]
    parts += [_section(one) for one in exported]
    parts += [_left_out(exported, unusable), _LIMITS, _LICENCE]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def size_category(cells: int) -> str:
    """The hub's word for a number of rows."""
    if cells < 1000:
        return "n<1K"
    power = min(len(str(cells)) - 1, 12)
    return "n>1T" if power == 12 else f"{_short(10**power)}<n<{_short(10 ** (power + 1))}"


def _short(power_of_ten: int) -> str:
    thousands = (len(str(power_of_ten)) - 1) // 3
    return f"{power_of_ten // 1000**thousands}{_THOUSANDS[thousands]}"


def _header(exported: Sequence[Exported]) -> str:
    """JSON is YAML too, and quotes whatever needs it."""
    lines = [
        f"pretty_name: {json.dumps(words.TITLE)}",
        f"license: {words.LICENSE}",
        "tags:",
        *(f"- {word.lower().replace(' ', '-')}" for word in words.KEYWORDS),
        "size_categories:",
        f"- {size_category(words.cells(exported))}",
        "configs:",
    ]
    for one in exported:
        lines += [f"- config_name: {one.experiment.name}", f"  data_files: {json.dumps(f'{one.folder}/*.parquet')}"]
    return "\n".join(["---", *lines, "---"])


def _introduction(exported: Sequence[Exported]) -> str:
    rows = [
        f"| `{one.experiment.name}` | {one.experiment.version} | {one.experiment.title}: {one.experiment.question} "
        f"| {one.cells} | {one.seeds} | {_hosts(one)} | {len(one.files)} |"
        for one in exported
    ]
    head = "| experiment | version | question | cells | seeds | hosts | files |"
    rule = "| --- | --- | --- | --- | --- | --- | --- |"
    return "\n".join([f"# {words.TITLE}", "", words.SUMMARY, "", head, rule, *rows, _FILES])


_FILES = f"""
Files are `data/experiment=NAME/version=N/part-*.parquet`, rows in the order of seed and condition. Conditions of
one seed share their randomness where they can, so that they are compared seed by seed. The version is that of the
experiment: it rises with any change of a cell's result. `sha256sum -c {words.SUMS}` checks all files, and
`sha256sum {words.SUMS}` prints the digest of everything. `croissant.json` describes the same for programs. Each
experiment has a page in the program's sources, `docs/experiments/NAME.md`, with its definition, its choices and
what was published before.
"""


def _hosts(one: Exported) -> str:
    return f"{one.hosts} and unknown ones" if one.unknown_hosts else str(one.hosts)


_HOW_MEASURED = """
## How cells are measured

Each experiment has a clock: the epochs, samples or generations at which all its metrics are recorded of each cell. A
curve is a list with one value for each tick; the column `NAME_final` has its last value alone. Values are float32 and
finite: the loss, norm or gradient noise of a network that diverged is recorded as 1000000. Units are in the tables
below, in the metadata of each Parquet column, and in the files' metadata under the key `axiom`, as JSON.
"""

_HOW_CHECKED = """
## How cells are checked

All cells here are by the exact engine, whose every operation has one order: a cell has the same bits on any
processor. The server recomputed some cells of what came back, drawn after it had come, each with a probability
proportional to its work; of hosts whose results were right before, over several results together. All that it drew
had to agree bit for bit. Most cells were not recomputed themselves. A result that a later look found wrong is left
out, and with it all that its host returned unproven; where two results have different numbers for one cell, its whole
seed is left out.
"""


def _again(one: Exported) -> str:
    """How networks can be had again, by the example of the first row."""
    seed, condition = one.first
    unit = {
        "format": 1, "experiment": one.experiment.name, "version": one.experiment.version,
        "seeds": {"first": seed, "count": 1}, "grid": {axis: [value] for axis, value in condition.items()},
    }  # fmt: skip
    return f"""
## How a network can be had again

Weights are not stored; they follow from experiment, version, seed and condition. Write these into a work unit,
`wu.json`, as for the first row of `{one.experiment.name}`

    {json.dumps(unit)}

and `axiom-worker run wu.json --out result.msgpack`, of a program that computes this version, trains the network
again, on any processor with the same bits. `axiom-server show result.msgpack --json` prints its curves and its
digest: where that is the one in the column `digest`, all states at all measurements were the same.
"""


def _section(one: Exported) -> str:
    experiment = one.experiment
    lines = [
        f"## `{experiment.name}`: {experiment.title}", "",
        f"{words.asks(experiment)} Version {experiment.version}; measured {words.clock(experiment)}.", "",
        "| column | type | unit | meaning |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    for column in export_schema.columns(experiment):
        again = "" if column.again else "; computed again it is the same within 1e-6, relative"
        lines.append(f"| `{column.name}` | {column.type} | {column.unit or ''} | {column.meaning}{again} |")
    return "\n".join(lines)


def _left_out(exported: Sequence[Exported], unusable: Sequence[Experiment]) -> str:
    lines = [f"- `{one.experiment.name}`: {said}" for one in exported for said in _sentences(one.left_out, one.absent)]
    lines += [f"- `{experiment.name}`: all, since none of its results can be used" for experiment in unusable]
    return "\n".join([
        "## What was left out", "",
        f"Results of earlier versions of an experiment.{' Besides:' if lines else ''}",
        "", *lines,
    ])  # fmt: skip


def _sentences(left_out: LeftOut, absent: int) -> Iterator[str]:
    """What of an experiment's results is not in the export, by numbers alone: their names would tell hosts."""
    for held, why in (
        (left_out.near, "computed by an engine that is not exact"),
        (left_out.withdrawn, "withdrawn by staff"),
        (left_out.revoked, "found wrong by a later look, or returned with such a one"),
    ):
        if held:
            yield f"{_results(held)}, {why}"
    if left_out.contradicted_seeds:
        seeds, cells = len(left_out.contradicted_seeds), left_out.contradicted_cells
        yield f"{_count(seeds, 'seed')} with {_count(cells, 'cell')}, of which two results have different numbers"
    if left_out.repeated_cells:
        yield f"{_count(left_out.repeated_cells, 'row')} of cells that another result has as well"
    if left_out.unsound:
        yield f"{_count(len(left_out.unsound), 'damaged file')}"
    if absent:
        yield f"{_count(absent, 'result')} that no sound file has"
    if left_out.incomplete_seeds:
        yield f"part of the grid of {_count(left_out.incomplete_seeds, 'seed')}, which is not there yet"


def _results(held: Sequence[Held]) -> str:
    return f"{_count(len(held), 'result')} with {_count(sum(one.cells for one in held), 'cell')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_LIMITS = """
## Known limits

- Networks, data sets and tasks are small and synthetic, chosen so that a processor trains a network in seconds. What
  holds here need not hold for large networks.
- Rates and lengths of training were chosen once for all conditions of an experiment; findings may depend on them.
- Digests are of 8 bytes: they tell a wrong cell from a right one, and are no defence against somebody who searches
  for two networks with one digest.
- A pseudonym tells which cells one host computed, not whose it is. Whoever can look up, as in BOINC's own pages,
  which host computed a work unit learns the number of the host behind a pseudonym.
"""

_LICENCE = f"""
## Licence and citation

[CC BY 4.0]({words.LICENSE_PAGE}): use it for anything, and say where it is from. Volunteers gave the computing time,
and that credit is all that is asked for them. Cite it with the digest of everything, which tells exactly which data
were used:

```bibtex
{words.BIBTEX}
```
"""
