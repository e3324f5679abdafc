"""axiom-worker at a terminal: its commands, its endings, and what it leaves on the disk."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from client import cli
from kernels import __version__
from kernels.formats import result
from kernels.formats.workunit import WorkUnit
from tests.client.sessions import cells
from tests.client.standalone import ended, wait_until_computing, wait_until_mapped, worker, written
from tests.kernels import tiny
from tests.support import pace
from tests.support.lateness import Lateness

UNIT = tiny.unit(1000, 2, width=[32, 64], depth=[1, 2])
LARGE = tiny.unit(1000, 1, width=[256], depth=[2])


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is written to the working directory unless --out says otherwise."""
    monkeypatch.chdir(tmp_path)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def one_line(err: str) -> str:
    """The single line of the log, without its time."""
    (line, *_) = err.splitlines()
    assert "Traceback" not in err
    return line


def test_run_writes_a_result_that_answers_its_work_unit_and_removes_its_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    path = written(folder, UNIT)
    code, out, err = ended(worker(folder, "run", path, "--threads", "2"))
    assert code == 0, err
    assert out == ""
    assert "8 networks, " in err
    assert names(folder) == {"wu.json", f"{UNIT.name}.msgpack"}
    found = result.read(folder / f"{UNIT.name}.msgpack")
    result.check(found, UNIT, "r")
    assert cells(found) == cells(tiny.computed(UNIT, "c"))
    assert found.header.app_version == __version__
    assert (found.header.engine, found.header.device.kind, found.header.device.threads) == ("c", "cpu", 2)
    assert 0 < found.header.timings.computing < 600
    assert os.uname().nodename not in (found.header.device.name, found.header.device.platform)


def saved_name(unit: WorkUnit) -> str:
    """The checkpoint of `run --out out.msgpack`: it says whose it is."""
    return f"out.msgpack.{unit.digest.hex()[:8]}.c.checkpoint"


def test_control_c_ends_with_4_and_a_checkpoint_and_the_same_command_goes_on(tmp_path: Path) -> None:
    slow = pace.lasting(4.0, LARGE)
    command = ("run", written(tmp_path, slow), "--out", "out.msgpack")
    process = worker(tmp_path, *command)
    wait_until_computing(process)
    time.sleep(0.5)
    with Lateness() as lateness:
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
        took = lateness.took()
    assert took.at_most(1.5), took
    assert code == 4, err
    assert "Stopped at" in one_line(err)
    assert saved_name(slow) in err
    assert names(tmp_path) == {"wu.json", saved_name(slow)}
    code, _, err = ended(worker(tmp_path, *command))
    assert code == 0, err
    assert "going on from the checkpoint at" in err
    assert names(tmp_path) == {"wu.json", "out.msgpack"}
    assert cells(result.read(tmp_path / "out.msgpack")) == cells(tiny.computed(slow, "c"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_shutdown_and_a_lost_connection_are_like_control_c(tmp_path: Path, number: signal.Signals) -> None:
    process = worker(tmp_path, "run", written(tmp_path, pace.lasting(60.0, LARGE)), "--out", "out.msgpack")
    wait_until_computing(process)
    time.sleep(0.3)
    process.send_signal(number)
    code, _, err = ended(process)
    assert code == 4, err
    assert "Stopped at" in one_line(err)


def test_a_run_without_a_connection_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path, pace.lasting(1.0, LARGE))
    process = worker(tmp_path, "run", path, "--out", "out.msgpack", before=("nohup",))
    wait_until_computing(process)
    process.send_signal(signal.SIGHUP)
    code, _, err = ended(process)
    assert code == 0, err
    assert names(tmp_path) == {"wu.json", "out.msgpack"}


def test_control_c_during_the_start_prints_no_traceback(tmp_path: Path) -> None:
    process = worker(tmp_path, "run", written(tmp_path, pace.lasting(4.0, LARGE)), "--engine", "torch")
    wait_until_mapped(process, "libtorch_cpu")
    process.send_signal(signal.SIGINT)
    _, _, err = ended(process)
    assert "Traceback" not in err


def run(caplog: pytest.LogCaptureFixture, *arguments: str | Path) -> tuple[int, str]:
    """In this process: the exit code and the one line of the log."""
    code = cli.main([str(a) for a in arguments])
    (record,) = (r for r in caplog.records if r.levelname == "ERROR")
    assert record.exc_info is None
    assert "\n" not in record.getMessage()
    return code, record.getMessage()


def test_a_result_that_cannot_be_written_is_33(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code, line = run(caplog, "run", written(tmp_path, tiny.unit()), "--out", tmp_path / "none" / "out.msgpack")
    assert code == 33
    assert str(tmp_path / "none") in line
    assert names(tmp_path) == {"wu.json"}


def test_a_result_that_cannot_be_written_is_found_out_before_computing(tmp_path: Path) -> None:
    path = written(tmp_path, pace.lasting(60.0, LARGE))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    code, _, _ = ended(worker(tmp_path, "run", path, "--out", "none/out.msgpack", "--engine", "torch"))
    assert code == 33
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 30


def test_a_result_in_the_place_of_the_work_unit_is_33(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, tiny.unit())
    before = path.read_bytes()
    (tmp_path / "link").symlink_to(path.name)
    for out in (path, tmp_path / "link", tmp_path / "." / path.name):
        caplog.clear()
        code, line = run(caplog, "run", path, "--out", out)
        assert code == 33
        assert "it is the work unit itself" in line
    assert path.read_bytes() == before
    assert names(tmp_path) == {"wu.json", "link"}


def test_a_result_in_the_place_of_what_is_no_file_is_33(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, tiny.unit())
    os.mkfifo(tmp_path / "fifo")
    for out in ("/dev/null", "/dev/full", tmp_path / "fifo", tmp_path, ".", "/", "..", tmp_path / ("x" * 300)):
        caplog.clear()
        code, line = run(caplog, "run", path, "--out", out)
        assert code == 33, line
    assert Path("/dev/null").is_char_device()
    assert (tmp_path / "fifo").is_fifo()
    assert names(tmp_path) == {"wu.json", "fifo"}


def test_a_missing_work_unit_is_32(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code, line = run(caplog, "run", tmp_path / "none.json")
    assert code == 32
    assert str(tmp_path / "none.json") in line


@pytest.mark.parametrize("name", ["folder", "loop", "fifo"])
def test_something_that_is_no_file_is_32(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    assert run(caplog, "run", tmp_path / name)[0] == 32


@pytest.mark.parametrize("device", ["cuda:0", "cuda", "cuda:99"])
def test_a_gpu_that_is_not_there_is_30(device: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import torch

    if torch.cuda.is_available() and device == "cuda:0":
        pytest.skip("this computer has a GPU")
    code, line = run(caplog, "run", written(tmp_path, UNIT), "--device", device)
    assert code == 30
    assert device in line
    assert names(tmp_path) == {"wu.json"}


@pytest.mark.parametrize("device", ["tpu", "", "CPU", "rocm:0"])
def test_an_unknown_device_is_30(device: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(caplog, "run", written(tmp_path, UNIT), "--device", device)[0] == 30


@pytest.mark.parametrize("device", ["cpu:x", "cpu:7"])
def test_a_cpu_with_a_suffix_is_30(device: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(caplog, "run", written(tmp_path, tiny.unit()), "--device", device)[0] == 30


def test_the_torch_engine_computes_where_it_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out.msgpack"
    assert cli.main(["run", str(written(tmp_path, tiny.unit())), "--engine", "torch", "--out", str(out)]) == 0
    found = result.read(out)
    assert found.header.engine == "torch"
    assert cells(found) == cells(tiny.computed(tiny.unit(), "torch"))


def test_the_exact_engine_runs_on_processors_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(caplog, "run", written(tmp_path, UNIT), "--engine", "c", "--device", "cuda:0")[0] == 30


def test_experiments_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["experiments"]) == 0
    (line, *_) = capsys.readouterr().out.splitlines()
    assert line.split() == ["compgen", "version", "1", "compositional", "generalization"]


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, wanted in ((["--version"], f"axiom-worker {__version__}\n"), (["--help"], "usage: axiom-worker")):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert caught.value.code == 0
        captured = capsys.readouterr()
        assert wanted in captured.out
        assert captured.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"], ["fly"], ["run", "wu.json", "more.json"], ["run", "wu.json", "--threads", "0"], ["--fast"],
        ["run", "wu.json", "--threads", "two"], ["run", "wu.json", "--threads", "-1"],
        ["run", "wu.json", "--threads", "4097"], ["run", "wu.json", "--threads", "1.5"],
        ["run", "wu.json", "--engine", "magic"], ["run", "wu.json", "--out"], ["experiments", "compgen"],
        ["run", "wu.json", "--out", ""], ["run", ""],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_command_line_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage: axiom-worker" in captured.err
    assert "Traceback" not in captured.err


def test_a_bad_work_unit_is_one_line_on_stderr_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "wu.json").write_bytes(b'{"format": 1, "experiment": "nope\\n"}')
    code, out, err = ended(worker(tmp_path, "run", "wu.json"))
    assert (code, out) == (12, "")
    assert "There is no experiment" in one_line(err)


def test_without_a_terminal_library_the_command_run_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in the frozen program, which leaves rich out."""
    monkeypatch.delitem(sys.modules, "client.terminal", raising=False)
    monkeypatch.delattr("client.terminal", raising=False)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert cli.main(["run", str(written(tmp_path, UNIT))]) == 35
    (line,) = [record.getMessage() for record in caplog.records]
    assert "run is not in this program" in line
