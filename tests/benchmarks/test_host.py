"""The facts of a host, and what else it did."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys

import pytest

from benchmarks import host

CPUINFO = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1

processor\t: 1
cpu family\t: 26
model\t\t: 2
model name\t: Another
"""


def test_the_processor_is_told_with_family_and_model() -> None:
    assert host.processor(CPUINFO) == "AMD EPYC, family 25, model 17"
    assert host.processor("processor\t: 0\nFeatures\t: asimd\n") == platform.machine()


def test_facts() -> None:
    facts = host.facts()
    assert facts.cores == len(os.sched_getaffinity(0))
    assert facts.versions["python"] == platform.python_version()
    assert facts.versions["numpy"] == importlib.metadata.version("numpy")
    assert facts.memory > 1 << 28


def test_what_others_did_is_what_was_not_own() -> None:
    """A hundred seconds in which 150 core seconds were used, 100 of them by this process."""
    end = host.now()
    begun = host.Moment(1.0, end.wall - 100, end.busy - 150, end.stolen - 2, end.own - 100)
    load = host.since(begun)
    assert load.others == pytest.approx(0.5, abs=0.05)
    assert load.stolen == pytest.approx(0.02, abs=0.005)
    assert load.before == 1.0


def test_the_clock_of_own_work_counts_children() -> None:
    begun = host.now()
    work = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
    end = host.now()  # the clocks tick a hundred times a second
    assert end.own - begun.own >= 0.25
    assert end.busy - begun.busy >= 0.25
