"""The BOINC runtime in pure Python: what a program needs to live in a slot directory under the BOINC client.

Standard library only. `start(slot)` gives a `Runtime`; everything else is read from or told to that object. Where the
slot is busy there is none, and `postpone` asks the client to try again later; where it cannot be taken, `listen(slot)`
gives one that only hears the client while the program waits. Under BOINC's stock wrapper, which is
itself the client's task, `start_under_stock_wrapper(slot)` gives the same for what is left to say there. On Windows
`show_no_error_boxes()` and `open_stderr(slot)` come first, and `console_ends` hears what elsewhere signals tell.
"""

from wrapper.control import Heartbeat, Request
from wrapper.endings import postpone, remove_endings
from wrapper.init_data import InitData
from wrapper.runtime import Runtime, listen, start
from wrapper.slot import SlotBusy, SlotUnreadable, is_slot
from wrapper.stock import StockRuntime, start_under_stock_wrapper
from wrapper.system import console_ends, open_stderr, show_no_error_boxes

__all__ = [
    "Heartbeat",
    "InitData",
    "Request",
    "Runtime",
    "SlotBusy",
    "SlotUnreadable",
    "StockRuntime",
    "console_ends",
    "is_slot",
    "listen",
    "open_stderr",
    "postpone",
    "remove_endings",
    "show_no_error_boxes",
    "start",
    "start_under_stock_wrapper",
]
