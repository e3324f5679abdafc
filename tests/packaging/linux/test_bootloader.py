"""The bootloader that PyInstaller brings is the one that is known here, and only the name in it changes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from linux import bootloader


def test_only_the_name_changes() -> None:
    executable = b"before\0PyUnicode_FromString\0after PyUnicode_FromString"
    mended = bootloader.mended(executable)
    assert mended == b"before\0PyBytes_FromString\0\0\0after PyUnicode_FromString"
    assert len(mended) == len(executable)


@pytest.mark.parametrize("executable", [b"", bootloader.BYTES, bootloader.STRICT * 2])
def test_another_bootloader_is_refused(executable: bytes) -> None:
    with pytest.raises(bootloader.BootloaderChanged, match=r"packaging/linux/bootloader\.py"):
        bootloader.mended(executable)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's bootloader is mended")
def test_the_installed_one_is_known() -> None:
    package = pytest.importorskip("PyInstaller")
    (folder,) = Path(package.__file__).parent.glob("bootloader/Linux-64bit-*")
    bootloader.mended((folder / "run").read_bytes())
