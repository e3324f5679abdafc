"""A BOINC project on 127.0.0.1: master page, scheduler, downloads and uploads, enough to drive a real client.

    with ProjectServer(version, tmp_path / "project") as project:
        name = project.add_work(unit)
        ...                                     # a client attaches to project.url with project.account_key
        project.report(name)

The project has one signed app version, until it releases the next one. It hands every unsent result out to the first
client that asks for any work: its first request asks for one second. It accepts one account and never sends a result
twice. A client that asked in vain, or that had a result fail, stays away for minutes; `RealClient.update` brings it
back within 5 s.
"""

import re
import time
from pathlib import Path
from threading import Lock
from types import TracebackType

from signing import PrivateKey, PublicKey, generate_key

from tests.boinc import wire
from tests.boinc.http_door import Answer, Door, not_found
from tests.boinc.uploads import Uploads
from tests.boinc.work import AppFile, AppVersion, Report, WorkUnit

HOST_ID = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A file of an app version may lie in a folder, and be named like a library.
_FILE_NAME = re.compile(r"[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._+/-]*")


class ProjectServer:
    """The project, from `with` on. Uploaded files lie in `folder`/uploads under their upload names."""

    def __init__(
        self,
        version: AppVersion,
        folder: Path,
        *,
        key: PrivateKey | PublicKey | None = None,
        request_delay: float = 1.0,
    ) -> None:
        self.version = version
        self.account_key = "0123456789abcdef0123456789abcdef"
        self.log: list[str] = []
        self.reports: list[Report] = []
        # Messages of running tasks, in the order in which they came: the name of the result, the XML.
        self.trickles: list[tuple[str, str]] = []
        self.uploads = Uploads(folder / "uploads")
        # What was asked for of the downloads, one name for each request.
        self.fetched: list[str] = []
        # Everything below is read and changed only while this is held.
        self._guard = Lock()
        # Each with the version that it was added for.
        self._units: dict[str, tuple[WorkUnit, AppVersion]] = {}
        self._sent: set[str] = set()
        self._downloads: dict[str, bytes] = {}
        # With a public key alone every file must come signed, as in a project whose private key is elsewhere.
        self._key = key or generate_key()
        self._key_text = (self._key if isinstance(self._key, PublicKey) else self._key.public).to_text()
        self._signatures: dict[str, str] = {}
        self.release(version)
        self._born = time.monotonic()
        self._door = Door(self._answer, self.note)
        self._project = wire.Project(f"http://127.0.0.1:{self._door.server_port}/loopback/", "Loopback", request_delay)

    @property
    def url(self) -> str:
        return self._project.url

    def __enter__(self) -> "ProjectServer":
        self._door.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.stop()

    def note(self, line: str) -> None:
        """Add a line to the log, with the seconds since the project began."""
        self.log.append(f"{time.monotonic() - self._born:7.2f} {line}")

    def release(self, version: AppVersion) -> None:
        """Offer another version: work that is added from now on is for it."""
        with self._guard:
            for file in version.files:
                self._offer(file.name, file.content())
                if file.gzip:
                    self._offer(*wire.compressed(file))
                self._signatures[file.name] = self._sign(file) if file.signature is None else file.signature
            self.version = version

    def add_work(self, unit: WorkUnit) -> str:
        """Offer a work unit; returns the name of its result, which is the name of the client's task."""
        with self._guard:
            if unit.name in self._units or not _NAME.fullmatch(unit.name):
                raise ValueError(f"a new and plain name is needed, not {unit.name!r}")
            for index, file in enumerate(unit.inputs):
                self._offer(unit.input_name(index), file.content)
            self.uploads.expect(unit.upload_name, unit.max_nbytes)
            self._units[unit.name] = unit, self.version
        return unit.result_name

    def report(self, name: str) -> Report | None:
        """The client's report of the result `name`; None while it has not come."""
        return next((report for report in list(self.reports) if report.name == name), None)

    def _sign(self, file: AppFile) -> str:
        if isinstance(self._key, PublicKey):
            raise ValueError(f"{file.name} has no signature, and this project cannot make one")
        return self._key.sign(file.content())

    def _offer(self, name: str, content: bytes) -> None:
        """Make a file downloadable. BOINC's rule: a physical name means the same bytes for ever."""
        if not _FILE_NAME.fullmatch(name) or self._downloads.get(name, content) != content:
            raise ValueError(f"a plain name is needed that no other content has: {name!r}")
        self._downloads[name] = content

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        """The one entrance for requests; runs in a thread of its own for each connection."""
        with self._guard:
            return self._route(method, path, body)

    def _route(self, method: str, path: str, body: bytes) -> Answer:
        match method, path:
            case "GET", "/loopback/":
                page = f"<html><head><!-- <scheduler>{self._project.scheduler}</scheduler> --></head></html>\n"
                return Answer(200, "text/html", page.encode())
            case "POST", "/loopback/cgi":
                return Answer(200, "text/xml", self._schedule(body.decode("utf-8", "replace")).encode())
            case "POST", "/loopback/file_upload_handler":
                reply, line = self.uploads.handle(body)
                self.note(line)
                return Answer(200, "text/plain", reply.encode())
            case "GET", _ if path.startswith("/loopback/download/"):
                name = path.removeprefix("/loopback/download/")
                self.fetched.append(name)
                content = self._downloads.get(name)
                return not_found() if content is None else Answer(200, "application/octet-stream", content)
            case _:
                return not_found()

    def _schedule(self, text: str) -> str:
        """One scheduler RPC: take the reports, and hand out what is unsent if work is asked for."""
        request = wire.parse_request(text)
        if request.authenticator != self.account_key:
            self.note("scheduler: foreign authenticator refused")
            return wire.reply(self._project, [wire.message("Invalid or missing account key.")])
        parts = [self._take_report(report) for report in request.reports]
        if request.trickles:
            self.trickles += request.trickles
            parts.append(wire.trickles_ack())
        if request.hostid != HOST_ID:
            # Only then: repeating the number would make the client start afresh as a new host.
            parts.append(wire.hostid(HOST_ID))
        if not request.has_code_sign_key:
            parts.append(wire.code_sign_key(self._key_text))
        unsent = [row for name, row in self._units.items() if name not in self._sent] if request.wants_work else []
        versions = dict.fromkeys(version for _, version in unsent)
        parts += [wire.app_version(self._project, row, request.platform, self._signatures) for row in versions]
        for unit, version in unsent:
            deadline = int(time.time() + unit.delay_bound)
            parts.append(wire.job(self._project, unit, version, request.platform, deadline))
            self._sent.add(unit.name)
        self.note(
            f"scheduler: platform {request.platform}, wants work: {request.wants_work}, "
            f"sent {[unit.result_name for unit, _ in unsent]}, got {[report.name for report in request.reports]}"
        )
        return wire.reply(self._project, parts)

    def _take_report(self, report: Report) -> str:
        """Keep a first report; a repeated one means that the client missed our acknowledgement."""
        known = {unit.result_name for unit, _ in self._units.values()}
        if report.name not in known:
            self.note(f"scheduler: report of the unknown result {report.name!r}")
        elif self.report(report.name):
            self.note(f"scheduler: {report.name} was reported again")
        else:
            self.reports.append(report)
        return wire.result_ack(report.name)
