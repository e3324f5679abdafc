"""The operating system's half of the protocol: `posix` or `windows`, two modules with the same functions."""

import sys

if sys.platform == "win32":
    from wrapper.windows import (
        console_ends,
        map_memory,
        memory_is_whole,
        open_stderr,
        process_is_alive,
        release_lock,
        show_no_error_boxes,
        take_lock,
        watch_parent,
    )
else:
    from wrapper.posix import (
        console_ends,
        map_memory,
        memory_is_whole,
        open_stderr,
        process_is_alive,
        release_lock,
        show_no_error_boxes,
        take_lock,
        watch_parent,
    )

__all__ = [
    "console_ends",
    "map_memory",
    "memory_is_whole",
    "open_stderr",
    "process_is_alive",
    "release_lock",
    "show_no_error_boxes",
    "take_lock",
    "watch_parent",
]
