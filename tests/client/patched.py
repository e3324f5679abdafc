"""axiom-worker with other constants: `patched.py` reads AXIOM_PATCHES, a JSON object of "module.NAME" and value."""

import importlib
import json
import os
import sys

from client.cli import main

for name, value in json.loads(os.environ["AXIOM_PATCHES"]).items():
    module, _, constant = name.rpartition(".")
    assert hasattr(importlib.import_module(module), constant), f"{name} is no more"
    setattr(importlib.import_module(module), constant, value)

sys.exit(main())
