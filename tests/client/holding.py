"""axiom-worker beside a program that holds a file: `holding.py NAME ATTEMPTS SECONDS`, and then its own arguments.

SECONDS are those of its patience. Its last line says how often it was refused.
"""

import logging
import sys

import pytest

from client.cli import main
from tests.support.held import Held

name, attempts, seconds, *arguments = sys.argv[1:]
held = Held(name, pytest.MonkeyPatch(), float(attempts), float(seconds))
code = main(arguments)
logging.getLogger("client").info("refused %d times", len(held.refused))
sys.exit(code)
