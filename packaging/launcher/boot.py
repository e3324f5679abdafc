"""What the bundle's executable runs: our code, in the archive by whose path the launcher calls it."""

import os
import sys

__file__ = os.fsdecode(__file__)  # bytes on Linux: linux/bootloader.py
sys.path.insert(0, sys.argv[0])
try:
    from entry import main
except ModuleNotFoundError as error:
    if error.name != "entry":
        raise
    sys.exit("axiom: this is a part of a program; start the file axiom_... beside its folder.")
sys.exit(main())
