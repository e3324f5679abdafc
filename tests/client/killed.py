"""A worker killed again and again: forks one, kills it after a while, prints whether it had started to compute.

Usage: killed.py WU.json OUT SECONDS... ; libraries are loaded once, checkpoints are written every 10 ms.
"""

import os
import signal
import sys
import time

from client import cli, session, terminal

terminal._CHECKPOINT_PERIOD = 0.01
session.SLICE_SECONDS = 0.005

for seconds in map(float, sys.argv[3:]):
    child = os.fork()
    if child == 0:
        os._exit(cli.main(["run", sys.argv[1], "--out", sys.argv[2]]))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else f"ended with {os.WEXITSTATUS(status)}", flush=True)
