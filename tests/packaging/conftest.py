"""packaging/ is no package: its modules are found by their folder, as they find each other."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging"))
