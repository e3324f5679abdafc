"""The licences of everything that the frozen program carries, in one text; and nothing else may be carried."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

NAME = "LICENCES.txt"
_RULE = "=" * 100 + "\n"
_WORDS = ("licen", "copying", "notice", "copyright")
# Folders of this checkout that the program is made of.
OURS = ("client", "kernels", "patience", "wrapper", "packaging", "build")
_BOOTLOADER = "pyinstaller"  # its executable is around everything; its licence excepts what it carries


class LicenceMissing(ValueError):
    """Something that the program would carry, and that no licence was found for; the message says what."""


class NotADependency(ValueError):
    """Something that the program would carry only since it is installed here too; the message says what."""


def collect(sources: Iterable[Path], own: Path, wanted: Collection[str], linked: Mapping[str, str]) -> str:
    """The licences of the Python code and the libraries in `sources`, after the program's own in `own`, at our root.

    `linked` are the licences, by name, of what was linked into our own library and launcher (see `of_zig`).

    LicenceMissing if a licence, or whom a file belongs to, is not found: nothing may be given away without it.
    NotADependency if a file belongs to a distribution that is not `wanted` (see `dependencies`).
    """
    texts = {"axiom-worker": own.read_text(encoding="utf-8"), "Python": _licence_of_python()}
    owners = _owners()
    for source in sorted(set(sources)):
        name = _owner(source, owners)
        if name is not None:
            if _normal(name) not in wanted:
                raise NotADependency(
                    f"{source} of {name} would be carried, which is no dependency: a library asks for it where it is "
                    "installed; leave it out in build.spec"
                )
            if name not in texts:
                texts[name] = _licence_of_distribution(name)
        elif not _of_python(source) and not _ours(source, own.parent):
            name = _package(source)
            texts.setdefault(name, _licence_of_package(name))
    texts.setdefault(_BOOTLOADER, _licence_of_distribution(_BOOTLOADER))
    texts |= linked
    return "".join(f"{_RULE}{name}\n{_RULE}\n{texts[name].strip()}\n\n" for name in texts)


def of_zig(files: Mapping[str, str]) -> dict[str, str]:
    """The licences of what zig links into programs: by name, given each one's file in zig's folder."""
    zig = importlib.util.find_spec("ziglang")
    if zig is None or zig.origin is None:
        raise LicenceMissing(f"ziglang is not installed, which brings {' and '.join(files)} with their licences")
    folder = Path(zig.origin).parent
    return {name: (folder / file).read_text(encoding="utf-8") for name, file in files.items()}


def dependencies(requirements: Iterable[str]) -> set[str]:
    """The distributions that requirements name, and those that these need, as they are installed here."""
    wanted: set[str] = set()
    left = [_normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in requirements]
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += _required(name)
    return wanted


def _required(name: str) -> list[str]:
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # of another system, or another Python
        return []
    return [_normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines if "extra ==" not in line]


def _normal(name: str) -> str:
    """A distribution's name as all its spellings have it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _ours(source: Path, root: Path) -> bool:
    """Whether a file is of this checkout: not of an environment that lies in it."""
    return source.is_relative_to(root) and source.relative_to(root).parts[0] in OURS


def _of_python(source: Path) -> bool:
    libraries = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    if source.name == Path(sysconfig.get_config_var("INSTSONAME") or "").name or _below(source, *libraries):
        return True
    return sys.platform != "linux" and _below(source, sys.base_prefix)  # where Python's installer puts its libraries


def _below(source: Path, *folders: str) -> bool:
    return any(source.is_relative_to(folder) for folder in folders) and "site-packages" not in source.parts


def _licence_of_python() -> str:
    for folder in (
        Path(sysconfig.get_path("stdlib")),
        Path(sys.base_prefix),
        Path(f"/usr/share/doc/{_debian_package_of_python()}"),
    ):
        for name in ("LICENSE.txt", "LICENSE", "copyright"):
            if (folder / name).is_file():
                return (folder / name).read_text(encoding="utf-8")
    raise LicenceMissing("no licence of Python was found beside its library; install it, the program carries Python")


def _debian_package_of_python() -> str:
    return f"python{sys.version_info[0]}.{sys.version_info[1]}"


def _owners() -> dict[str, str]:
    """The distribution that each installed file belongs to, and each package as a whole, by path.

    Several distributions may share a package, as NVIDIA's do: what is looked up first must be the file.
    """
    owners = {}
    for distribution in importlib.metadata.distributions():
        root, name = str(distribution.locate_file("")), distribution.metadata["Name"]
        # Not distribution.files: large ones have tens of thousands.
        for line in (distribution.read_text("RECORD") or "").splitlines():
            path = line.partition(",")[0]
            first = path.partition("/")[0]
            if first not in ("..", "__pycache__"):
                owners[os.path.normcase(f"{root}/{path}")] = owners[os.path.normcase(f"{root}/{first}")] = name
    return owners


def _owner(source: Path, owners: dict[str, str]) -> str | None:
    paths = (os.path.normcase(path) for path in (source, *source.parents))
    return next((owners[path] for path in paths if path in owners), None)


def _licence_of_distribution(name: str) -> str:
    files = importlib.metadata.files(name) or []
    licences = [
        file
        for file in files
        if any(word in file.name.lower() for word in _WORDS) and file.suffix in ("", ".txt", ".md", ".rst")
    ]
    if not licences:
        raise LicenceMissing(f"no licence file was found among the files of {name}; add one, or leave {name} out")
    return "\n\n".join(file.read_text(encoding="utf-8").strip() for file in sorted(licences, key=str))


def _package(source: Path) -> str:
    """Debian's or Red Hat's package that a library of the system belongs to."""
    real = source.resolve()
    if shutil.which("dpkg-query"):
        # A path may be known as it was before /lib became /usr/lib.
        for path in (str(real), str(real).removeprefix("/usr")):
            asked = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True, check=False)
            if asked.returncode == 0:
                return asked.stdout.partition(":")[0]
    elif shutil.which("rpm"):
        asked = subprocess.run(["rpm", "-qf", "--qf", "%{NAME}", real], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout
    raise LicenceMissing(f"{source} belongs to no package that brings its licence; leave it out in build.spec")


def _licence_of_package(name: str) -> str:
    folders = (Path("/usr/share/doc", name), Path("/usr/share/licenses", name))
    licences = [path for folder in folders for path in sorted(folder.glob("*")) if path.stem.lower().startswith(_WORDS)]
    if not licences:
        raise LicenceMissing(f"the system's package {name} has no licence in {folders[0]}; add it there")
    return "\n\n".join(path.read_text(encoding="utf-8").strip() for path in licences)
