"""What Windows shows of the executable, read as its readers do."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from windows import resources


@pytest.mark.parametrize(("version", "numbers"), [("0.01", (0, 1, 0, 0)), ("12.34", (12, 34, 0, 0))])
def test_the_version_resource(version: str, numbers: tuple[int, ...]) -> None:
    """PyInstaller evaluates the text with classes of these names."""
    seen: dict[str, object] = {}

    def fixed(**given: object) -> None:
        seen.update(given)

    def string(name: str, text: str) -> None:
        assert name not in seen
        seen[name] = text

    def table(key: str, rows: list[None]) -> None:
        seen["key"] = key

    def other(*_: object, **__: object) -> None:
        pass

    known = dict.fromkeys(("VSVersionInfo", "StringFileInfo", "VarFileInfo", "VarStruct"), other)
    eval(
        resources.version_info(version, "axiom_'one'.exe"),
        {**known, "FixedFileInfo": fixed, "StringStruct": string, "StringTable": table},
    )
    assert seen["filevers"] == seen["prodvers"] == numbers
    assert seen["FileVersion"] == seen["ProductVersion"] == version
    assert seen["OriginalFilename"] == "axiom_'one'.exe"
    assert seen["key"] == "040904B0"  # American English in Unicode, as the translation says


def test_the_manifest_asks_for_no_rights_and_knows_long_paths() -> None:
    root = ElementTree.fromstring(resources.MANIFEST.encode())
    assert root.tag == "{urn:schemas-microsoft-com:asm.v1}assembly"
    texts = {element.tag.partition("}")[2]: element for element in root.iter()}
    assert texts["requestedExecutionLevel"].attrib == {"level": "asInvoker", "uiAccess": "false"}
    assert texts["longPathAware"].text == "true"
    assert texts["activeCodePage"].text == "UTF-8"
