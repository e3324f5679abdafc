"""A headless Chromium, asked through two pipes by its DevTools protocol: no port is opened, and no library needed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE, WaitedInVain

_READS, _WRITES = 3, 4  # the file descriptors of --remote-debugging-pipe, as Chromium sees them


class Page:
    """A page in the browser, and everything that it has reported: events by their methods."""

    def __init__(self, to: int, answers: int) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._to, self._answers, self._rest, self._number = to, answers, b"", 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def look(self, width: int, scheme: str, media: str = "screen") -> None:
        """Be as wide as a telephone or a screen, prefer a colour scheme, and draw for a medium."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, path: Path) -> None:
        """Show a file, to the end of its loading."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._take(self._message())

    def value(self, script: str) -> Any:
        """What an expression of JavaScript comes to in the page, as JSON can tell it."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def picture(self, path: Path) -> None:
        """Write the whole page as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """The answer to a command of the protocol; what comes before it is taken for events."""
        self._number += 1
        command: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        message = json.dumps(command).encode() + b"\0"
        while message:
            message = message[os.write(self._to, message) :]
        while (answer := self._message()).get("id") != self._number:
            self._take(answer)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self.events.append((message["method"], message["params"]))

    def _message(self) -> dict[str, Any]:
        """The next message; WaitedInVain where the browser has said nothing for long, or has ended."""
        while b"\0" not in self._rest:
            if not select.select([self._answers], [], [], PATIENCE)[0]:
                raise WaitedInVain(f"the browser has said nothing for {PATIENCE:.0f} s")
            if not (more := os.read(self._answers, 1 << 20)):
                raise WaitedInVain("the browser has ended")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A page in a browser of its own, which keeps all that it writes in the folder `profile`."""
    program = shutil.which("chromium")
    assert program, "Debian's chromium is missing: make report-check installs it"
    words = [
        program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-gpu",
        "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run", "--hide-scrollbars",
        *(["--no-sandbox"] if os.getuid() == 0 else []),  # which Chromium does not have for root
    ]  # fmt: skip
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    environment = os.environ | {"HOME": str(profile), "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)}

    def place() -> None:
        # By way of numbers above both, since one pipe's end may have the number that the other one gets.
        read, write = (os.dup2(number, 10 + number, inheritable=False) for number in (commands_out, answers_in))
        os.dup2(read, _READS)
        os.dup2(write, _WRITES)

    process = subprocess.Popen(
        words, env=environment, close_fds=False, preexec_fn=place, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(commands_out)
    os.close(answers_in)
    try:
        yield Page(commands_in, answers_out)
    finally:
        os.close(commands_in)
        os.close(answers_out)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
