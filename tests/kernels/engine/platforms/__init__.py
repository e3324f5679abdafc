"""The same bits on every platform."""

import sys
from pathlib import Path

# For check.py, which is started by itself too: packaging/ is no package, as tests/conftest.py says.
sys.path.append(str(Path(__file__).parents[4] / "packaging"))
