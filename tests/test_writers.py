"""Files are written in one way: whole or not at all, and never in the place of a device, a pipe or a folder.

On a volunteer's computer whatever opens, replaces or removes one has patience with who holds it.
"""

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


VOLUNTEERS = ("kernels/formats", "client", "wrapper", "packaging/entry.py")
HELD = {"open", "replace", "rename", "unlink", "rmdir", "touch", "write_bytes", "write_text", "read_bytes", "read_text"}
OF_TEXT = {"variety.replace"}
WITHOUT = {
    "kernels/formats/atomic.py:_staged": "cleans up after a failure that has waited",
    "kernels/formats/atomic.py:_sync_folder": "POSIX",
    "client/host.py:processor": "Linux",
    "client/selftest.py:_known": "a file of the installation",
    "wrapper/posix.py:take_lock": "POSIX",
    "wrapper/posix.py:release_lock": "POSIX",
    "wrapper/posix.py:map_memory": "POSIX",
    "wrapper/files.py:write_at_once": "the timer thread's, which has to hear the client",
    "wrapper/files.py:_or_nothing": "cleans up after a failure that has waited",
    "wrapper/init_data.py:read": "the timer thread looks again; the start has patience around it",
    "wrapper/mail.py:upload_status": "asked again and again",
    "wrapper/stock.py:report": "tried again each second",
    "wrapper/windows.py:release_lock": "a lock file that stays is no lock",
}
"""Functions that touch a file without patience, and why."""


def touches(node: ast.AST) -> bool:
    """Whether something opens, replaces or removes a file, or is the method that does."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "open"
    return isinstance(node, ast.Attribute) and node.attr in HELD and ast.unparse(node) not in OF_TEXT


def impatient(source: str) -> set[str]:
    """The functions that touch a file, themselves or by functions of theirs, outside of all calls of `patiently`."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    patient = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "patiently"
        for inner in ast.walk(node)
    }
    touching = {f.name for f in functions if any(touches(node) for node in set(ast.walk(f)) - patient)}

    def called_patiently_only(name: str) -> bool:
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
        return bool(calls) and all(call in patient for call in calls)

    return {name for name in touching if not called_patiently_only(name)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): path.unlink()", {"f"}),
        ("def f(): patiently(lambda: path.unlink(missing_ok=True))", set()),
        ("def f(): patiently(path.unlink)", set()),
        ("def f(): patiently(partial(path.unlink, missing_ok=True))", set()),
        ("def f(): return path.read_bytes()\ndef g(): return patiently(lambda: f())", set()),
        ("def f(): return path.read_bytes()\ndef g(): return patiently(f) or f()", {"f"}),
        ("def f():\n    with open(path) as file: return file", {"f"}),
    ],
)
def test_who_has_no_patience_is_found(source: str, expected: set[str]) -> None:
    assert impatient(source) == expected


def test_volunteers_files_are_touched_with_patience() -> None:
    tops = [ROOT / top for top in VOLUNTEERS]
    paths = [path for top in tops for path in ([top] if top.is_file() else sorted(top.rglob("*.py")))]
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{name}"
        for path in paths
        for name in impatient(path.read_text(encoding="utf-8"))
    }
    assert found == set(WITHOUT)
