"""Nothing ships to volunteers that only tests use: the product reads every name that the worker's rooms define.

A module's name counts as used where its module, or one that imports it, reads it; a method, where any attribute of its
name is read. What only unused definitions read is unused as well.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("patience", "kernels", "client", "wrapper")
PRODUCT = (*SHIPPED, "server_validator", "packaging", "benchmarks")
READ_ELSEWHERE = {
    "wrapper.runtime.Runtime.trickles_down": "the answer's direction of a channel of docs/runtime.md",
    "wrapper.runtime.Runtime.upload_status": "the answer's direction of a channel of docs/runtime.md",
}
"""Names that ship although the product does not read them, and why."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """A file's tree, the statements that define its names, and the dotted names that its imports may mean."""

    name: str
    tree: ast.Module
    definitions: dict[str, ast.stmt]
    imports: dict[str, set[str]]


@dataclass(frozen=True)
class Reading:
    """Who reads what: dotted names of modules, and names of attributes, each with the definitions that read them."""

    names: dict[str, set[str]]
    attributes: dict[str, set[str]]


Modules = dict[str, Module]


def module_of(name: str, source: str) -> Module:
    tree = ast.parse(source)
    imports = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                imports[alias.asname or whole].add(whole)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imports[alias.asname or alias.name].add(f"{node.module}.{alias.name}")
    return Module(name, tree, {name: node for node in tree.body for name in defined(node)}, imports)


def defined(statement: ast.stmt) -> list[str]:
    """The names that a statement of a module defines, but for names that Python itself reads, as __all__."""
    names: list[str] = []
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        names = [statement.name]
    elif isinstance(statement, ast.Assign):
        names = [node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        names = [statement.target.id]
    elif isinstance(statement, (ast.If, ast.Try)):
        inner = [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt)]
        names = [name for node in inner for name in defined(node)]
    return [name for name in names if not name.startswith("__")]


def meanings(modules: Modules, dotted: str) -> set[str]:
    """What a dotted name means where it was defined: a package may hand on names of its modules."""
    package, _, name = dotted.rpartition(".")
    handed_on = modules[package].imports.get(name, set()) - {dotted} if package in modules else set()
    return {meaning for target in handed_on for meaning in meanings(modules, target)} or {dotted}


def owned(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Every node of a module, and the definition that it is part of: a function, a method, or the module itself."""
    for statement in module.tree.body:
        names = defined(statement)
        owner = f"{module.name}.{names[0]}" if names else module.name
        parts = ast.iter_child_nodes(statement) if isinstance(statement, ast.ClassDef) else [statement]
        for part in parts:
            name = f"{owner}.{part.name}" if part is not statement and isinstance(part, FUNCTIONS) else owner
            yield from ((name, node) for node in ast.walk(part))


def chain(node: ast.Attribute) -> str | None:
    """The dotted text of `a.b.c`; None where it does not begin with a name."""
    inner = node.value
    start = inner.id if isinstance(inner, ast.Name) else chain(inner) if isinstance(inner, ast.Attribute) else None
    return start and f"{start}.{node.attr}"


def reading(modules: Modules) -> Reading:
    names: dict[str, set[str]] = defaultdict(set)
    attributes: dict[str, set[str]] = defaultdict(set)
    for module in modules.values():
        for owner, node in owned(module):
            text = None
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                text = node.id
            elif isinstance(node, ast.Attribute):
                text = chain(node)
                attributes[node.attr].add(owner)
            if text is None:
                continue
            first, _, rest = text.partition(".")
            if first in module.definitions:
                names[f"{module.name}.{first}"].add(owner)
            for target in module.imports.get(first, ()):
                for meaning in meanings(modules, f"{target}.{rest}" if rest else target):
                    names[meaning].add(owner)
    return Reading(names, attributes)


def definitions(modules: Modules, read: Reading) -> dict[str, set[str]]:
    """Every definition of the rooms that ship, and the definitions that read it."""
    readers = {}
    for module in modules.values():
        if module.name.split(".")[0] not in SHIPPED:
            continue
        for name, statement in module.definitions.items():
            readers[f"{module.name}.{name}"] = read.names[f"{module.name}.{name}"]
            if isinstance(statement, ast.ClassDef):
                methods = [part.name for part in statement.body if isinstance(part, FUNCTIONS)]
                readers |= {
                    f"{module.name}.{name}.{method}": read.attributes[method]
                    for method in methods
                    if not method.startswith("__")
                }
    return readers


def unused(modules: Modules, excepted: Collection[str] = ()) -> set[str]:
    """Definitions that nothing reads, or only what is unused itself."""
    readers = definitions(modules, reading(modules))
    used: set[str] = set()

    def counts(reader: str) -> bool:
        """Whether a reader is used: all definitions that it is part of are."""
        parts = reader.split(".")
        around = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        return all(name in used for name in around if name in readers)

    while True:
        newly = {name for name in readers.keys() - used if name in excepted or any(map(counts, readers[name]))}
        if not newly:
            return readers.keys() - used
        used |= newly


@pytest.fixture(scope="module")
def product() -> Modules:
    modules = {}
    for path in (path for room in PRODUCT for path in sorted((ROOT / room).rglob("*.py"))):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = module_of(name, path.read_text(encoding="utf-8"))
    return modules


def test_the_product_uses_all_that_ships(product: Modules) -> None:
    assert len(product) > 100, "the search does not find the files any more"
    assert sorted(unused(product, READ_ELSEWHERE)) == [], "move them to tests/, or remove them"


def test_every_exception_is_needed(product: Modules) -> None:
    assert sorted(READ_ELSEWHERE.keys() - unused(product)) == []


EXAMPLE = {
    "kernels.sums": """
LIMIT = 3
def total(numbers): return sum(numbers[:LIMIT])
def mean(numbers): return spread(numbers) and mean(numbers[1:])
def spread(numbers): return mean(numbers)
class Sum:
    def add(self, number): ...
    def clear(self): self.clear()
""",
    "kernels": "from kernels.sums import total",
    "kernels.tasks": "from kernels import sums\nsums.Sum().add(1)",
    "server_validator.cli": "import kernels as science\nprint(science.total([1]))",
}


def test_readers_are_found_through_packages_and_aliases_and_readings_by_the_unused_do_not_count() -> None:
    modules = {name: module_of(name, source) for name, source in EXAMPLE.items()}
    assert unused(modules) == {"kernels.sums.mean", "kernels.sums.spread", "kernels.sums.Sum.clear"}
    assert unused(modules, ["kernels.sums.mean"]) == {"kernels.sums.Sum.clear"}
    del modules["server_validator.cli"]
    assert {"kernels.sums.total", "kernels.sums.LIMIT"} < unused(modules)
