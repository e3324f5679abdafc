"""Files are written in one way: whole or not at all, and never in the place of a device, a pipe or a folder."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("kernels", "client")  # wrapper/ writes the protocol's own little files, each as the client wants it
THE_WAY = "kernels/formats/atomic.py"
NOWHERE = ("kernels/streams.py",)  # it opens nothing but the null device
WRITING = {"write_bytes", "write_text", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "save", "savez", "tofile"}
ENCODING = {"safetensors.numpy.save", "session.save"}  # bytes in memory; a checkpoint, which goes the one way


def writes(node: ast.AST) -> bool:
    """Whether a call opens a file for writing, or writes one."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in WRITING:
        return ast.unparse(node.func) not in ENCODING
    if name != "open":
        return False
    words = [argument.value for argument in ast.walk(node) if isinstance(argument, ast.Constant)]
    modes = {word for word in words if isinstance(word, str) and len(word) <= 3 and set(word) <= set("rwxab+t")}
    return any(set(mode) & set("wxa+") for mode in modes) or "O_CREAT" in ast.unparse(node)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("path.write_bytes(data)", True), ("path.open('wb')", True), ("open(path, 'a')", True),
        ("os.open(path, os.O_RDWR | os.O_CREAT)", True), ("numpy.save(path, array)", True),
        ("path.open('rb')", False), ("open(path)", False), ("os.open(path, os.O_RDONLY)", False),
        ("session.save()", False), ("file.write(data)", False),
    ],
)  # fmt: skip
def test_what_writes_is_found(source: str, expected: bool) -> None:
    assert any(map(writes, ast.walk(ast.parse(source)))) is expected


def test_only_one_module_writes_files() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if any(map(writes, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found - set(NOWHERE) == {THE_WAY}
