"""Our own Python code as a zip archive, which Python can import from: what a new experiment changes.

It lies behind the launcher's own code, in the one file that is the main program, or on macOS beside it; boot.py, in the
bundle, begins with it.
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import zipfile
from collections.abc import Iterable
from pathlib import Path

NAME = "code.zip"
PACKAGES = ("client", "kernels", "patience", "wrapper", "entry", "axiom_manifest")
_DATE = (2020, 1, 1, 0, 0, 0)  # any will do that is the same for every build
_UNCHECKED = (1).to_bytes(4, "little")  # flags of a .pyc (PEP 552): known by a hash, and never compared with a source


def ours(module: str) -> bool:
    """Whether a module, by its full name, is ours."""
    return module.partition(".")[0] in PACKAGES


def of_modules(modules: Iterable[tuple[str, Path]]) -> bytes:
    """The archive of modules, full names with sources: compiled, in order, the same bytes wherever they lie.

    Stored and not compressed: for the way to the volunteer every file is, and here it would only cost time.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for module, source in sorted(modules):
            path = module.replace(".", "/") + ("/__init__" if source.name == "__init__.py" else "") + ".py"
            text = source.read_bytes()
            # Never with optimize=2: the sentences that a failure says are docstrings.
            code = marshal.dumps(compile(text, path, "exec", dont_inherit=True, optimize=0))
            header = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(text)
            archive.writestr(zipfile.ZipInfo(path + "c", _DATE), header + code)
    return out.getvalue()
