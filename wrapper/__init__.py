"""The BOINC runtime in pure Python: what a program needs to live in a slot directory under the BOINC client.

Standard library only. `start(slot)` gives a `Runtime`; everything else is read from or told to that object. Where the
slot is busy there is none, and `postpone` asks the client to try again later.
"""

from wrapper.control import Request
from wrapper.endings import postpone
from wrapper.init_data import InitData
from wrapper.runtime import Runtime, start
from wrapper.slot import SlotBusy

__all__ = ["InitData", "Request", "Runtime", "SlotBusy", "postpone", "start"]
