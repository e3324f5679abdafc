"""A task that talks through a System V segment, as without a modern api_version, and sends its project trickles."""

import re

from tests.boinc.lives.trickler import Trickler
from tests.boinc.real_client import needs_client

pytestmark = needs_client


def test_a_segment_carries_the_clients_wishes(trickler: Trickler) -> None:
    assert not trickler.mapped_file
    assert trickler.suspended_cpu < 0.2
    assert trickler.after.ending("trickler") == (0, 5)


def test_the_project_hears_of_the_progress(trickler: Trickler) -> None:
    assert {name for name, _ in trickler.trickles} == {"trickler_0"}
    assert all("<variety>progress</variety>" in message for _, message in trickler.trickles)
    found = [re.search("<fraction_done>(.*)</fraction_done>", message) for _, message in trickler.trickles]
    fractions = [float(match[1]) for match in found if match]
    assert len(fractions) == len(trickler.trickles)
    assert len(set(fractions)) >= 2
    assert 0 < min(fractions) < max(fractions) < 1
