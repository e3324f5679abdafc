"""The rules of the house, held by reading every import: which room may use which, and where a library may be known.

A room is a package or, where a package's files are trades of their own, a module. The table below is the whole of it:
what is not in it is forbidden, and what nobody uses any more has to leave it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Room -> the rooms that it may import, from the ground up: a room may only use rooms above it in this table.
MAY_IMPORT: dict[str, set[str]] = {
    "patience": set(),
    "kernels": set(),
    "kernels.arrays": set(),
    "kernels.limits": set(),
    "kernels.text": set(),
    "kernels.errors": set(),
    "kernels.refusals": {"kernels.errors", "patience"},
    "kernels.streams": {"kernels.errors", "kernels.refusals"},
    "kernels.exits": {"kernels.errors", "kernels.streams", "kernels.text"},
    "kernels.philox": {"kernels.arrays"},
    "kernels.cells": {"kernels.arrays"},
    "kernels.metrics": {"kernels.arrays", "kernels.cells"},
    "kernels.engine": {"kernels.arrays", "kernels.limits", "kernels.philox"},
    "kernels.measures": {"kernels.arrays", "kernels.engine", "kernels.metrics", "kernels.philox"},
    "kernels.tasks": {"kernels.arrays", "kernels.cells", "kernels.engine", "kernels.philox"},
    "kernels.programs": {
        *("kernels.arrays", "kernels.cells", "kernels.engine", "kernels.measures", "kernels.metrics"),
        *("kernels.philox", "kernels.tasks"),
    },
    "kernels.claims": {"kernels.arrays", "kernels.cells", "kernels.measures", "kernels.philox"},
    "kernels.experiment": {
        *("kernels.cells", "kernels.claims", "kernels.engine", "kernels.metrics", "kernels.programs"),
    },
    "kernels.plan": {"kernels.cells", "kernels.programs"},
    "kernels.formats": {
        *("kernels.arrays", "kernels.cells", "kernels.engine", "kernels.errors", "kernels.experiment"),
        *("kernels.limits", "kernels.metrics", "kernels.philox", "kernels.programs", "kernels.refusals"),
        *("kernels.text", "patience"),
    },
    "kernels.cost": {
        *("kernels.cells", "kernels.experiment", "kernels.formats", "kernels.limits", "kernels.plan"),
        *("kernels.programs",),
    },
    "kernels.experiments": {
        *("kernels.arrays", "kernels.cells", "kernels.claims", "kernels.engine", "kernels.experiment"),
        *("kernels.measures", "kernels.metrics", "kernels.programs", "kernels.tasks"),
    },
    "wrapper": {"patience"},
    "client": {
        *("patience", "wrapper", "kernels", "kernels.cells", "kernels.engine", "kernels.errors", "kernels.exits"),
        *("kernels.experiments", "kernels.formats", "kernels.limits", "kernels.plan", "kernels.programs"),
        *("kernels.refusals", "kernels.text"),
    },
    "server_validator.errors": {"kernels.errors"},
    "server_validator.boinc.names": set(),
    "server_validator.boinc": {
        *("kernels.cost", "kernels.errors", "kernels.exits", "kernels.formats", "kernels.text"),
        *("server_validator.errors",),
    },
    "server_validator.ledger": {
        *("kernels", "kernels.arrays", "kernels.errors", "kernels.experiment", "kernels.experiments"),
        *("kernels.formats", "server_validator.errors"),
    },
    "server_validator.issuing": {
        *("kernels.cost", "kernels.errors", "kernels.experiment", "kernels.experiments", "kernels.formats"),
        *("kernels.limits", "server_validator.ledger"),
    },
    "server_validator.checking": {  # no database but the ledger, no data set
        *("kernels.arrays", "kernels.cells", "kernels.engine", "kernels.errors", "kernels.experiment"),
        *("kernels.formats", "kernels.limits", "kernels.metrics"),
        *("server_validator.boinc.names", "server_validator.errors", "server_validator.ledger"),
    },
    "server_validator.dataset": {
        *("kernels.arrays", "kernels.claims", "kernels.errors", "kernels.experiment", "kernels.experiments"),
        *("kernels.formats", "kernels.limits", "kernels.refusals", "kernels.text", "server_validator.errors"),
        *("server_validator.ledger",),
    },
    "server_validator.reporting": {
        *("kernels.arrays", "kernels.cells", "kernels.claims", "kernels.experiment", "kernels.experiments"),
        *("kernels.formats", "kernels.refusals", "server_validator.dataset", "server_validator.errors"),
        *("server_validator.ledger",),
    },
    "server_validator.reporting.html": {"kernels", "kernels.claims", "server_validator.reporting"},  # what it is told
    "server_validator.commands": {
        *("kernels", "kernels.cost", "kernels.engine", "kernels.errors", "kernels.experiment", "kernels.experiments"),
        *("kernels.formats", "kernels.limits", "kernels.philox", "kernels.refusals", "kernels.streams"),
        *("kernels.text", "server_validator.boinc", "server_validator.boinc.names", "server_validator.checking"),
        *("server_validator.dataset", "server_validator.errors", "server_validator.issuing"),
        *("server_validator.ledger", "server_validator.reporting", "server_validator.reporting.html"),
    },
    "server_validator": {"kernels", "kernels.errors", "kernels.exits", "server_validator.commands"},
}
# Library -> the rooms, or modules, that may import it. Whatever is not named here may be imported nowhere.
MAY_KNOW: dict[str, set[str]] = {
    "numpy": {"kernels", "client", "server_validator"},
    "msgspec": {"kernels.formats"},
    "safetensors": {"kernels.formats"},
    "torch": {"kernels.engine.torch"},
    "rich": {"client.terminal", "server_validator.reporting"},
    "matplotlib": {"server_validator.reporting"},
    "pyarrow": {"server_validator.dataset"},
    "pymysql": {"server_validator.boinc"},
}


def files() -> list[Path]:
    tops = sorted({room.split(".")[0] for room in MAY_IMPORT})
    return [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The longest name of a room that the module lies in."""
    rooms = [room for room in MAY_IMPORT if module == room or module.startswith(room + ".")]
    return max(rooms, key=len)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it: `from kernels import plan` is kernels.plan."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (ROOT / inner.replace(".", "/")).is_dir() or (
                    ROOT / (inner.replace(".", "/") + ".py")
                ).is_file()
                yield inner if is_module else str(node.module)


def own(module: str) -> bool:
    return module.split(".")[0] in {room.split(".")[0] for room in MAY_IMPORT} | {"tests", "benchmarks"}


def test_every_import_between_rooms_is_allowed() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files()
        for module in imports(path)
        if own(module) and room_of(module_of(path)) != room_of(module)
        if room_of(module) not in MAY_IMPORT[room_of(module_of(path))]
    ]
    assert not wrong


def test_no_permission_is_left_over() -> None:
    used = {(room_of(module_of(path)), room_of(module)) for path in files() for module in imports(path) if own(module)}
    unused = [f"{room} may import {other}" for room, others in MAY_IMPORT.items() for other in sorted(others)]
    assert [line for line in unused if tuple(line.split(" may import ")) not in used] == []


def test_no_room_imports_one_below_it_in_the_table() -> None:
    """So there is no circle, and no arrow back up."""
    order = list(MAY_IMPORT)
    assert [(room, other) for room, others in MAY_IMPORT.items() for other in others
            if order.index(other) >= order.index(room)] == []  # fmt: skip


# What volunteers run asks no other program, which the frozen one does not even have, nor a clock that is too coarse for
# slices: Windows' monotonic one moves every 16 ms.
NEVER_SHIPPED = {"subprocess", "platform", "multiprocessing", "time.monotonic", "time.time", "os.system", "os.popen"}


def test_what_volunteers_run_starts_no_program_and_has_one_clock() -> None:
    shipped = [
        path for room in ("patience", "kernels", "client", "wrapper") for path in sorted((ROOT / room).rglob("*.py"))
    ]
    for path in [*shipped, ROOT / "packaging" / "entry.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        read = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not (read | set(imports(path))) & NEVER_SHIPPED, path


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_libraries_are_known_where_they_belong(path: Path) -> None:
    module = module_of(path)
    for library in {name.split(".")[0] for name in imports(path) if not own(name)} - sys.stdlib_module_names:
        allowed = MAY_KNOW.get(library, set())
        assert any(module == room or module.startswith(room + ".") for room in allowed), f"{module} imports {library}"


def test_every_room_says_what_it_is_for() -> None:
    for path in files():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert text, f"{path.relative_to(ROOT)} has no first line"
        assert text.splitlines()[0].rstrip().endswith((".", "?")), f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
