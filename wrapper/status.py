"""What the program tells the client about itself: the status message and the fraction done.

Pure (BOINC runtime protocol, channel 5). The bytes are those of the C library 7.20.5.
"""

import math


def status_message(cpu_time: float, checkpoint_cpu_time: float, fraction: float | None) -> bytes:
    """The message for channel 5. CPU times in seconds over all runs of the task; no fraction line while it is None.

    Both CPU tags are always there: the client zeroes its own two numbers before it reads a message.
    """
    lines = [
        f"<current_cpu_time>{cpu_time:e}</current_cpu_time>\n",
        f"<checkpoint_cpu_time>{checkpoint_cpu_time:e}</checkpoint_cpu_time>\n",
    ]
    if fraction is not None:
        lines.append(f"<fraction_done>{fraction:e}</fraction_done>\n")
    return "".join(lines).encode("ascii")


def fraction_to_send(fraction: float, start: float, end: float, last: float | None) -> float:
    """Map a fraction 0..1 of this program's work into [start, end], never below the last one sent.

    A fraction outside 0..1 is clamped. Raises ValueError for NaN.
    """
    if math.isnan(fraction):
        raise ValueError("the fraction done is not a number; report a value from 0 to 1")
    mapped = min(start + (end - start) * min(max(fraction, 0.0), 1.0), end)  # rounding could lead past the end
    return mapped if last is None else max(mapped, last)
