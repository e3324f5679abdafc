"""BOINC's pseudo-XML, both ways: find tags in what the client sends, write what the scheduler answers.

What arrives is not reliably XML, so tags are found by searching text, in time linear in its length. What is sent is
XML with one peculiarity: keys and signatures must start at the first column, hence no indentation there.
"""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5
from html import unescape
from math import isfinite
from xml.sax.saxutils import escape

from tests.boinc.work import AppFile, AppVersion, InputFile, Report, WorkUnit


def blocks(text: str, tag: str) -> Iterator[str]:
    """What stands between each `<tag>` and the next `</tag>`."""
    start, end = f"<{tag}>", f"</{tag}>"
    at = 0
    while (at := text.find(start, at)) >= 0:
        at += len(start)
        stop = text.find(end, at)
        if stop < 0:
            return
        yield text[at:stop]
        at = stop + len(end)


def value(text: str, tag: str) -> str:
    """The first value of `tag`, stripped and unescaped; empty when there is none."""
    return unescape(next(blocks(text, tag), "")).strip()


def number(text: str, tag: str) -> float:
    """The first value of `tag` as a finite number; 0 when it is none."""
    try:
        found = float(value(text, tag))
    except ValueError:
        return 0.0
    return found if isfinite(found) else 0.0


@dataclass(frozen=True)
class SchedulerRequest:
    authenticator: str
    hostid: int
    platform: str
    wants_work: bool
    has_code_sign_key: bool
    reports: tuple[Report, ...] = field(default=())
    # Messages of running tasks: the name of the result, and the XML around and inside the program's own text.
    trickles: tuple[tuple[str, str], ...] = field(default=())


def parse_request(text: str) -> SchedulerRequest:
    """Read a scheduler request; whatever is missing or absurd reads as empty or 0."""
    text, quoted = _cut_cdata(text)
    return SchedulerRequest(
        authenticator=value(text, "authenticator"),
        hostid=int(number(text, "hostid")),
        platform=value(text, "platform_name"),
        # Any of the three means "give me something"; how much is the server's business.
        wants_work=any(number(text, tag) > 0 for tag in ("work_req_seconds", "cpu_req_secs", "cpu_req_instances")),
        has_code_sign_key=bool(value(text, "code_sign_key")),
        reports=tuple(_parse_report(block, quoted) for block in blocks(text, "result")),
        trickles=tuple((value(block, "result_name"), block) for block in blocks(text, "msg_from_host")),
    )


def _parse_report(block: str, quoted: list[str]) -> Report:
    stderr = value(block, "stderr_out")
    for index, original in enumerate(quoted):
        stderr = stderr.replace(_mark(index), original)
    infos = list(blocks(block, "file_info"))
    return Report(
        name=value(block, "name"),
        exit_status=int(number(block, "exit_status")),
        state=int(number(block, "state")),
        final_cpu_time=number(block, "final_cpu_time"),
        final_elapsed_time=number(block, "final_elapsed_time"),
        app_version_num=int(number(block, "app_version_num")),
        stderr=stderr,
        files={value(info, "name"): int(number(info, "nbytes")) for info in infos},
    )


def _cut_cdata(text: str) -> tuple[str, list[str]]:
    """Replace CDATA sections by marks: a program's stderr may hold any tag, and must not be read as one."""
    pieces: list[str] = []
    quoted: list[str] = []
    at = 0
    while (start := text.find("<![CDATA[", at)) >= 0 and (end := text.find("]]>", start)) >= 0:
        pieces += [text[at:start], _mark(len(quoted))]
        quoted.append(text[start + len("<![CDATA[") : end])
        at = end + len("]]>")
    return "".join([*pieces, text[at:]]), quoted


def _mark(index: int) -> str:
    return f"\x00cdata {index}\x00"


@dataclass(frozen=True)
class Project:
    """The addresses and names that every reply repeats."""

    url: str
    name: str
    request_delay: float

    @property
    def scheduler(self) -> str:
        return f"{self.url}cgi"

    @property
    def upload(self) -> str:
        return f"{self.url}file_upload_handler"

    def download(self, name: str) -> str:
        return f"{self.url}download/{name}"


def reply(project: Project, parts: Iterable[str]) -> str:
    return f"""<scheduler_reply>
<scheduler_version>720</scheduler_version>
<master_url>{escape(project.url)}</master_url>
<project_name>{escape(project.name)}</project_name>
<user_name>tester</user_name>
<userid>1</userid>
<request_delay>{project.request_delay}</request_delay>
{"".join(parts)}</scheduler_reply>
"""


def message(text: str) -> str:
    return f'<message priority="high">{escape(text)}</message>\n'


def hostid(number: int) -> str:
    return f"<hostid>{number}</hostid>\n"


def code_sign_key(key_text: str) -> str:
    return f"<code_sign_key>\n{key_text}</code_sign_key>\n"


def result_ack(name: str) -> str:
    return f"<result_ack>\n    <name>{escape(name)}</name>\n</result_ack>\n"


def trickles_ack() -> str:
    """Without it the client sends the same messages again."""
    return "<message_ack/>\n"


def app_version(project: Project, version: AppVersion, platform: str, signatures: dict[str, str]) -> str:
    """The application, its files with their signatures, and the version that ties them together."""
    infos = "".join(_app_file_info(project, file, signatures[file.name]) for file in version.files)
    refs = "".join(_app_file_ref(file) for file in version.files)
    name = escape(version.app_name)
    gpus = f"<coproc><type>NVIDIA</type><count>{version.nvidia_gpus}</count></coproc>" if version.nvidia_gpus else ""
    return f"""<app>
    <name>{name}</name>
    <user_friendly_name>{name}</user_friendly_name>
</app>
{infos}<app_version>
    <app_name>{name}</app_name>
    <version_num>{version.version_num}</version_num>
    <platform>{escape(platform)}</platform>
    <plan_class>{escape(version.plan_class)}</plan_class>
    <api_version>{escape(version.api_version)}</api_version>
    <avg_ncpus>{version.avg_ncpus}</avg_ncpus>
    <flops>{version.flops}</flops>
    <cmdline>{escape(version.command_line)}</cmdline>
    {gpus}
{refs}</app_version>
"""


def _app_file_info(project: Project, file: AppFile, signature: str) -> str:
    executable = "    <executable/>\n" if file.executable or file.main_program else ""
    return f"""<file_info>
    <name>{escape(file.name)}</name>
    <url>{escape(project.download(file.name))}</url>
{executable}    <nbytes>{len(file.content())}</nbytes>
{_gzipped(project, file) if file.gzip else ""}    <file_signature>
{signature}    </file_signature>
</file_info>
"""


@cache
def compressed(file: AppFile) -> tuple[str, bytes]:
    """The name and the content of a file as it travels; quickly, for a frozen program has tens of megabytes."""
    return f"{file.name}.gz", gzip.compress(file.content(), compresslevel=1, mtime=0)


def _gzipped(project: Project, file: AppFile) -> str:
    name, content = compressed(file)
    url = escape(project.download(name))
    return f"    <gzipped_url>{url}</gzipped_url>\n    <gzipped_nbytes>{len(content)}</gzipped_nbytes>\n"


def _app_file_ref(file: AppFile) -> str:
    tags = [f"<file_name>{escape(file.name)}</file_name>"]
    tags += [f"<open_name>{escape(file.open_name)}</open_name>"] if file.open_name else []
    tags += ["<main_program/>"] if file.main_program else []
    tags += ["<copy_file/>"] if file.copy_file else []
    return f"    <file_ref>{''.join(tags)}</file_ref>\n"


def job(project: Project, unit: WorkUnit, version: AppVersion, platform: str, deadline: int) -> str:
    """A work unit with its input files, and the one result that the client is to compute."""
    infos = "".join(_input_info(project, unit, index, file) for index, file in enumerate(unit.inputs))
    refs = "".join(_input_ref(unit, index, file) for index, file in enumerate(unit.inputs))
    return f"""{infos}<workunit>
    <name>{escape(unit.name)}</name>
    <app_name>{escape(version.app_name)}</app_name>
    <rsc_fpops_est>{unit.rsc_fpops_est}</rsc_fpops_est>
    <rsc_fpops_bound>{unit.rsc_fpops_bound}</rsc_fpops_bound>
    <rsc_memory_bound>{unit.rsc_memory_bound}</rsc_memory_bound>
    <rsc_disk_bound>{unit.rsc_disk_bound}</rsc_disk_bound>
    <command_line>{escape(unit.command_line)}</command_line>
{refs}</workunit>
<file_info>
    <name>{escape(unit.upload_name)}</name>
    <generated_locally/>
    <upload_when_present/>
    <max_nbytes>{unit.max_nbytes}</max_nbytes>
    <url>{escape(project.upload)}</url>
</file_info>
<result>
    <name>{escape(unit.result_name)}</name>
    <wu_name>{escape(unit.name)}</wu_name>
    <report_deadline>{deadline}</report_deadline>
    <platform>{escape(platform)}</platform>
    <version_num>{version.version_num}</version_num>
    <plan_class>{escape(version.plan_class)}</plan_class>
    <file_ref>
        <file_name>{escape(unit.upload_name)}</file_name>
        <open_name>{escape(unit.output_open_name)}</open_name>
    </file_ref>
    <report_immediately/>
</result>
"""


def _input_info(project: Project, unit: WorkUnit, index: int, file: InputFile) -> str:
    name = unit.input_name(index)
    return f"""<file_info>
    <name>{escape(name)}</name>
    <url>{escape(project.download(name))}</url>
    <md5_cksum>{md5(file.content, usedforsecurity=False).hexdigest()}</md5_cksum>
    <nbytes>{len(file.content)}</nbytes>
</file_info>
"""


def _input_ref(unit: WorkUnit, index: int, file: InputFile) -> str:
    copy = "<copy_file/>" if file.copy_file else ""
    name, open_name = escape(unit.input_name(index)), escape(file.open_name)
    return f"    <file_ref><file_name>{name}</file_name><open_name>{open_name}</open_name>{copy}</file_ref>\n"
