"""The program of reference.cpp, line for line, on our runtime. Usage: twin.py MODE, in the slot directory."""

import sys
import time
from pathlib import Path

from wrapper import Request, Runtime, start


def piece() -> None:
    time.sleep(0.05)


def work(task: Runtime) -> None:
    pieces = 0
    while task.wait() is Request.RUN:
        piece()
        pieces += 1
        task.report(pieces / 1000)
        if task.checkpoint_due():
            with task.checkpointing():
                pass


def mail(task: Runtime) -> None:
    for pieces in range(1, 55):
        piece()
        if pieces == 5:
            task.send_trickle_up("progress", "<x>1</x>\n")
        if pieces == 25:
            task.upload("result.msgpack")
    task.finish()


def main() -> None:
    with start(Path()) as task:
        if sys.argv[1] == "work":
            work(task)
            return
        if sys.argv[1] == "mail":
            mail(task)
            return
        piece()
        match sys.argv[1]:
            case "finish":
                task.finish()
            case "finish with a message":
                task.finish("all fine")
            case "finish with a notice":
                task.finish("all fine", notice=True)
            case "temporary exit":
                task.temporary_exit(600, "no memory left")
            case "temporary exit with a notice":
                task.temporary_exit(600, "no memory left", notice=True)


if __name__ == "__main__":
    main()
