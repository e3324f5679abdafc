"""What the frozen program runs: axiom-worker; where that fails, its installed files are compared with their manifest.

BOINC checks every file when it is downloaded, and never again for damage that leaves the size as it was. The launcher
looks at every start, but of gigabytes only at the sizes; this finds damage by SHA-256. What is damaged is removed, and
the exit code is 206, BOINC's for a program that cannot start: the client then fetches what is missing. Where nothing is
damaged, the failure stands as it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from patience import patiently

EXIT_DAMAGED = 206  # EXIT_INIT_FAILURE of BOINC
WRONG_COMMAND_LINE = 2


def main() -> int:
    """Run the program, and explain a failure by damage where there is some."""
    if sys.platform == "win32":
        hear(Path())
    from axiom_manifest import FILES  # type: ignore[import-not-found]  # build.spec writes it into the program

    return explained(_worker, lambda: mend(Path(sys._MEIPASS), FILES))  # type: ignore[attr-defined]


def hear(slot: Path) -> None:
    """Let what is said here be read: on Windows the client opens no stderr.txt for the program.

    Not by wrapper, which loads a library that may be damaged itself.
    """
    if (slot / "init_data.xml").exists():
        with contextlib.suppress(OSError):
            file = slot / "stderr.txt"
            sys.stderr = patiently(lambda: file.open("a", encoding="utf-8", errors="backslashreplace", buffering=1))


def _worker() -> int:
    # Imported only here: a damaged library is found out by this very line.
    from client.cli import main as worker

    return worker()


def explained(program: Callable[[], int], mend: Callable[[], str | None]) -> int:
    """The program's exit code, or, if it failed and `mend` found damage, 206 with its sentence on stderr."""
    try:
        code = program()
        failed = code not in (0, WRONG_COMMAND_LINE)
    except Exception:
        sentence = mend()
        if sentence is None:
            raise
    else:
        sentence = mend() if failed else None
    if sentence is None:
        return code
    print(sentence, file=sys.stderr)
    return EXIT_DAMAGED


def mend(folder: Path, files: Mapping[str, tuple[int, str]]) -> str | None:
    """Remove every file below `folder` that is not what the manifest says; a sentence about it, or None if all are."""
    bad = [name for name, (size, digest) in files.items() if not _intact(folder / name, size, digest)]
    if not bad:
        return None
    kept = [name for name in bad if not _removed(folder / name)]
    what = f"{bad[0]} of {folder.name} is damaged or missing" + (f", and {len(bad) - 1} more" if bad[1:] else "")
    if kept:
        return f"{what}; {kept[0]} cannot be removed: reset the project, so that BOINC fetches it again."
    return f"{what}; what was damaged is removed, and BOINC fetches it again."


def _intact(path: Path, size: int, digest: str) -> bool:
    try:
        if path.is_symlink() or path.stat().st_size != size:
            return False
        return patiently(lambda: _digest(path)) == digest
    except OSError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _removed(path: Path) -> bool:
    try:
        patiently(lambda: path.unlink(missing_ok=True))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
