"""Writes version.xml for a tree of built files: what BOINC's update_versions makes an application version from.

    python packaging/version_xml.py TREE --main NAME                     checks the tree and writes TREE/version.xml
    python packaging/version_xml.py TREE --main NAME --released FILE     and refuses names that stand for other bytes
    python packaging/version_xml.py TREE --main NAME --released FILE --record      and keeps this version's names there

Every file is listed, since update_versions overlooks those in sub-folders that are not. All have one logical name: with
one each, the client would put as many link files into every slot, and fail at names with a folder that is not there.
api_version is stated, because nothing in a frozen program would tell it: without one the client talks through a System
V segment. What update_versions or a client would choke on is refused, since both would do so late or in silence.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

import layout
import manifest
import signing
from layout import LayoutError

NAME = "version.xml"
API_VERSION = "7.24.0"  # the protocol that wrapper/ speaks

# The server keeps a version as XML in one column, which is cut off without a word at 262,144 bytes.
MAX_XML = 240_000
# Of that, what each file takes beside its name, three times; measured: 683 bytes a file for names of 50.
_XML_FILE = 500
_XML_URL = 60  # the project's download address, as long as any sane one
_XML_GZIP = 80 + _XML_URL  # and the name once more

_GZIP_WORTH = 0.9  # of a file's size: what compresses less is sent as it is
_GZIP_LEAST = 4096  # bytes: below, a request costs more than is saved
# Windows takes these for devices, whatever follows a dot.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True)
class Entry:
    """A file of the version; `name` is its physical name, with slashes."""

    name: str
    main_program: bool
    gzip: bool


def entries(tree: Path, main: str, released: Mapping[str, str]) -> list[Entry]:
    """Every file that clients get, main program first; LayoutError if the tree cannot become a version.

    `released` has the SHA-256 of every physical name that ever went out.
    """
    names = _names(tree)
    layout.check(names)
    _check_names(names)
    _check_programs(tree, names, main)
    for name in names:
        if name in released and manifest.of_file(tree / name)[1] != released[name]:
            raise LayoutError(
                f"{name} was released with other bytes, and a name stands for one file; give it a new one"
            )
    listed = [Entry(name, name == main, _compresses(tree / name)) for name in names]
    size = sum(_xml_bytes(entry) for entry in listed)
    if size > MAX_XML:
        raise LayoutError(
            f"the server's XML of {len(listed)} files would have {size} bytes, of {MAX_XML} that are safe; "
            "leave more files out in build.spec, or shorten their names"
        )
    return sorted(listed, key=lambda entry: (not entry.main_program, entry.name))


def render(listed: Sequence[Entry]) -> str:
    """The text of version.xml."""
    files = "".join(_file(entry) for entry in listed)
    return f"<version>\n    <api_version>{API_VERSION}</api_version>\n{files}</version>\n"


def write(tree: Path, main: str, released: Mapping[str, str] | None = None) -> list[Entry]:
    """Check the tree and write its version.xml; what it lists. LayoutError as of `entries`."""
    listed = entries(tree, main, released or {})
    (tree / NAME).write_text(render(listed), encoding="ascii", newline="\n")
    return listed


def read_released(path: Path) -> dict[str, str]:
    """The SHA-256 of every physical name that ever went out; LayoutError if the file is no such list."""
    if not path.exists():
        return {}
    try:
        released = json.loads(path.read_text(encoding="ascii"))
    except ValueError:
        released = None
    if not isinstance(released, dict) or not all(isinstance(value, str) for value in released.values()):
        raise LayoutError(f"{path} is no list of released files; take it from version control")
    return released


def record(path: Path, tree: Path, listed: Sequence[Entry]) -> None:
    """Add a version's files to the list of what went out."""
    released = read_released(path) | {entry.name: manifest.of_file(tree / entry.name)[1] for entry in listed}
    path.write_text(json.dumps(dict(sorted(released.items())), indent=1) + "\n", encoding="ascii", newline="\n")


def _names(tree: Path) -> list[str]:
    """Physical names of all files but version.xml and signatures; a signature of nothing is refused."""
    everything = layout.files(tree)
    names = [name for name in everything if name != NAME and not name.endswith(signing.SUFFIX)]
    if not names:
        raise LayoutError(f"{tree} has no files; build the version first")
    for name in set(everything) - set(names) - {NAME}:
        if name.removesuffix(signing.SUFFIX) not in names:
            raise LayoutError(f"{name} is the signature of no file here; remove it, and sign again")
    return names


def _check_names(names: Sequence[str]) -> None:
    """What layout.check leaves: clashes of folders and of compressed files, devices of Windows, hidden files."""
    spelled: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name)
        for part in (path, *path.parents[:-1]):
            other = spelled.setdefault(str(part).lower(), str(part))
            if other != str(part):
                raise LayoutError(f"{other} and {part} are one folder on Windows and macOS; rename one")
            if part != path and str(part) in names:
                raise LayoutError(f"{part} is a file and a folder; rename one")
        for word in path.parts:
            if word.split(".")[0].lower() in _DEVICES or word.endswith("."):
                raise LayoutError(f"{name} is no name for a file on Windows; rename it")
            if word.startswith("-"):
                raise LayoutError(f"{name} would be read as an option by the server's scripts; rename it")
        if name.startswith("."):
            raise LayoutError(f"{name} is hidden, and update_versions overlooks it; rename it")
        if name.endswith(".gz") and name.removesuffix(".gz") in names:
            raise LayoutError(f"{name} has the name under which the server compresses another file; rename it")


def _check_programs(tree: Path, names: Sequence[str], main: str) -> None:
    """The main program is there, and what clients must execute is executable."""
    if main not in names:
        raise LayoutError(f"the main program {main} is not in {tree}; build it, or name another with --main")
    for name in names:
        if name != main and PurePosixPath(name).name != layout.EXECUTABLE:
            continue
        if not (tree / name).stat().st_mode & 0o100:
            raise LayoutError(f"{name} is not executable, and clients would not make it so; chmod 755 it")


def _compresses(path: Path) -> bool:
    content = path.read_bytes()
    return len(content) >= _GZIP_LEAST and len(zlib.compress(content, 6)) < _GZIP_WORTH * len(content)


def _xml_bytes(entry: Entry) -> int:
    return _XML_FILE + _XML_URL + 3 * len(entry.name) + entry.gzip * (_XML_GZIP + len(entry.name))


def _file(entry: Entry) -> str:
    lines = [
        f"<physical_name>{escape(entry.name)}</physical_name>",
        f"<logical_name>{layout.APPLICATION}</logical_name>",
        *(["<main_program/>"] if entry.main_program else []),
        *(["<gzip/>"] if entry.gzip else []),
    ]
    return "    <file>\n" + "".join(f"        {line}\n" for line in lines) + "    </file>\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 refused."""
    parser = argparse.ArgumentParser(prog="version_xml.py", description="Checks a tree and writes its version.xml.")
    parser.add_argument("tree", type=Path, metavar="TREE", help="apps/APPLICATION/VERSION/PLATFORM__PLANCLASS")
    parser.add_argument("--main", required=True, metavar="NAME", help="the main program's file")
    parser.add_argument("--released", type=Path, metavar="FILE", help="the list of all files that ever went out")
    parser.add_argument("--record", action="store_true", help="add this version's files to that list")
    options = parser.parse_args(arguments)
    if options.record and not options.released:
        parser.error("--record needs --released")
    try:
        released = read_released(options.released) if options.released else {}
        listed = write(options.tree, options.main, released)
        if options.record:
            record(options.released, options.tree, listed)
    except (LayoutError, OSError) as why:
        print(f"version_xml: {why}", file=sys.stderr)
        return 1
    print(f"{options.tree / NAME}: {len(listed)} files, {sum(entry.gzip for entry in listed)} of them sent compressed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
