"""Which plan class takes which build, on which platforms; the conditions are in server/plan_class_spec.xml.

BOINC's conditions leave no choice but a class for each system. A minimum of glibc turns away every host that reports
none: Windows, macOS. A processor feature turns away every ARM, and AVX2 every Mac: the client there reports only the
features of machdep.cpu.features, and that one is among those of leaf 7. So Macs are chosen by their system instead.

The multi-core classes share all files with the plain ones: physical names may serve several versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SPEC = Path(__file__).with_name("server") / "plan_class_spec.xml"

# Results of torch are near each other, not equal, so they need an application with another validator.
APPLICATIONS = {"cpu": "axiom", "cputorch": "axiom_torch", "nvtorch": "axiom_torch"}

# The client asks for the GPU's own software, or a virtual machine, when it finds one of these in a class's name.
MISREAD = ("cuda", "opencl", "ati", "vbox", "docker", "wsl")


@dataclass(frozen=True)
class PlanClass:
    """One plan class: the flavour of the build behind it, and the platforms that it is made for."""

    flavour: str
    platforms: tuple[str, ...]
    multicore: bool = False

    @property
    def application(self) -> str:
        """The BOINC application that its versions belong to."""
        return APPLICATIONS[self.flavour]


_LINUX, _ARM, _WINDOWS = ("x86_64-pc-linux-gnu",), ("aarch64-unknown-linux-gnu",), ("windows_x86_64",)
_MAC = ("x86_64-apple-darwin", "arm64-apple-darwin")

CLASSES = {
    "cpu": PlanClass("cpu", _LINUX),
    "cpumt": PlanClass("cpu", _LINUX, multicore=True),
    "cpuarm": PlanClass("cpu", _ARM),
    "cpuarmmt": PlanClass("cpu", _ARM, multicore=True),
    "cpuwin": PlanClass("cpu", _WINDOWS),
    "cpuwinmt": PlanClass("cpu", _WINDOWS, multicore=True),
    "cpumac": PlanClass("cpu", _MAC),
    "cpumacmt": PlanClass("cpu", _MAC, multicore=True),
    "cputorch": PlanClass("cputorch", _LINUX),
    "cputorchwin": PlanClass("cputorch", _WINDOWS),
    "nvtorch": PlanClass("nvtorch", _LINUX),
    "nvtorchwin": PlanClass("nvtorch", _WINDOWS),
}


def of_build(platform: str, flavour: str) -> list[str]:
    """The plan classes that a build serves: the plain one first, then the multi-core one where there is any."""
    classes = [name for name, row in CLASSES.items() if row.flavour == flavour and platform in row.platforms]
    return sorted(classes, key=lambda name: CLASSES[name].multicore)


def promised_glibc(classes: Sequence[str]) -> tuple[int, int] | None:
    """The oldest glibc, as (major, minor), of a host that one of the classes sends to; None if they ask for none."""
    conditions = [
        row.findtext("min_libc_version", "")
        for row in ElementTree.parse(SPEC).iter("plan_class")
        if row.findtext("name") in classes
    ]
    return divmod(min(map(int, conditions)), 100) if all(conditions) and conditions else None
