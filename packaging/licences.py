"""The licences of everything that the frozen program carries, in one text."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

NAME = "LICENCES.txt"
_RULE = "=" * 100 + "\n"
_WORDS = ("licen", "copying", "notice", "copyright")
_BOOTLOADER = "pyinstaller"  # its executable is around everything; its licence excepts what it carries


class LicenceMissing(ValueError):
    """Something that the program would carry, and that no licence was found for; the message says what."""


def collect(sources: Iterable[Path], own: Path) -> str:
    """The licences of the Python code and the libraries in `sources`, after the program's own in `own`.

    LicenceMissing if a licence is not found: nothing may be given away without it.
    """
    texts = {"axiom-worker": own.read_text(encoding="utf-8"), "Python": _licence_of_python()}
    owners = _owners()
    for source in sorted(set(sources)):
        path = str(source)
        name = _owner(source, owners)
        if name is not None:
            if name not in texts:
                texts[name] = _licence_of_distribution(name)
        elif sys.platform == "linux" and path.startswith(("/lib", "/usr/lib")) and not _of_python(path):
            name = _package(source)
            texts.setdefault(name, _licence_of_package(name))
    texts.setdefault(_BOOTLOADER, _licence_of_distribution(_BOOTLOADER))
    if sys.platform == "linux":
        texts["musl"] = _licence_of_musl()
    return "".join(f"{_RULE}{name}\n{_RULE}\n{texts[name].strip()}\n\n" for name in texts)


def _of_python(path: str) -> bool:
    return path.startswith((sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")))


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


def _licence_of_musl() -> str:
    """The licence of the C library in the launcher."""
    zig = importlib.util.find_spec("ziglang")
    if zig is None or zig.origin is None:
        raise LicenceMissing("ziglang is not installed, which brings the launcher's C library, musl, and its licence")
    return Path(zig.origin).with_name("lib").joinpath("libc", "musl", "COPYRIGHT").read_text(encoding="utf-8")


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
                owners[f"{root}/{path}"] = owners[f"{root}/{first}"] = name
    return owners


def _owner(source: Path, owners: dict[str, str]) -> str | None:
    return next((owners[str(path)] for path in (source, *source.parents) if str(path) in owners), None)


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
