"""Builds kernels/engine/exact/_exact, the exact engine's shared library, for whoever installs from source.

The rest is in pyproject.toml; what is compiled how stands in packaging/engine.py, which builds what ships.

One source, compiled once per instruction set, linked into one library that does not depend on a version of Python: with
the compiler at hand, gcc or clang, or on Windows, which has neither, with ziglang, as it ships. AXIOM_WERROR=1 turns
warnings into errors, and AXIOM_SANITIZE=1 builds for AddressSanitizer and UndefinedBehaviorSanitizer.
"""

import os
import platform
import runpy
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ENGINE = runpy.run_path(str(Path("packaging", "engine.py")))
FOLDER: Path = ENGINE["FOLDER"]
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]


def processor() -> str:
    """The target's name as the variants' table has it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


class BuildExact(build_ext):
    """Compiles exact.c once per variant, and links a plain shared library instead of a Python module."""

    def get_ext_filename(self, fullname: str) -> str:
        """No version of Python in the name."""
        return str(Path(*fullname.split("."))) + SUFFIX

    def build_extension(self, ext: Extension) -> None:
        """Objects go to one folder per variant."""
        if sys.platform == "win32":
            if self.plat_name != "win-amd64":
                raise SystemExit(f"the exact engine is not built for {self.plat_name}; take a Python for win-amd64")
            ENGINE["build"]("windows_x86_64", Path(self.get_ext_fullpath(ext.name)).parent)
            return
        sanitizers = SANITIZERS if os.environ.get("AXIOM_SANITIZE") else []
        flags = [*ENGINE["FLAGS"], *(ENGINE["WARNINGS"] if os.environ.get("AXIOM_WERROR") else ()), *sanitizers]
        objects = []
        for variant, machine in ENGINE["VARIANTS"].get(processor(), {"scalar": []}).items():
            objects += self.compiler.compile(
                [str(FOLDER / "exact.c")],
                output_dir=str(Path(self.build_temp, variant)),
                macros=[(f"VARIANT_{variant.upper()}", None)],
                extra_preargs=flags + machine,
                depends=ext.depends,
            )
        common = [str(FOLDER / name) for name in ENGINE["SOURCES"]]
        objects += self.compiler.compile(common, output_dir=self.build_temp, extra_preargs=flags, depends=ext.depends)
        self.compiler.link_shared_object(
            objects,
            self.get_ext_fullpath(ext.name),
            libraries=["m"],
            extra_postargs=sanitizers,
            build_temp=self.build_temp,
        )


class AnyPython(bdist_wheel):
    """The library belongs to a platform, but to no version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        """py3-none-<platform>."""
        return "py3", "none", super().get_tag()[2]


C = [str(FOLDER / name) for name in ("exact.c", *ENGINE["SOURCES"])]
HEADERS = [str(FOLDER / name) for name in ENGINE["HEADERS"]]
setup(
    ext_modules=[Extension("kernels.engine.exact._exact", C, depends=HEADERS)],
    cmdclass={"build_ext": BuildExact, "bdist_wheel": AnyPython},
)
