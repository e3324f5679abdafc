"""What the client tells a program at its start: the file init_data.xml of the slot.

The file is searched tag by tag, not parsed: it holds raw project preferences and need not be well-formed XML. Blocks
that can hold foreign tags of the same names are cut out first. The authenticator, a secret, is never looked at.
"""

import dataclasses
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MAX_BYTES: Final = 1 << 20  # real files have a few tens of kilobytes
FOREIGN_BLOCKS: Final = ("project_preferences", "global_preferences", "host_info", "proxy_info")
SHARED_FILE_KEY: Final = -1  # the value of shm_key that means: the mapped file boinc_mmap_file


def _number(default: float, low: float = 0.0, high: float = math.inf) -> Any:
    """A number that counts only if it lies in [low, high]; else it is the default."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class InitData:
    """The fields of init_data.xml, each under the name of its tag; a missing or unreadable one has its default.

    Times in seconds, sizes in bytes. Texts are as in the file; bytes that are no UTF-8 come as surrogate escapes.
    """

    major_version: int = _number(0)  # of the client, with the next two
    minor_version: int = _number(0)
    release: int = _number(0)
    app_version: int = _number(0)
    userid: int = _number(0)
    teamid: int = _number(0)
    hostid: int = _number(0)
    app_name: str = ""
    plan_class: str = ""
    wu_name: str = ""
    result_name: str = ""
    project_dir: Path = Path()
    boinc_dir: Path = Path()
    slot: int = _number(0)
    client_pid: int = _number(0, high=2**31 - 1)  # 0: unknown, the client lives as long as its heartbeats come
    shm_key: int = _number(0, low=-(2**31), high=2**31 - 1)  # Linux and macOS
    comm_obj_name: str = ""  # Windows: the name of the shared memory
    using_sandbox: bool = False
    wu_cpu_time: float = _number(0.0)  # CPU time of earlier runs, up to the last checkpoint
    starting_elapsed_time: float = _number(0.0)
    checkpoint_period: float = _number(0.0)  # 0: not set
    fraction_done_start: float = _number(0.0, high=1.0)
    fraction_done_end: float = _number(1.0, high=1.0)
    gpu_type: str = ""  # "NVIDIA", "ATI", "intel_gpu", "apple_gpu"; empty for a CPU task
    gpu_device_num: int = _number(-1, low=-1)  # the client's device number, not a list index
    gpu_opencl_dev_index: int = _number(-1, low=-1)
    gpu_usage: float = _number(0.0)  # GPUs used; may be a part of one
    ncpus: float = _number(1.0)
    rsc_fpops_est: float = _number(0.0)  # 0, as in the next three: not told
    rsc_fpops_bound: float = _number(0.0)
    rsc_memory_bound: float = _number(0.0)
    rsc_disk_bound: float = _number(0.0)
    computation_deadline: float = _number(0.0)  # Unix time; 0: not told


def read(path: Path) -> InitData:
    """InitData from a file. Raises OSError, and ValueError as `parse` does or for a folder."""
    if path.is_dir():  # Windows would call it a lack of permissions
        raise ValueError("init_data.xml is a folder; the client must write a file")
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
    found: dict[str, Any] = {field.name: _value(text, field) for field in dataclasses.fields(InitData)}
    if found["fraction_done_end"] <= found["fraction_done_start"]:
        found["fraction_done_start"], found["fraction_done_end"] = 0.0, 1.0
    return InitData(**found)


def _without(text: str, block: str) -> str:
    """Cut from the first opening tag to the last closing one: preferences may hold the closing tag as text."""
    opening, closing = text.find(f"<{block}>"), text.rfind(f"</{block}>")
    return text if opening < 0 or closing < opening else text[:opening] + text[closing:]


def _value(text: str, field: "dataclasses.Field[Any]") -> object:
    match = re.search(f"<{field.name}>([^<\0]*)</{field.name}>", text)
    word = match.group(1).strip() if match else ""
    if field.type is str:
        return word
    if field.type is Path:
        return Path(word)
    if field.type is bool:
        return _finite(word) not in (None, 0.0) or f"<{field.name}/>" in text
    number = _finite(word)
    if number is None or not field.metadata["low"] <= number <= field.metadata["high"]:
        return field.default
    return int(number) if field.type is int else number


def _finite(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
