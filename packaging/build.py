"""Builds an application version: the tree that BOINC's update_versions takes, from this checkout, the same bytes again.

    python packaging/build.py --flavour cpu --out dist

needs the extra `release` in this Python and, on Linux, binutils. What goes into the tree is numpy and the rest as they
are installed in this Python: for a release that of CI, with an old glibc. A tree that needs a newer one than the plan
classes promise is refused, unless --min-glibc says that it is wanted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import runpy
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import engine
import freezer
import layout
import licences
import manifest
import plan_classes
import version_xml
from launcher import archive, making
from linux import glibc

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "frozen"


class BuildFailed(RuntimeError):
    """A program that the build calls ended badly; the message says which."""


REFUSED = (
    *(BuildFailed, engine.EngineNotBuilt, freezer.NoFreezer, glibc.GlibcTooNew, layout.LayoutError),
    licences.LicenceMissing,
    manifest.BundleChanged,
)


def build(
    flavour: str,
    platform: str,
    out: Path,
    records: Path,
    new_bundle: bool = False,
    min_glibc: glibc.Version | None = None,
) -> Path:
    """Build everything; the tree's folder. On Linux it may need glibc `min_glibc`, or what the plan classes promise."""
    names = layout.Names(_version(), platform, flavour)
    python = freezer.of(platform)
    work = WORK / names.variant
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    record = records / f"{names.variant}.json"
    library = engine.build(platform, work / "engine")
    linked = licences.of_zig({**engine.TARGETS[platform].carries, **making.CARRIES[names.system]})
    (work / "linked.json").write_text(json.dumps(linked), encoding="utf-8")
    _freeze(python, names, library, work, record, new_bundle)
    bundle = manifest.load(work / "build" / "bundle.json")
    assert bundle is not None
    collected = work / "dist" / "collected"
    oldest = _glibc(collected, names, min_glibc) if names.system == "linux" else ""
    tree = out / names.folder
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    shutil.copytree(collected, tree / names.bundle(bundle.number))
    program = names.program(bundle.number)
    making.make(tree, names, program, layout.files(tree), (work / "build" / archive.NAME).read_bytes())
    layout.check(layout.files(tree))
    _set_modes(tree, {names.main, program})
    manifest.store(record, bundle, oldest)  # last: nothing that failed takes a number
    print(weights(tree))
    version_xml.write(tree, names.main)
    return tree


def _version() -> str:
    """BOINC's version of this checkout, read without importing numpy."""
    return layout.boinc_version(runpy.run_path(str(ROOT / "kernels" / "__init__.py"))["__version__"])


def _freeze(
    python: freezer.Freezer, names: layout.Names, library: Path, work: Path, record: Path, new_bundle: bool
) -> None:
    command: list[str | Path] = ["-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", work / "dist", "--workpath", work, ROOT / "build.spec", "--"]
    command += ["--flavour", names.flavour, "--platform", names.platform, "--version", names.version]
    command += ["--engine", library, "--linked", work / "linked.json"]
    command += ["--record", record, *(["--new-bundle"] if new_bundle else [])]
    if python.call(command, ROOT):
        raise BuildFailed("PyInstaller failed; what it said stands above")


def _glibc(bundle: Path, names: layout.Names, given: glibc.Version | None) -> str:
    """The oldest glibc that the bundle runs with; GlibcTooNew if nobody promised that hosts have it."""
    classes = plan_classes.of_build(names.platform, names.flavour)
    promised = plan_classes.promised_glibc(classes)
    if given is not None:
        version = glibc.check(bundle, given, "--min-glibc says")
    elif promised is not None:
        version = glibc.check(bundle, promised, f"plan_class_spec.xml promises for {' and '.join(classes)}")
    else:
        version = glibc.needed(bundle)[0]
    print(f"runs with glibc {glibc.shown(version)} and newer")
    if promised is not None and version > promised:
        print(f"not for {' and '.join(classes)} as they are: plan_class_spec.xml promises {glibc.shown(promised)}")
    return glibc.shown(version)


def _set_modes(tree: Path, executables: set[str]) -> None:
    """As the client sets them, whatever this computer's umask."""
    for path in (tree, *tree.rglob("*")):
        executable = path.is_dir() or path.relative_to(tree).as_posix() in executables
        path.chmod(0o755 if executable else 0o644)


def weights(tree: Path) -> str:
    """What is in the tree and what it weighs, installed and as it is downloaded."""
    installed: dict[str, int] = defaultdict(int)
    packed: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    for name in layout.files(tree):
        data = (tree / name).read_bytes()
        for part in (_part(name), "in all"):
            installed[part] += len(data)
            packed[part] += len(gzip.compress(data, 6, mtime=0))  # gzip's own level: what update_versions calls
            count[part] += 1
    lines = [f"{'':44} files  installed  download"]
    lines += [
        f"{part:44} {count[part]:5}  {installed[part] / 1e6:6.2f} MB  {packed[part] / 1e6:5.2f} MB"
        for part in sorted(count, key=lambda part: (part == "in all", -installed[part]))
    ]
    return "\n".join(lines)


def _part(name: str) -> str:
    """Of which part of the whole a file is: a package, Python's modules, or itself."""
    _, _, inside = name.partition("/")
    if not inside:
        return name
    first, _, rest = inside.partition("/")
    return first + "/" if rest else first


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Builds an application version for this platform.")
    parser.add_argument("--flavour", choices=layout.FLAVOURS, required=True)
    parser.add_argument(
        "--platform",
        choices=list(layout.PLATFORMS.values()),
        help="default: this computer's; on Linux also windows_x86_64, by Wine",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR", help="default: dist")
    parser.add_argument(
        "--records", type=Path, default=manifest.STORED, metavar="DIR", help="of bundles (default: packaging/bundles)"
    )
    parser.add_argument("--new-bundle", action="store_true", help="a changed bundle takes the next number")
    parser.add_argument(
        "--min-glibc",
        type=glibc.parsed,
        metavar="X.Y",
        help="that a Linux tree may need (default: of the plan classes)",
    )
    options = parser.parse_args()
    try:
        tree = build(
            options.flavour,
            options.platform or freezer.here(),
            options.out.resolve(),
            options.records.resolve(),
            options.new_bundle,
            options.min_glibc,
        )
    except REFUSED as error:
        print(error, file=sys.stderr)
        return 1
    print(tree)
    return 0


if __name__ == "__main__":
    sys.exit(main())
