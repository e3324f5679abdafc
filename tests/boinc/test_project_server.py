"""The project alone, without a client: it takes nothing on trust and answers on whatever it was sent before."""

import http.client
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.boinc import wire
from tests.boinc.project_server import ProjectServer
from tests.boinc.work import AppFile, AppVersion, InputFile, WorkUnit

PROGRAM = AppFile("copy_100", b"#!/bin/sh\n", main_program=True)
UNIT = WorkUnit("first", (InputFile("in.txt", b"0123456789"),), "out.txt", max_nbytes=100)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectServer]:
    with ProjectServer(AppVersion("copy", (PROGRAM,)), tmp_path) as project:
        project.add_work(UNIT)
        yield project


def ask(
    project: ProjectServer, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(project.url).netloc, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def schedule(project: ProjectServer, rest: str) -> str:
    text = f"<authenticator>{project.account_key}</authenticator><platform_name>x86_64-pc-linux-gnu</platform_name>"
    status, answer = ask(project, "POST", "/loopback/cgi", f"<scheduler_request>{text}{rest}".encode())
    assert status == 200
    return answer


def upload(project: ProjectServer, name: str, data: bytes, *, whole: bytes, offset: int = 0) -> str:
    digest = md5(whole, usedforsecurity=False).hexdigest()
    header = f"<file_info><name>{name}</name><nbytes>1</nbytes></file_info>"
    facts = f"<nbytes>{len(whole)}</nbytes><md5_cksum>{digest}</md5_cksum><offset>{offset}</offset><data>\n"
    body = (header + facts).encode() + data
    return wire.value(ask(project, "POST", "/loopback/file_upload_handler", body)[1], "status")


def test_work_is_handed_out_once_and_only_on_demand(project: ProjectServer) -> None:
    assert "<workunit>" not in schedule(project, "<cpu_req_secs>0</cpu_req_secs>")
    answer = schedule(project, "<cpu_req_secs>1</cpu_req_secs>")
    assert wire.value(answer, "wu_name") == "first"
    assert wire.value(answer, "hostid") == "1"
    assert "<workunit>" not in schedule(project, "<cpu_req_secs>1</cpu_req_secs>")


def test_a_gpu_version_names_its_class_and_its_gpus(tmp_path: Path) -> None:
    with ProjectServer(AppVersion("copy", (PROGRAM,), plan_class="gpus", nvidia_gpus=0.5), tmp_path) as project:
        project.add_work(UNIT)
        answer = schedule(project, "<cpu_req_secs>1</cpu_req_secs>")
        for part in ("app_version", "result"):
            assert wire.value(next(wire.blocks(answer, part)), "plan_class") == "gpus"
        coproc = next(wire.blocks(answer, "coproc"))
        assert (wire.value(coproc, "type"), wire.number(coproc, "count")) == ("NVIDIA", 0.5)


def test_a_foreign_account_gets_no_work(project: ProjectServer) -> None:
    body = b"<authenticator>foreign</authenticator><cpu_req_secs>1</cpu_req_secs>"
    assert "<workunit>" not in ask(project, "POST", "/loopback/cgi", body)[1]


def test_a_report_is_read_acknowledged_and_kept_once(project: ProjectServer) -> None:
    stderr = "<stderr_txt>\n</result><exit_status>5</exit_status> & so on\n</stderr_txt>"
    block = (
        "<result><name>first_0</name><final_cpu_time>1.5</final_cpu_time><exit_status>-131</exit_status>"
        f"<state>3</state><stderr_out><![CDATA[{stderr}]]></stderr_out>"
        "<file_info><name>first_0_r0_0</name><nbytes>12</nbytes></file_info></result>"
    )
    for _ in range(2):
        answer = schedule(project, block)
        assert wire.value(next(wire.blocks(answer, "result_ack")), "name") == "first_0"
    (report,) = project.reports
    assert (report.exit_status, report.state, report.final_cpu_time) == (-131, 3, 1.5)
    assert report.stderr == stderr
    assert report.files == {"first_0_r0_0": 12}


def test_uploads_come_whole_or_in_pieces(project: ProjectServer) -> None:
    assert upload(project, "first_0_r0_0", b"abc", whole=b"abcdef") == "1"
    size = ask(project, "POST", "/loopback/file_upload_handler", b"<get_file_size>first_0_r0_0</get_file_size>")[1]
    assert wire.value(size, "file_size") == "3"
    assert upload(project, "first_0_r0_0", b"ef", whole=b"abcdef", offset=4) == "1"
    assert upload(project, "first_0_r0_0", b"def", whole=b"abcdef", offset=3) == "0"
    path = project.uploads.path("first_0_r0_0")
    assert path is not None
    assert path.read_bytes() == b"abcdef"


@pytest.mark.parametrize(
    ("name", "data", "whole", "status"),
    [
        ("first_0_r0_0", b"abX", b"abc", "1"),
        ("first_0_r0_0", b"abcd", b"abc", "1"),
        ("first_0_r0_0", b"x" * 101, b"x" * 101, "-1"),
        ("second_0_r0_0", b"abc", b"abc", "-1"),
        ("../first_0_r0_0", b"abc", b"abc", "-1"),
    ],
)
def test_a_false_upload_is_refused(project: ProjectServer, name: str, data: bytes, whole: bytes, status: str) -> None:
    assert upload(project, name, data, whole=whole) == status
    assert list(project.uploads.folder.iterdir()) == []


def test_downloads_can_be_resumed(project: ProjectServer) -> None:
    path = "/loopback/download/first_in_0"
    assert ask(project, "GET", path) == (200, "0123456789")
    assert ask(project, "GET", path, headers={"Range": "bytes=7-"}) == (206, "789")
    assert ask(project, "GET", path, headers={"Range": "bytes=70-"}) == (200, "0123456789")
    assert ask(project, "GET", path, headers={"Range": "bytes=-3,nonsense"}) == (200, "0123456789")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/loopback/download/../../etc/passwd", {}, 404),
        ("DELETE", "/loopback/", {}, 501),
        ("POST", "/loopback/cgi", {"Content-Length": "-1"}, 411),
        ("POST", "/loopback/cgi", {"Content-Length": "9" * 30}, 411),
        ("POST", "/loopback/cgi", {}, 200),
        ("POST", "/loopback/file_upload_handler", {}, 200),
    ],
)
def test_nonsense_is_answered(
    project: ProjectServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert ask(project, method, path, headers=headers)[0] == status
    assert "<scheduler>" in ask(project, "GET", "/loopback/")[1]
    assert not [line for line in project.log if "FAULT" in line]


TAGS = ["authenticator", "hostid", "cpu_req_secs", "result", "name", "exit_status", "file_info", "nbytes", "stderr_out"]
PIECES = st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS] + ["<![CDATA[", "]]>"])


@settings(deadline=None)
@given(st.lists(PIECES | st.floats().map(str) | st.text(max_size=5), max_size=40).map("".join))
def test_no_request_upsets_the_parser(text: str) -> None:
    wire.parse_request(text)
