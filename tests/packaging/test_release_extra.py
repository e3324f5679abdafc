"""What the extra `release` installs is enough to build in a plain venv, whose setuptools is old."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))


def test_it_has_what_setup_py_needs() -> None:
    """packaging/build.py runs setup.py itself, for which nobody else makes an environment."""
    release = PROJECT["project"]["optional-dependencies"]["release"]
    assert set(PROJECT["build-system"]["requires"]) <= set(release)
