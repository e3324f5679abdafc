"""show: one result, whatever experiment and version it is of, unchecked."""

from __future__ import annotations

import argparse

from kernels.formats import result
from server_validator.commands.arguments import path, png

HELP = "print a result"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--json] [--plot F.png] F."""
    parser.add_argument("file", type=path, metavar="F", help="result file")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument("--plot", type=png, metavar="F.png", help="write the curves there as PNG")


def run(options: argparse.Namespace) -> int:
    """Print the result for a person or as JSON, after its plot is written."""
    shown = result.read(options.file)
    if options.plot:
        from server_validator.reporting import result_plot

        result_plot.plot(options.plot, shown)
    if options.json:
        from server_validator.reporting import result_json

        print(result_json.as_json(shown))
    else:
        from server_validator.reporting import result_text, terminal

        result_text.show(terminal.console(), options.file, shown)
    return 0
