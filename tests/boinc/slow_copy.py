"""The main program of the instrument's own tests: copies its input to its output, slowly, under a BOINC client.

The first line of the input is the number of seconds that it takes. It speaks just enough of BOINC's shared memory to
be steered and watched: it reports fraction done and checkpoints, pauses on suspend, ends on quit and abort. It is
served as a signed file and runs alone in a slot, so it imports nothing but the standard library.
"""

import mmap
import os
import re
import sys
import time
from pathlib import Path

CONTROL, STATUS, CHANNEL = 0, 5 * 1024, 1024
TICK = 0.1


def resolve(name: str) -> Path:
    """The file behind a soft link of the slot."""
    found = re.search(r"<soft_link>(.*)</soft_link>", Path(name).read_text())
    return Path(found.group(1) if found else name)


def take(memory: mmap.mmap) -> str:
    """The message from the client, if there is one."""
    if memory[CONTROL] == 0:
        return ""
    text = memory[CONTROL + 1 : CONTROL + CHANNEL].partition(b"\0")[0].decode()
    memory[CONTROL] = 0
    return text


def send(memory: mmap.mmap, text: str) -> None:
    """Tell the client, unless it has not read the last message: then the next one will do."""
    if memory[STATUS] == 0:
        message = text.encode() + b"\0"
        memory[STATUS + 1 : STATUS + 1 + len(message)] = message
        memory[STATUS] = 1


def wait_read(memory: mmap.mmap) -> None:
    """Wait until the client has read the last message, which a busy one does late; not for ever."""
    for _ in range(100):
        if memory[STATUS] == 0:
            return
        time.sleep(TICK)


def status(done: float, checkpoint: float, seconds: float) -> str:
    """The time that went by is claimed as CPU time: the client takes the program's word for it."""
    return (
        f"<current_cpu_time>{done:e}</current_cpu_time>\n"
        f"<checkpoint_cpu_time>{checkpoint:e}</checkpoint_cpu_time>\n"
        f"<fraction_done>{min(done / seconds, 1):e}</fraction_done>\n"
    )


def main() -> None:
    # A mark outside the slot, which the client empties: it proves that the program ran, and how often.
    with Path("../../program_ran").open("a") as mark:
        print(os.getpid(), file=mark)
    content = resolve("in.txt").read_bytes()
    seconds = float(content.split(b"\n", 1)[0])
    state = Path("state")
    done = float(state.read_text()) if state.exists() else 0.0
    print(f"starts at {done:.1f} of {seconds} s, arguments {sys.argv[1:]}", file=sys.stderr)
    checkpoint, paused = done, False
    with Path("boinc_mmap_file").open("r+b") as file, mmap.mmap(file.fileno(), 8192) as memory:
        while done < seconds:
            request = take(memory)
            if "<quit/>" in request or "<abort/>" in request:
                return
            paused = "<suspend/>" in request or (paused and "<resume/>" not in request)
            time.sleep(TICK)
            if paused:
                continue
            done += TICK
            if done >= checkpoint + 1:
                checkpoint = done
                state.write_text(str(done))
            send(memory, status(done, checkpoint, seconds))
        wait_read(memory)
        send(memory, status(done, checkpoint, seconds))
        wait_read(memory)
    resolve("out.txt").write_bytes(content)
    Path("boinc_finish_called").write_text("0\n")


if __name__ == "__main__":
    main()
