"""Plays the lives that the collected tests ask for, all at once, the first time that one of them is asked for."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from tests.boinc.lives import common
from tests.boinc.lives.common import Aftermath
from tests.boinc.lives.crowded import Crowded, play_crowded
from tests.boinc.lives.endings import Endings, play_endings
from tests.boinc.lives.finishing import Finishing, play_finishing
from tests.boinc.lives.installed import Installed, play_installed
from tests.boinc.lives.ledger import Ledger, play_ledger
from tests.boinc.lives.no_gpu import NoGpu, play_no_gpu
from tests.boinc.lives.orphans import Orphans, play_orphans
from tests.boinc.lives.planted import Planted, play_planted, play_unlaunched
from tests.boinc.lives.quitter import Quitter, play_quitter
from tests.boinc.lives.refused import Refused, play_refused
from tests.boinc.lives.slow_copies import Forged, Outlived, Steered, play_forged, play_outlived, play_steered
from tests.boinc.lives.starved import Starved, play_starved
from tests.boinc.lives.throttle import Throttle, play_throttle
from tests.boinc.lives.trickler import Trickler, play_trickler
from tests.boinc.lives.unsynced import Unsynced, play_unsynced
from tests.client.sessions import cells
from tests.kernels import tiny

# The longest first.
WORKER_LIVES: Mapping[str, Callable[[Path], Any]] = {
    "orphans": play_orphans,
    "endings": play_endings,
    "ledger": play_ledger,
    "installed": play_installed,
    "planted": play_planted,
    "unlaunched": play_unlaunched,
    "crowded": play_crowded,
    "finishing": play_finishing,
    "starved": play_starved,
    "unsynced": play_unsynced,
    "trickler": play_trickler,
    "quitter": play_quitter,
    "throttle": play_throttle,
    "refused": play_refused,
    "no_gpu": play_no_gpu,
}
LIVES: Mapping[str, Callable[[Path], Any]] = {
    **WORKER_LIVES,
    "steered": play_steered,
    "forged": play_forged,
    "outlived": play_outlived,
}


@pytest.fixture(scope="session")
def playing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, "Future[Any]"]]:
    asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    if "aftermaths" in asked:
        asked |= WORKER_LIVES.keys()
    common.content()  # measures this machine's pace before the lives are on it
    with ThreadPoolExecutor(len(LIVES)) as pool:
        yield {name: pool.submit(play, tmp_path_factory.mktemp(name)) for name, play in LIVES.items() if name in asked}


@pytest.fixture(scope="session")
def endings(playing: Mapping[str, "Future[Endings]"]) -> Endings:
    return playing["endings"].result()


@pytest.fixture(scope="session")
def forged(playing: Mapping[str, "Future[Forged]"]) -> Forged:
    return playing["forged"].result()


@pytest.fixture(scope="session")
def installed(playing: Mapping[str, "Future[Installed]"]) -> Installed:
    return playing["installed"].result()


@pytest.fixture(scope="session")
def ledger(playing: Mapping[str, "Future[Ledger]"]) -> Ledger:
    return playing["ledger"].result()


@pytest.fixture(scope="session")
def no_gpu(playing: Mapping[str, "Future[NoGpu]"]) -> NoGpu:
    return playing["no_gpu"].result()


@pytest.fixture(scope="session")
def orphans(playing: Mapping[str, "Future[Orphans]"]) -> Orphans:
    return playing["orphans"].result()


@pytest.fixture(scope="session")
def outlived(playing: Mapping[str, "Future[Outlived]"]) -> Outlived:
    return playing["outlived"].result()


@pytest.fixture(scope="session")
def planted(playing: Mapping[str, "Future[Planted]"]) -> Planted:
    return playing["planted"].result()


@pytest.fixture(scope="session")
def quitter(playing: Mapping[str, "Future[Quitter]"]) -> Quitter:
    return playing["quitter"].result()


@pytest.fixture(scope="session")
def refused(playing: Mapping[str, "Future[Refused]"]) -> Refused:
    return playing["refused"].result()


@pytest.fixture(scope="session")
def steered(playing: Mapping[str, "Future[Steered]"]) -> Steered:
    return playing["steered"].result()


@pytest.fixture(scope="session")
def throttle(playing: Mapping[str, "Future[Throttle]"]) -> Throttle:
    return playing["throttle"].result()


@pytest.fixture(scope="session")
def trickler(playing: Mapping[str, "Future[Trickler]"]) -> Trickler:
    return playing["trickler"].result()


@pytest.fixture(scope="session")
def crowded(playing: Mapping[str, "Future[Crowded]"]) -> Crowded:
    return playing["crowded"].result()


@pytest.fixture(scope="session")
def finishing(playing: Mapping[str, "Future[Finishing]"]) -> Finishing:
    return playing["finishing"].result()


@pytest.fixture(scope="session")
def starved(playing: Mapping[str, "Future[Starved]"]) -> Starved:
    return playing["starved"].result()


@pytest.fixture(scope="session")
def unsynced(playing: Mapping[str, "Future[Unsynced]"]) -> Unsynced:
    return playing["unsynced"].result()


@pytest.fixture(scope="session")
def unlaunched(playing: Mapping[str, "Future[Planted]"]) -> Planted:
    return playing["unlaunched"].result()


@pytest.fixture(scope="session")
def aftermaths(playing: Mapping[str, "Future[Any]"]) -> dict[str, Aftermath]:
    """What every life of axiom-worker left behind, by its name."""
    return {name: playing[name].result().after for name in WORKER_LIVES}


@pytest.fixture(scope="session")
def uninterrupted() -> bytes:
    """The cells of the work unit that is disturbed in several lives, from one run that nobody disturbed."""
    return cells(tiny.computed(workunit.decode(common.content(), "wu.json", EXPERIMENTS), "c"))
