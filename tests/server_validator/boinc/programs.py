"""A BOINC project's programs that make work, as far as they matter here.

BOINC's server is packaged nowhere. These take the options that the real create_work 1.6.2 takes, demand what it
demands, templates and staged input, and refuse a name twice as its database does.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[3] / "packaging" / "server" / "templates"
CREATED = "created.jsonl"
TROUBLE = "trouble"  # a file with what create_work does: "refuse", or "die" after the work unit is in the database

_STAGING = """#!{python}
import hashlib, pathlib, sys
folder = pathlib.Path("download", hashlib.md5(sys.argv[1].encode()).hexdigest()[:2])
folder.mkdir(parents=True, exist_ok=True)
print(folder / sys.argv[1])
"""
_CREATE = """#!{python}
import json, os, pathlib, signal, subprocess, sys
from xml.etree import ElementTree

OPTIONS = (
    "appname wu_name wu_template result_template batch priority credit rsc_fpops_est rsc_fpops_bound rsc_memory_bound "
    "rsc_disk_bound delay_bound min_quorum target_nresults max_error_results max_total_results max_success_results "
    "app_version_num hr_class size_class keywords sub_appname command_line target_host target_user target_team "
    "config_dir"
).split()
given, inputs, words = {{}}, [], sys.argv[1:]
while words:
    word = words.pop(0)
    if word.startswith("--"):
        if word[2:] not in OPTIONS:
            sys.exit(f"create_work: bad argument '{{word}}'")
        given[word[2:]] = words.pop(0)
    else:
        inputs.append(word)
trouble = pathlib.Path("{trouble}")
kind = trouble.read_text() if trouble.exists() else ""
if kind == "refuse":
    sys.exit("create_work: can't open database")
template = ElementTree.parse(given["wu_template"])
ElementTree.parse(given["result_template"])
if len(template.findall("file_info")) != len(inputs):
    sys.exit("create_work: process_input_template: number of input files")
for name in inputs:
    path = subprocess.run(["bin/dir_hier_path", name], capture_output=True, text=True, check=True).stdout.strip()
    given["input"] = pathlib.Path(path).read_text()
created = pathlib.Path("{created}")
names = [json.loads(line)["wu_name"] for line in created.read_text().splitlines()] if created.exists() else []
if given["wu_name"] in names:
    print(f"create_work: Duplicate entry '{{given['wu_name']}}' for key 'name'", file=sys.stderr)
    sys.exit(1)
with created.open("a") as file:
    file.write(json.dumps(given) + "\\n")
if kind == "die":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def project(folder: Path) -> Path:
    """A project's folder with the programs and our templates."""
    (folder / "bin").mkdir(parents=True)
    shutil.copytree(TEMPLATES, folder / "templates")
    for name, text in (("dir_hier_path", _STAGING), ("create_work", _CREATE)):
        program = folder / "bin" / name
        program.write_text(text.format(python=sys.executable, created=CREATED, trouble=TROUBLE))
        program.chmod(0o755)
    return folder


def created(folder: Path) -> list[dict[str, Any]]:
    """What the project's create_work was told of each work unit; `input` is the staged file's text."""
    path = folder / CREATED
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
