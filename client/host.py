"""What this computer is: the facts that a result carries, and the cache size that block widths follow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kernels import limits

_CACHE_DEFAULT = 1024 * 1024  # bytes; where the system does not tell


def processor() -> str:
    """The processor's name in printable ASCII, never empty."""
    name = os.environ.get("PROCESSOR_IDENTIFIER") or machine()  # the former on Windows
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # no such file outside Linux
    return printable(name)


def printable(name: str) -> str:
    """The name cut and cleaned to what a result may carry."""
    return "".join(c for c in name if " " <= c <= "~")[: limits.NAME_BYTES].strip() or "unknown"


def system() -> str:
    """Operating system and machine, as "linux-x86_64"."""
    return f"{sys.platform}-{machine()}".lower()


def machine() -> str:
    """The kind of processor, as "x86_64". Not by the library's platform, which starts other programs to ask."""
    if sys.platform == "win32":
        return os.environ.get("PROCESSOR_ARCHITECTURE") or "unknown"
    return os.uname().machine


def cache_bytes() -> int:
    """The second-level cache of one core in bytes; a block of networks is made to fit it."""
    try:
        return os.sysconf("SC_LEVEL2_CACHE_SIZE") or _CACHE_DEFAULT
    except (ValueError, OSError, AttributeError):  # unknown name, or no sysconf at all
        return _CACHE_DEFAULT
