"""Names of an application version's files and folders, and the rules that BOINC sets for them.

A version is its main program, with all our code, and the bundle, a folder with Python and the libraries that the
program loads, which versions share:

    axiom_0.01_x86_64-pc-linux-gnu__cpu
    axiomrt_1_x86_64-pc-linux-gnu__cpu/...

The main program is a launcher, which starts `axiom` in the bundle, PyInstaller's executable. Our code is an archive
behind the launcher's own; on macOS, where nothing may follow a program's signature, it is a file beside it,
`axiom_....zip`. A physical name stands for the same bytes for ever: the bundle's number rises when a file in it
changes, so that a new version with the same libraries is a download of launcher and code alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plan_classes

APPLICATION = "axiom"
BUNDLE = "axiomrt"  # how its physical names begin, at BOINC's server and clients
EXECUTABLE = "axiom"  # in the bundle; the name that a list of processes shows

FLAVOURS = {
    "cpu": "the exact engine on numpy",
    "cputorch": "the torch engine on processors, and the exact engine",
    "nvtorch": "the torch engine on NVIDIA GPUs, and the exact engine",
}
"""What each flavour of the build carries; plan_classes.py tells which plan class takes it on which platform."""

PLATFORMS = {
    ("linux", "x86_64"): "x86_64-pc-linux-gnu",
    ("linux", "aarch64"): "aarch64-unknown-linux-gnu",
    ("win32", "amd64"): "windows_x86_64",
    ("darwin", "x86_64"): "x86_64-apple-darwin",
    ("darwin", "arm64"): "arm64-apple-darwin",
}
"""BOINC's name of a platform, by sys.platform and platform.machine() in lower case."""

SYSTEMS = {platform: system for (system, _), platform in PLATFORMS.items()}
"""The system of a platform, as sys.platform has it."""

ZIG_TARGETS = {
    "x86_64-pc-linux-gnu": "x86_64-linux-musl",
    "aarch64-unknown-linux-gnu": "aarch64-linux-musl",
    "windows_x86_64": "x86_64-windows-gnu",
    "x86_64-apple-darwin": "x86_64-macos.10.15",
    "arm64-apple-darwin": "aarch64-macos.11.0",
}
"""What the launcher is compiled for; on macOS for the oldest that numpy's wheels run on."""

MAX_FILES = 350  # each takes some 680 bytes of app_version.xml_doc, which is cut off at 262,144
MAX_NAME = 200  # characters; BOINC's limit is 255, and Windows wants whole paths below 260
_PLAIN = re.compile(r"[A-Za-z0-9_.+\-/]+")  # what neither a shell, SQL, XML nor an address reads as anything else


class LayoutError(ValueError):
    """An application version as BOINC's server or client could not take it; the message says what and what to do."""


@dataclass(frozen=True)
class Names:
    """The names of one version for one platform and flavour."""

    version: str  # BOINC's, as "0.01"
    platform: str
    flavour: str

    @property
    def folder(self) -> Path:
        """Where update_versions looks for the files, in the project's directory; it ends in the plan class."""
        classes = plan_classes.of_build(self.platform, self.flavour)
        if not classes:
            raise LayoutError(
                f"no plan class takes flavour {self.flavour} on {self.platform}; add one to plan_classes.py"
            )
        application = plan_classes.APPLICATIONS[self.flavour]
        return Path("apps", application, self.version, f"{self.platform}__{classes[0]}")

    @property
    def variant(self) -> str:
        """Platform and flavour: what the bytes depend on, whichever plan classes they serve."""
        return f"{self.platform}__{self.flavour}"

    @property
    def system(self) -> str:
        """What this is for, as sys.platform has it."""
        return SYSTEMS[self.platform]

    @property
    def _suffix(self) -> str:
        return ".exe" if self.system == "win32" else ""

    @property
    def main(self) -> str:
        """The main program, the launcher: what the client starts."""
        return f"{APPLICATION}_{self.version}_{self.variant}{self._suffix}"

    @property
    def archive(self) -> str:
        """The file of our code, where it does not lie behind the launcher's own; else empty."""
        return f"{APPLICATION}_{self.version}_{self.variant}.zip" if self.system == "darwin" else ""

    def bundle(self, number: int) -> str:
        """The folder with Python and the libraries that the program loads."""
        return f"{BUNDLE}_{number}_{self.variant}"

    @property
    def executable(self) -> str:
        """PyInstaller's executable, in the bundle."""
        return f"{EXECUTABLE}{self._suffix}"

    def program(self, number: int) -> str:
        """The same, in the bundle of this number: what the launcher starts."""
        return f"{self.bundle(number)}/{self.executable}"


def boinc_version(version: str) -> str:
    """BOINC's form of our version: "0.1.0" is 0.01. LayoutError for a patch number, or more than BOINC counts."""
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None or int(match[3]) or int(match[2]) > 99:
        raise LayoutError(
            f"version {version} cannot be said in BOINC's major.minor with a minor of two digits; "
            "set kernels.__version__ to major.minor.0 with a minor below 100"
        )
    return f"{int(match[1])}.{int(match[2]):02}"


def platform_name(system: str, machine: str) -> str:
    """BOINC's name of the platform; LayoutError for a platform without a name here."""
    try:
        return PLATFORMS[system, machine.lower()]
    except KeyError:
        raise LayoutError(f"{system} on {machine} is no platform of this application; add it to PLATFORMS") from None


def check(names: Sequence[str]) -> None:
    """LayoutError if a list of physical names is more than BOINC takes, or has a name that it would misread."""
    if len(names) > MAX_FILES:
        raise LayoutError(f"the version has {len(names)} files, BOINC takes {MAX_FILES}; leave more out in build.spec")
    seen: dict[str, str] = {}
    for name in names:
        if not _PLAIN.fullmatch(name) or ".." in name or len(name) > MAX_NAME or name.startswith("/"):
            raise LayoutError(f"BOINC would choke on the file name {name!r}; leave it out in build.spec or rename it")
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise LayoutError(f"{other} and {name} are one file on Windows and macOS; rename one")
    if len(seen) < len(names):
        raise LayoutError(f"of {len(names)} names only {len(seen)} are different; name every file once")


def files(tree: Path) -> list[str]:
    """Every file below `tree` by its physical name, in order; LayoutError for what is neither file nor folder.

    The order is that of the names, as in a stored record: that of paths is another, and another on each system.
    """
    names = []
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise LayoutError(f"{name} is neither a plain file nor a folder, and BOINC has nothing else; copy it")
        if path.is_file():
            names.append(name)
    return sorted(names)
