"""What Windows shows of the executable, read as its readers do."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from windows import resources


def test_the_executable_that_versions_share_names_no_version() -> None:
    """PyInstaller evaluates the text with classes of these names."""
    seen: dict[str, object] = {}

    def fixed(**given: object) -> None:
        assert not given.keys() & {"filevers", "prodvers"}

    def string(name: str, text: str) -> None:
        assert name not in seen
        seen[name] = text

    def other(*_: object, **__: object) -> None:
        pass

    known = dict.fromkeys(("VSVersionInfo", "StringFileInfo", "StringTable", "VarFileInfo", "VarStruct"), other)
    eval(resources.PROGRAM, {**known, "FixedFileInfo": fixed, "StringStruct": string})
    assert seen == {"FileDescription": resources.DESCRIPTION, "ProductName": "axiom-worker"}


@pytest.mark.parametrize(("version", "numbers"), [("0.01", "0, 1, 0, 0"), ("12.34", "12, 34, 0, 0")])
def test_the_launchers_version(version: str, numbers: str) -> None:
    script = resources.script(version, "axiom_0.01.exe", "a.ico", "a.manifest")
    assert f"FILEVERSION {numbers}\nPRODUCTVERSION {numbers}\n" in script
    for name, text in {"FileVersion": version, "ProductVersion": version, "OriginalFilename": "axiom_0.01.exe"}.items():
        assert f'VALUE "{name}", "{text}"\n' in script
    assert 'BLOCK "040904B0"' in script  # American English in Unicode, as the translation says


def test_the_manifest_asks_for_no_rights_and_knows_long_paths() -> None:
    root = ElementTree.fromstring(resources.MANIFEST.encode())
    assert root.tag == "{urn:schemas-microsoft-com:asm.v1}assembly"
    texts = {element.tag.partition("}")[2]: element for element in root.iter()}
    assert texts["requestedExecutionLevel"].attrib == {"level": "asInvoker", "uiAccess": "false"}
    assert texts["longPathAware"].text == "true"
    assert texts["activeCodePage"].text == "UTF-8"
