"""The frozen program as the loopback project's application version: really built, once for all tests that want it."""

import functools
import shutil
import tempfile
import threading
from pathlib import Path

import layout
import pytest

from tests.boinc import app_tree
from tests.boinc.work import AppVersion
from tests.packaging import builds

needs_build = pytest.mark.skipif(bool(builds.lacking()), reason=builds.lacking())

VERSIONS = ("0.01", "0.02")
_FOLDER = tempfile.TemporaryDirectory(prefix="axiom-frozen-")
_lock = threading.Lock()


def tree(folder: Path, version: str = "0.01") -> Path:
    """A copy of a version in `folder`, with version.xml and without signatures; 0.02 has other code than 0.01."""
    built = _built()[version]
    return Path(shutil.copytree(built, folder / built.relative_to(built.parents[3])))


def version() -> AppVersion:
    """Version 0.01, for the project to sign."""
    return app_tree.read(_built()["0.01"], signed=False)


def _built() -> dict[str, Path]:
    with _lock:  # lives are played side by side
        return _build()


@functools.cache
def _build() -> dict[str, Path]:
    out, found = Path(_FOLDER.name), {}
    for number in VERSIONS:
        source = builds.copied(out / f"source {number}", version=f"0.{int(number[2:])}.0")
        # The same records: what the second lacks in its bundle, or has beside it, would be refused.
        builds.built(source, out / "dist")
        (found[number],) = (out / "dist" / "apps" / layout.APPLICATION / number).iterdir()
    return found
