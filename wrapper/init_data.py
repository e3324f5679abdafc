"""What the client tells a program at its start: the file init_data.xml of the slot.

The file is searched tag by tag, not parsed: it holds raw project preferences and need not be well-formed XML. Blocks
that can hold foreign tags of the same names are cut out first. The authenticator, a secret, is never looked at.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 1 << 20  # real files have a few tens of kilobytes
FOREIGN_BLOCKS: Final = ("project_preferences", "global_preferences", "host_info", "proxy_info")
MAX_PID: Final = 2**31 - 1
SHARED_FILE_KEY: Final = -1  # the value of shm_key that means: the mapped file boinc_mmap_file


@dataclass(frozen=True)
class InitData:
    """The fields of init_data.xml in use; the default is what a missing or unreadable field gives.

    Times in seconds, sizes in bytes. Texts are as in the file; bytes that are no UTF-8 come as surrogate escapes.
    """

    app_name: str = ""
    wu_name: str = ""
    result_name: str = ""
    project_dir: Path = Path()
    boinc_dir: Path = Path()
    slot: int = 0
    client_pid: int = 0  # 0: unknown, the client lives as long as its heartbeats come
    shm_key: int = 0
    using_sandbox: bool = False
    wu_cpu_time: float = 0.0  # CPU time of earlier runs, up to the last checkpoint
    starting_elapsed_time: float = 0.0
    checkpoint_period: float = 0.0  # 0: not set
    fraction_done_start: float = 0.0
    fraction_done_end: float = 1.0
    gpu_type: str = ""  # "NVIDIA", "ATI", "intel_gpu", "apple_gpu"; empty for a CPU task
    gpu_device_num: int = -1  # the client's device number, not a list index
    ncpus: float = 1.0
    rsc_memory_bound: float = 0.0  # 0: not told
    rsc_disk_bound: float = 0.0  # 0: not told


def read(path: Path) -> InitData:
    """InitData from a file. Raises OSError, and ValueError as `parse` does."""
    with path.open("rb") as file:
        return parse(file.read(MAX_BYTES + 1))


def parse(content: bytes) -> InitData:
    """InitData from the bytes of init_data.xml.

    Raises ValueError if there are more than 1 MiB or no complete `<app_init_data>` (a foreign or a torn file).
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"init_data.xml has more than {MAX_BYTES} bytes; the client must write it again")
    text = content.decode("utf-8", "surrogateescape")
    if "<app_init_data>" not in text or "</app_init_data>" not in text:
        raise ValueError("init_data.xml has no complete <app_init_data>; the client must write it again")
    for block in FOREIGN_BLOCKS:
        text = _without(text, block)
    start = _number(text, "fraction_done_start", 0.0, 0.0, 1.0)
    end = _number(text, "fraction_done_end", 1.0, 0.0, 1.0)
    if end <= start:
        start, end = 0.0, 1.0
    return InitData(
        app_name=_text(text, "app_name"),
        wu_name=_text(text, "wu_name"),
        result_name=_text(text, "result_name"),
        project_dir=Path(_text(text, "project_dir")),
        boinc_dir=Path(_text(text, "boinc_dir")),
        slot=int(_number(text, "slot", 0)),
        client_pid=int(_number(text, "client_pid", 0, 0, MAX_PID)),
        shm_key=int(_number(text, "shm_key", 0, -math.inf)),
        using_sandbox=_number(text, "using_sandbox", 0) != 0 or "<using_sandbox/>" in text,
        wu_cpu_time=_number(text, "wu_cpu_time", 0.0),
        starting_elapsed_time=_number(text, "starting_elapsed_time", 0.0),
        checkpoint_period=_number(text, "checkpoint_period", 0.0),
        fraction_done_start=start,
        fraction_done_end=end,
        gpu_type=_text(text, "gpu_type"),
        gpu_device_num=int(_number(text, "gpu_device_num", -1, -1)),
        ncpus=_number(text, "ncpus", 1.0),
        rsc_memory_bound=_number(text, "rsc_memory_bound", 0.0),
        rsc_disk_bound=_number(text, "rsc_disk_bound", 0.0),
    )


def _without(text: str, block: str) -> str:
    """Cut from the first opening tag to the last closing one: preferences may hold the closing tag as text."""
    opening, closing = text.find(f"<{block}>"), text.rfind(f"</{block}>")
    return text if opening < 0 or closing < opening else text[:opening] + text[closing:]


def _text(text: str, tag: str) -> str:
    found = re.search(f"<{tag}>([^<\0]*)</{tag}>", text)
    return found.group(1).strip() if found else ""


def _number(text: str, tag: str, default: float, low: float = 0.0, high: float = math.inf) -> float:
    """The finite number in a tag if it lies in [low, high], else the default."""
    try:
        number = float(_text(text, tag))
    except ValueError:
        return default
    return number if math.isfinite(number) and low <= number <= high else default
