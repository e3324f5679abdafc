"""Fuzz for some time from the kept corpus on, tell what was reached, and with --keep put what is new into the corpus.

python -m tests.server_validator.fuzz --seconds 1800 [--work DIR] [--keep]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.server_validator.fuzz import reached

CORPUS = Path(__file__).parent / "corpus"


def main() -> int:
    """The exit code of the fuzzing: not 0 if an input broke a promise; the input lies in the work folder then."""
    parser = argparse.ArgumentParser(prog="python -m tests.server_validator.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--work", type=Path, default=Path("out/fuzz"), help="where the growing corpus lies")
    parser.add_argument("--keep", action="store_true", help="write a small corpus that reaches the same code")
    options = parser.parse_args()
    growing = options.work / "found"
    growing.mkdir(parents=True, exist_ok=True)
    code = 0
    if options.seconds:
        code = subprocess.run(
            [
                sys.executable, "-m", "tests.server_validator.fuzz.target", f"-max_total_time={options.seconds}",
                "-max_len=65600", "-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1", "-len_control=0",
                f"-artifact_prefix={options.work}/", growing, CORPUS,
            ],
            check=False,
        ).returncode  # fmt: skip
    inputs = {path.read_bytes() for folder in (CORPUS, growing) for path in folder.iterdir()}
    seen = reached.features(inputs)
    print(f"{len(inputs)} inputs in all; {reached.report(seen.values())}")
    if options.keep:
        small = reached.smallest(seen)
        reached.keep(small, CORPUS)
        print(f"kept {len(small)} of them, {sum(map(len, small))} bytes, which reach the same lines and outcomes")
    return code


if __name__ == "__main__":
    sys.exit(main())
