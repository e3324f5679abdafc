"""The Windows half against Wine's kernel32: real locks, mappings, processes. `make windows` installs what it needs."""

import os
import subprocess
import sysconfig
from pathlib import Path

from tests.support import commands

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
WINE = [path for path in ("/usr/lib/wine/wine64", "/usr/bin/wine64", "/usr/bin/wine") if Path(path).exists()]
FOLDERS = (Path("/usr/lib/x86_64-linux-gnu"), Path(sysconfig.get_config_var("LIBDIR")))
PYTHON = [str(path) for folder in FOLDERS for path in sorted(folder.glob("libpython3.*.so.1.0"))]


def test_every_fact_is_seen(tmp_path: Path) -> None:
    host = tmp_path / "host.exe"
    commands.run(["winegcc-stable", "-o", str(host), str(HERE / "host.c"), "-ldl"], check=True)
    environment = {**os.environ, "WINEPREFIX": str(tmp_path / "prefix"), "WINEDEBUG": "-all", "PYTHONPATH": str(ROOT)}
    program = [WINE[0], f"{host}.so"]
    sleeper = subprocess.Popen([*program, "sleep"], env=environment, stdout=subprocess.PIPE, text=True)
    assert sleeper.stdout is not None
    try:
        pid = sleeper.stdout.readline().strip()
        done = commands.run([*program, PYTHON[0], HERE / "script.py", f"{host}.so", pid], env=environment)
    finally:
        sleeper.kill()
        sleeper.wait()
        sleeper.stdout.close()
    facts = [line for line in done.stdout.splitlines() if "seen: " in line.lower()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(facts) == 33, done.stdout
    assert [fact for fact in facts if not fact.startswith("seen: ")] == []
