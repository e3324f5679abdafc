"""What the loopback project offers and gets back: app versions, work units, reports. Plain records, no behaviour."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class AppFile:
    """One file of an app version. `source` is its content, or the path of a file that holds it.

    The client keeps a physical name for ever, so other content needs another name; it makes the folders of a name with
    slashes. `open_name` is the logical name under which the main program finds the file in its slot; the main program
    itself needs none. `signature` replaces the signature that the project would make. With `gzip` the file travels
    compressed, and the client unpacks it.
    """

    name: str
    source: bytes | Path
    main_program: bool = False
    executable: bool = False
    open_name: str | None = None
    copy_file: bool = False
    signature: str | None = None
    gzip: bool = False

    def content(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()


@dataclass(frozen=True)
class AppVersion:
    """One signed version of one application."""

    app_name: str
    files: tuple[AppFile, ...]
    version_num: int = 100
    # From 6.0 on the client talks through boinc_mmap_file, from 7.5 on it appends no --device.
    api_version: str = "7.24.0"
    command_line: str = ""
    avg_ncpus: float = 1.0
    # The client looks for "opencl", "cuda" and "ati" inside a class name and asks for their drivers then.
    plan_class: str = ""
    # How many NVIDIA GPUs each task gets; with any, the client takes it for a GPU task.
    nvidia_gpus: float = 0.0
    # The client takes its time limit (rsc_fpops_bound / flops) and its estimates from this speed.
    flops: float = 1e9


@dataclass(frozen=True)
class InputFile:
    """One input: the main program sees `content` behind the soft link `open_name`."""

    open_name: str
    content: bytes
    copy_file: bool = False


@dataclass(frozen=True)
class WorkUnit:
    """One work unit with one output file. The bounds are large, so that no test meets them unasked."""

    name: str
    inputs: tuple[InputFile, ...]
    output_open_name: str
    max_nbytes: int = 10_000_000
    command_line: str = ""
    rsc_fpops_est: float = 60e9
    rsc_fpops_bound: float = 1e15
    rsc_memory_bound: float = 5e8
    rsc_disk_bound: float = 1e9
    delay_bound: float = 86400.0

    @property
    def result_name(self) -> str:
        """The name of its only result, which the client shows as the name of the task."""
        return f"{self.name}_0"

    def input_name(self, index: int) -> str:
        """The physical name of an input; it contains the work unit's, so two work units never share one."""
        return f"{self.name}_in_{index}"

    @property
    def upload_name(self) -> str:
        """The physical name under which the output arrives."""
        return f"{self.name}_0_r0_0"


@dataclass(frozen=True)
class Report:
    """What the client said about one finished result."""

    name: str
    exit_status: int
    # RESULT_FILES_UPLOADED is 5, RESULT_COMPUTE_ERROR is 3, RESULT_ABORTED is 6.
    state: int
    final_cpu_time: float
    final_elapsed_time: float
    app_version_num: int
    # The whole text that the client sends as stderr_out: its own messages, then the program's stderr.txt.
    stderr: str
    # Upload name -> size as the client states it.
    files: dict[str, int] = field(default_factory=dict)
