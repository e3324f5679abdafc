"""Builds kernels/engine/exact/_exact, the exact engine's shared library, with the compiler at hand.

The rest is in pyproject.toml.

One source, compiled once per instruction set, linked into one library that does not depend on a version of Python.
With gcc or clang, AXIOM_WERROR=1 turns warnings into errors, and AXIOM_SANITIZE=1 builds for AddressSanitizer and
UndefinedBehaviorSanitizer.
"""

import os
import platform
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ENGINE = Path("kernels", "engine", "exact")
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")

# What may run is found out at run time (dispatch.c); scalar has fmaf as an instruction where the processor has one.
GNU_VARIANTS = {
    "x86_64": {"avx512": ["-mavx512f", "-mavx2", "-mfma"], "avx2": ["-mavx2", "-mfma"], "scalar": ["-mfma"]},
    "aarch64": {"neon": [], "scalar": []},
}
MSVC_VARIANTS = {
    "x86_64": {"avx512": ["/arch:AVX512"], "avx2": ["/arch:AVX2"], "scalar": ["/arch:AVX2"]},
    "aarch64": {"neon": [], "scalar": []},
}
# Nothing is contracted and nothing assumed away: every fused multiply-add is written in the source.
GNU_FLAGS = [
    *("-std=c11", "-O3", "-g0", "-fPIC", "-fvisibility=hidden"),
    *("-fno-fast-math", "-ffp-contract=off", "-fno-math-errno"),  # the last: sqrt is the instruction
]
GNU_WARNINGS = ["-Wall", "-Wextra", "-Werror"]
GNU_SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
MSVC_FLAGS = ["/std:c11", "/O2", "/fp:strict", "/W3"]


def processor() -> str:
    """The target's name as the variants' tables have it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


class BuildExact(build_ext):
    """Compiles exact.c once per variant, and links a plain shared library instead of a Python module."""

    def get_ext_filename(self, fullname: str) -> str:
        """No version of Python in the name."""
        return str(Path(*fullname.split("."))) + SUFFIX

    def build_extension(self, ext: Extension) -> None:
        """Objects go to one folder per variant."""
        msvc = self.compiler.compiler_type == "msvc"
        variants = (MSVC_VARIANTS if msvc else GNU_VARIANTS).get(processor(), {"scalar": []})
        sanitizers = GNU_SANITIZERS if os.environ.get("AXIOM_SANITIZE") and not msvc else []
        warnings = GNU_WARNINGS if os.environ.get("AXIOM_WERROR") and not msvc else []
        flags = MSVC_FLAGS if msvc else GNU_FLAGS + warnings + sanitizers
        objects = []
        for variant, machine in variants.items():
            objects += self.compiler.compile(
                [str(ENGINE / "exact.c")],
                output_dir=str(Path(self.build_temp, variant)),
                macros=[(f"VARIANT_{variant.upper()}", None)],
                extra_preargs=flags + machine,
                depends=ext.depends,
            )
        common = [str(ENGINE / "dispatch.c"), str(ENGINE / "random.c")]
        objects += self.compiler.compile(common, output_dir=self.build_temp, extra_preargs=flags, depends=ext.depends)
        self.compiler.link_shared_object(
            objects,
            self.get_ext_fullpath(ext.name),
            libraries=[] if sys.platform == "win32" else ["m"],
            extra_postargs=sanitizers,
            build_temp=self.build_temp,
        )


class AnyPython(bdist_wheel):
    """The library belongs to a platform, but to no version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        """py3-none-<platform>."""
        return "py3", "none", super().get_tag()[2]


SOURCES = [str(ENGINE / name) for name in ("exact.c", "dispatch.c", "random.c")]
HEADERS = [str(ENGINE / name) for name in ("exact.h", "vec.h", "mathf.h", "automata.h", "philox.h", "fpenv.h")]
setup(
    ext_modules=[Extension("kernels.engine.exact._exact", SOURCES, depends=HEADERS)],
    cmdclass={"build_ext": BuildExact, "bdist_wheel": AnyPython},
)
