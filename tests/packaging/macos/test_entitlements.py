"""What macOS lets the executable do, read as macOS reads it."""

from __future__ import annotations

import plistlib
from pathlib import Path

ENTITLEMENTS = Path(__file__).parents[3] / "packaging" / "macos" / "entitlements.plist"


def test_entitlements_let_no_variable_load_code() -> None:
    content = ENTITLEMENTS.read_bytes()
    assert b"<!--" not in content  # a syntax error to macOS, though not to codesign
    granted = {name.rpartition(".")[2] for name, given in plistlib.loads(content).items() if given}
    assert granted == {"disable-library-validation", "allow-unsigned-executable-memory"}
