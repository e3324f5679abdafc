"""What Windows shows of the launcher and of PyInstaller's executable, and how it runs them: resources and manifest.

Windows asks no elevation for a program whose manifest says so, and allows long paths only to one that knows them: the
project's folder may lie deep. Text is UTF-8, as on every other system.
"""

from __future__ import annotations

MANIFEST = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security>
      <requestedPrivileges>
        <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
      </requestedPrivileges>
    </security>
  </trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application>
      <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    </application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
      <activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>
    </windowsSettings>
  </application>
</assembly>
"""

DESCRIPTION = "Tiny neural networks, a BOINC application"  # what a list of processes shows

# PyInstaller's form: of the executable in the bundle, which versions share, so that it has none itself.
PROGRAM = f"""VSVersionInfo(
  ffi=FixedFileInfo(mask=0x3f, flags=0, OS=0x40004, fileType=1, subtype=0),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("FileDescription", {DESCRIPTION!r}),
      StringStruct("ProductName", "axiom-worker"),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x409, 1200])]),
  ],
)
"""

_SCRIPT = """1 ICON "{icon}"
1 24 "{manifest}"
1 VERSIONINFO
FILEVERSION {numbers}
PRODUCTVERSION {numbers}
FILEFLAGSMASK 0x3f
FILEOS 0x40004
FILETYPE 1
BEGIN
    BLOCK "StringFileInfo"
    BEGIN
        BLOCK "040904B0"
        BEGIN
{strings}
        END
    END
    BLOCK "VarFileInfo"
    BEGIN
        VALUE "Translation", 0x409, 1200
    END
END
"""


def script(version: str, file: str, icon: str, manifest: str) -> str:
    """What a resource compiler makes the launcher's resources of; `version` as "0.01", then names of files."""
    major, minor = version.split(".")
    strings = {
        "FileDescription": DESCRIPTION,
        "FileVersion": version,
        "InternalName": "axiom-worker",
        "LegalCopyright": "Licensed under Apache-2.0; LICENCES.txt has those of what it carries",
        "OriginalFilename": file,
        "ProductName": "axiom-worker",
        "ProductVersion": version,
    }
    rows = "\n".join(f'            VALUE "{name}", "{text}"' for name, text in strings.items())
    return _SCRIPT.format(numbers=f"{int(major)}, {int(minor)}, 0, 0", strings=rows, icon=icon, manifest=manifest)
