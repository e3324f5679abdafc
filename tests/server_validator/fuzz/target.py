"""The process that `__main__` starts: libFuzzer's loop, by atheris, over `readers` with the changes of `mutator`."""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kernels", "server_validator"]):
    from kernels.engine.contract import EngineName
    from kernels.formats import result, workunit
    from tests.server_validator import truth
    from tests.server_validator.fuzz import readers
from tests.server_validator.fuzz.mutator import Mutator

MARKS = 2048
ENGINES: tuple[EngineName, ...] = ("c", "torch")


def bases() -> list[bytes]:
    """True files for every reader."""
    issued = readers.units()
    files = [b"w" + workunit.encode(unit) for unit in issued]
    for unit in issued:
        for engine in ENGINES:
            data = result.encode(truth.answer(unit, engine=engine))
            files += [tag + data for tag in (b"r", b"v", b"u")]
    return files


def _marks() -> list[Callable[[], None]]:
    """Functions that count as code reached: msgspec's own code is not seen, but what it says tells how far it came."""
    functions: dict[str, Callable[[], None]] = {}
    exec("\n".join(f"def mark_{number}(): return None" for number in range(MARKS)), functions)
    return [atheris.instrument_func(functions[f"mark_{number}"]) for number in range(MARKS)]


def main() -> None:
    """Run libFuzzer with its own arguments; the first folder among them gets what is found."""
    corpus = Path(next(word for word in sys.argv[1:] if not word.startswith("-")))
    true_files, marks = bases(), _marks()
    for number, data in enumerate(true_files):
        (corpus / f"true-{number}").write_bytes(data)
    with tempfile.TemporaryDirectory() as folder:
        check = readers.Readers(Path(folder))

        def one(data: bytes) -> None:
            marks[zlib.crc32(readers.kind(check(data)).encode()) % MARKS]()

        # `atheris.Mutate` is another function once it fuzzes, so it is looked up at every call.
        mutator = Mutator(true_files, lambda body, size: atheris.Mutate(body, size))
        atheris.Setup(sys.argv, one, custom_mutator=mutator)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
