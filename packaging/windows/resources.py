"""What Windows shows of the executable, and how it runs it: version resource and manifest.

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

_VERSION = """VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3f, flags=0, OS=0x40004, fileType=1, subtype=0),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      {strings},
    ])]),
    VarFileInfo([VarStruct("Translation", [0x409, 1200])]),
  ],
)
"""


def version_info(version: str, file: str) -> str:
    """The version resource of an executable named `file`, in the form that PyInstaller reads; `version` as "0.01"."""
    major, minor = version.split(".")
    strings = {
        "FileDescription": "Tiny neural networks, a BOINC application",
        "FileVersion": version,
        "InternalName": "axiom-worker",
        "LegalCopyright": "Licensed under Apache-2.0; LICENCES.txt has those of what it carries",
        "OriginalFilename": file,
        "ProductName": "axiom-worker",
        "ProductVersion": version,
    }
    rows = ",\n      ".join(f"StringStruct({name!r}, {text!r})" for name, text in strings.items())
    return _VERSION.format(numbers=(int(major), int(minor), 0, 0), strings=rows)
