"""What the pages tell of a benchmark's record, as Markdown: sentences and tables made of its measurements alone."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from statistics import mean, median

from benchmarks.record import Measurement, Record

LIBRARIES = ("torch loop", "numpy loop", "JAX")
CHECKPOINT_PERIOD = 60.0  # seconds, BOINC's default
SERVERS_PART = "version.xml"  # of the program's tree; no volunteer downloads it
LARGE_PART = 0.7e6  # bytes installed; smaller parts of the program are not listed
EFFECTS = {
    "suspend, processor idle": "suspend, processor idle",
    "quit, process gone": "quit, process gone, checkpoint written",
    "abort, process gone": "abort, process gone",
}


def summary(record: Record) -> str:
    """Every measurement in a line, for a terminal: median, least and largest value, and speed where it is counted."""
    lines = []
    for m in record.measurements:
        labels = ", ".join(f"{name} {value}" for name, value in m.labels.items())
        speed = f"  {m.rate / 1e9:7.1f} GFLOP/s" if m.operations else ""
        lines.append(f"{labels:64} {m.median:11.5g} ({min(m.values):.5g} to {max(m.values):.5g}) {m.unit}{speed}")
    return "\n".join(lines)


def speed(record: Record) -> str:
    """Of training: what was measured on what, and a table of the engine beside what libraries do."""
    shown = [name for name in LIBRARIES if record.select(contender=name)]
    fused = max(m.best_rate for m in record.select(contender="fused multiply-adds"))
    matrices = max(m.best_rate for m in record.measurements if str(m.labels["contender"]).startswith("large matrices"))
    versions = ", ".join(f"{name} {version}" for name, version in record.host.versions.items() if name != "python")
    intro = _paragraph(
        f"One core of an {record.host.processor}, which computes with {record.host.instructions}; 32 networks "
        "32 -> W -> W -> 10, minibatches of 128, SGD with momentum, all measured in turns by "
        f"`{record.command}`, with {versions}. Shares are of the core's fused multiply-adds on registers "
        f"({fused / 1e9:.0f} GFLOP/s at best), the limit of any product; the libraries' large-matrix products reach "
        f"{matrices / 1e9:.0f} here."
    )
    rows = []
    for width in record.label_values("width"):
        limit, exact = (record.only(width=width, contender=name) for name in ("fused multiply-adds", "exact"))
        others = [record.only(width=width, contender=name) for name in shown]
        shares = [f"{100 * speed_ratio(m, limit):.0f} %" for m in (exact, *others)]
        rows.append([str(width), *shares, " / ".join(_two_digits(speed_ratio(exact, m)) for m in others)])
    names = [{"JAX": "JAX jit(vmap(scan))"}.get(name, name) for name in shown]
    last = "exact, times " + " / ".join(name.partition(" ")[0] for name in shown)
    return intro + "\n\n" + _table(["width", "exact engine, of the limit", *names, last], rows)


def speed_alone(record: Record) -> str:
    """Of training: one network alone, and two threads."""
    widths = record.label_values("width")

    def ratios(name: str, other: str) -> list[float]:
        return [
            speed_ratio(record.only(width=w, contender=name), record.only(width=w, contender=other)) for w in widths
        ]

    shares = ", ".join(f"{100 * share:.0f}" for share in ratios("exact, one network", "fused multiply-adds"))
    gains = ratios("side by side, 2", "side by side, 1")
    return _paragraph(
        f"One network alone reaches {shares} % of the limit at these widths; a "
        f"second thread on a second core makes the engine {_range(gains, '.2f')} times as fast."
    )


def speed_ratio(one: Measurement, other: Measurement) -> float:
    """How many times as fast `one` computes as `other`: the median over rounds, in each of which both had a turn."""
    ratios = [b / a for a, b in zip(one.values, other.values, strict=True)]
    return median(ratios) * one.operations / other.operations


def obedience(record: Record) -> str:
    """Of reaction: the medians of suspending and leaving, for a sentence."""
    suspend, leave = (record.only(effect=effect, threads=1).median for effect in list(EFFECTS)[:2])
    return f"`{record.command}`: medians {suspend:.2f} and {leave:.2f} s"


def reaction(record: Record) -> str:
    """Of reaction: a table of what each message takes."""
    threads = record.label_values("threads")
    intro = _paragraph(
        f"On {record.host.cores} cores of an {record.host.processor}, seconds from the client's message by "
        f"`{record.command}`, median and longest:"
    )
    rows = []
    for effect, title in EFFECTS.items():
        cells = [record.only(effect=effect, threads=count) for count in threads]
        rows.append([title, *(f"{m.median:.3f}, {max(m.values):.3f}" for m in cells)])
    return intro + "\n\n" + _table(["", *("1 thread" if n == 1 else f"{n} threads" for n in threads)], rows)


def checkpoints(record: Record) -> str:
    """Of checkpoint: what the largest ones cost."""
    size = max(m.median for m in record.select(what="size"))
    idle = [m.median for m in record.select(what="idle")]
    cells = max(int(m.labels["cells"]) for m in record.measurements)
    return _paragraph(
        f"A checkpoint of the largest work units that the limits allow ({cells} cells, nearly finished) has "
        f"{size / 1e6:.1f} MB and stops the computing for {_range([1000 * s for s in idle], '.0f')} ms: at most "
        f"{100 * max(idle) / CHECKPOINT_PERIOD:.2f} % of a run at {CHECKPOINT_PERIOD:.0f} s between two "
        f"(`{record.command}`)."
    )


def paces(record: Record) -> dict[str, float]:
    """Of whetstone: operations a second of each experiment, all blocks standing for as much work."""
    found = {}
    for name in record.label_values("experiment"):
        blocks = record.select(experiment=name)
        found[str(name)] = len(blocks) / sum(1 / block.rate for block in blocks)
    return found


def projected_scale(record: Record) -> float:
    """Of whetstone: the scale with which the fastest and the slowest experiment are as much misjudged."""
    found = paces(record).values()
    return math.sqrt(min(found) * max(found)) / record.only(what="whetstone").median


def projected(record: Record) -> str:
    """Of whetstone: what a core computes, beside BOINC's figure of it."""
    found, figure = paces(record), record.only(what="whetstone").median
    least, most = min(found, key=lambda name: found[name]), max(found, key=lambda name: found[name])
    wrong = math.sqrt(found[most] / found[least])
    return _paragraph(
        f"A core of an {record.host.processor}, of which BOINC's client measures {figure / 1e9:.1f} GFLOP/s "
        f"(Whetstone), computes default work units with {found[least] / 1e9:.0f} ({least}) to "
        f"{found[most] / 1e9:.0f} ({most}) GFLOP/s, half of the experiments with more than "
        f"{median(found.values()) / 1e9:.0f} (`{record.command}`). With a scale of {projected_scale(record):.1f} the "
        f"client's first estimate of a task is right within a factor of {wrong:.1f}."
    )


TRUSTED_SHARE = 0.9  # of a fleet's results, that come from trusted hosts


def fleet_costs(record: Record) -> str:
    """Of fleet: a table of all experiments."""
    rows = []
    for name in map(str, record.label_values("experiment")):
        volunteer, trusted, new = _fleet(record, name)
        size, mix = record.only(experiment=name, what="size"), _mixed(trusted, new)
        uploads = [f"{size.median / 1e3:.0f}", f"{size.median / volunteer / 1e3:.2f}"]
        ratios = [f"1 : {volunteer / cost:.0f}" for cost in (mix, new)]
        cells = str(size.labels["cells"])
        rows.append([name, cells, f"{volunteer:.0f}", *uploads, f"{trusted:.2f}", f"{new:.2f}", *ratios])
    titles = ["experiment", "cells", "volunteer, s", "upload, kB", "kB/s", "trusted, s", "new, s", "mixed", "new hosts"]
    return _table(titles, rows)


def fleet(record: Record) -> str:
    """Of fleet: what one server core serves, in a paragraph."""
    costs = [_fleet(record, str(name)) for name in record.label_values("experiment")]
    volunteer = sum(cost[0] for cost in costs)
    mix, new = sum(_mixed(trusted, new) for _, trusted, new in costs), sum(new for _, _, new in costs)
    rates = [
        record.only(experiment=str(name), what="size").median / _fleet(record, str(name))[0] / 1e3
        for name in record.label_values("experiment")
    ]
    return _paragraph(
        f"One server core serves {volunteer / mix:.0f} cores of volunteers where {100 * TRUSTED_SHARE:.0f} % of the "
        f"results come from trusted hosts, {volunteer / new:.0f} where all hosts are new: validation, assimilation and "
        f"compaction of default work units, {median(cost[0] for cost in costs) / 60:.0f} minutes on that core in the "
        f"median experiment, by `{record.command}` on an {record.host.processor}. A core of volunteers uploads "
        f"{min(rates):.2f} to {max(rates):.1f} kB/s, in half of the experiments less than {median(rates):.1f}."
    )


def _fleet(record: Record, name: str) -> tuple[float, float, float]:
    """Core seconds of a default work unit's result: its volunteer's, the server's of a trusted host, of a new host."""

    def once(kind: str) -> float:
        """Of a result: validating and assimilating."""
        return sum(
            mean(record.only(experiment=name, host=kind, what=what).values) for what in ("validate", "assimilate")
        )

    def mine(what: str) -> float:
        return record.only(experiment=name, what=what).median

    plain, short = once("trusted") + mine("compact"), once("trusted, short")
    trusted, new = (plain + (once(f"{kind}, closes") - short) / mine(f"span, {kind}") for kind in ("trusted", "new"))
    return mine("volunteer"), trusted, new


def _mixed(trusted: float, new: float) -> float:
    return TRUSTED_SHARE * trusted + (1 - TRUSTED_SHARE) * new


def dataset(record: Record) -> str:
    """Of dataset: what findings and the ledger cost when there is much, in a paragraph and a table."""
    asked = [1e3 * record.only(ledger=what).median for what in record.label_values("ledger")]
    command, interval = record.only(command="make-wu"), record.only(claims="interval")
    names = record.label_values("findings")
    cells = record.only(findings="all", what="time").labels["cells"]
    told = _paragraph(
        f"`{record.command}` measures what much of it costs, here on {record.host.cores} cores of an "
        f"{record.host.processor}, of which other programs kept {record.load.others} busy: `findings` over {cells:,} "
        f"invented cells, equally many of {len(names) - 1} experiments, each time from the start of the program. Where "
        f"{command.labels['units']:,} work units are issued, what is asked of the ledger takes at most "
        f"{max(asked):.1f} ms, and `make-wu`, most of it the start, {command.median:.2f} s. An interval over "
        f"{interval.labels['seeds']:,} seeds takes {1e3 * interval.median:.0f} ms."
    )
    rows = []
    for name in names:
        time, processor, memory = (
            record.only(findings=name, what=what) for what in ("time", "processor time", "memory")
        )
        rows.append([str(name), f"{time.median:.1f}", f"{processor.median:.1f}", f"{max(memory.values) / 1e6:.0f}"])
    return told + "\n\n" + _table(["findings of", "seconds", "processor seconds", "MB"], rows)


def release(record: Record) -> str:
    """Of the release check: a table of what each flavour of the frozen program costs a volunteer."""
    titles = {"cpu": "cpu: the exact engine", "cputorch": "cputorch: torch on processors"}
    rows = []
    for flavour in record.label_values("flavour"):
        files, installed, download = _weight(record, flavour, *record.label_values("part"))
        step, resident, proportional = (
            record.only(flavour=flavour, what=what) for what in ("start to the first step", "resident", "proportional")
        )
        rows.append(
            [titles[str(flavour)], f"{files:.0f}", f"{_three_digits(download / 1e6)} MB"]
            + [f"{_three_digits(installed / 1e6)} MB", f"{min(step.values):.2f} s"]
            + [f"{m.median / 1e6:.0f} MB" for m in (resident, proportional)]
        )
    return _table(
        ["flavour", "files", "download", "installed", "start to first step", "resident", "proportional"], rows
    )


def release_main(record: Record) -> str:
    """Of the release check: what the main program of the cpu flavour weighs as it is downloaded, for a sentence."""
    sizes = record.select(flavour="cpu", what="download")
    (main,) = [m for m in sizes if str(m.labels["part"]).startswith("axiom_")]
    return f"{main.median / 1e6:.1f} MB"


def release_listing(record: Record) -> str:
    """Of the release check: the larger parts of each flavour, seconds and memory, as a listing."""
    versions = record.host.versions
    blocks = [
        _paragraph(
            f"On {record.host.system}, with Python {versions['python']}, on {record.host.cores} cores of an "
            f"{record.host.processor}, the larger files and what was measured, memory of four tasks at once, each a "
            "default work unit of compgen:"
        )
    ]
    for flavour in record.label_values("flavour"):
        lines = [f"{'flavour ' + str(flavour):44} files  installed  download"]
        parts = {str(part): _weight(record, flavour, part) for part in record.label_values("part")}
        parts["in all"] = _weight(record, flavour, *parts)
        lines += [
            f"{part:44} {files:5.0f}  {installed / 1e6:6.2f} MB  {download / 1e6:5.2f} MB"
            for part, (files, installed, download) in parts.items()
            if installed >= LARGE_PART
        ]
        lines += [
            f"{what}: {min(record.only(flavour=flavour, what=what).values):.2f} s at best"
            for what in ("start to --version", "start to the first step")
        ]
        for what in ("resident", "proportional"):
            sizes = record.only(flavour=flavour, what=what).values
            lines.append(f"{what}: {' '.join(f'{size / 1e6:.1f}' for size in sizes)} MB")
        blocks.append(textwrap.indent("\n".join(lines), "    "))
    return "\n\n".join(blocks)


def windows(record: Record) -> str:
    """Of the release check: what the cpu flavour costs a volunteer under Wine."""

    def median_of(what: str) -> float:
        return record.only(what=what).median

    begin, leave = record.only(what="start to the first step"), record.only(what="quit to gone")
    return _table(
        ["files", "download", "installed", "start to first step", "resident", "committed", "quit to gone"],
        [
            [f"{median_of('files'):.0f}"]
            + [f"{_three_digits(median_of(what) / 1e6)} MB" for what in ("download", "installed")]
            + [f"{min(begin.values):.2f} s"]
            + [f"{median_of(what) / 1e6:.0f} MB" for what in ("resident", "committed")]
            + [f"{leave.median:.2f} s, at most {max(leave.values):.2f}"]
        ],
    )


def _weight(record: Record, flavour: str | int, *parts: str | int) -> tuple[float, float, float]:
    """Files, bytes installed and bytes downloaded of these parts of a flavour, but for what only the server reads."""
    chosen = [m for m in record.select(flavour=flavour) if m.labels.get("part") in {*parts} - {SERVERS_PART}]
    files, installed, download = (
        sum(m.median for m in chosen if m.labels["what"] == what) for what in ("files", "installed", "download")
    )
    return files, installed, download


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (titles, *rows)]
    return "\n".join([lines[0], "|---" * len(titles) + "|", *lines[1:]])


def _range(values: Sequence[float], form: str) -> str:
    """The least and the largest value, or one where they look the same."""
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
