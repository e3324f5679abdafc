"""The BOINC runtime in pure Python: what a program needs to live in a slot directory under the BOINC client.

Standard library only. `start(slot)` gives a `Runtime`; everything else is read from or told to that object. Where the
slot is busy there is none, and `postpone` asks the client to try again later; where it cannot be taken, `listen(slot)`
gives one that only hears the client while the program waits. Under BOINC's stock wrapper, which is
itself the client's task, `start_under_stock_wrapper(slot)` gives the same for what is left to say there. On Windows
`open_stderr(slot)` comes first.
"""

from wrapper.control import Heartbeat, Request
from wrapper.endings import postpone, remove_endings
from wrapper.init_data import InitData
from wrapper.runtime import Runtime, listen, start
from wrapper.slot import SlotBusy, SlotUnreadable, is_slot
from wrapper.stock import StockRuntime, start_under_stock_wrapper
from wrapper.system import open_stderr

__all__ = [
    "Heartbeat",
    "InitData",
    "Request",
    "Runtime",
    "SlotBusy",
    "SlotUnreadable",
    "StockRuntime",
    "is_slot",
    "listen",
    "open_stderr",
    "postpone",
    "remove_endings",
    "start",
    "start_under_stock_wrapper",
]
