"""What the bundle's executable runs on Linux: the code behind the launcher that became it, whose path is its name."""

import os
import sys

__file__ = os.fsdecode(__file__)  # linux/bootloader.py leaves bytes there
sys.path.insert(0, sys.argv[0])
try:
    from entry import main
except ModuleNotFoundError as error:
    if error.name != "entry":
        raise
    sys.exit("axiom: this is a part of a program; start the file axiom_... beside its folder.")
sys.exit(main())
