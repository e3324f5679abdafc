"""Plays the lives that the collected tests ask for, all at once, the first time that one of them is asked for."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.boinc.lives.common import COMPUTATION, Aftermath
from tests.boinc.lives.endings import Endings, play_endings
from tests.boinc.lives.installed import Installed, play_installed
from tests.boinc.lives.no_gpu import NoGpu, play_no_gpu
from tests.boinc.lives.orphans import Orphans, play_orphans
from tests.boinc.lives.planted import Planted, play_planted, play_unlaunched
from tests.boinc.lives.quitter import Quitter, play_quitter
from tests.boinc.lives.refused import Refused, play_refused
from tests.boinc.lives.throttle import Throttle, play_throttle
from tests.boinc.lives.trickler import Trickler, play_trickler
from tests.client import runs
from tests.kernels import tiny

LIVES = {
    "endings": play_endings,
    "installed": play_installed,
    "no_gpu": play_no_gpu,
    "orphans": play_orphans,
    "planted": play_planted,
    "quitter": play_quitter,
    "refused": play_refused,
    "throttle": play_throttle,
    "trickler": play_trickler,
    "unlaunched": play_unlaunched,
}


@pytest.fixture(scope="session")
def playing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    if "aftermaths" in asked:
        asked |= LIVES.keys()
    with ThreadPoolExecutor(len(LIVES)) as pool:
        futures: dict[str, Future[Any]] = {}
        for name in LIVES.keys() & asked:
            futures[name] = pool.submit(LIVES[name], tmp_path_factory.mktemp(name))
        yield futures


@pytest.fixture(scope="session")
def endings(playing: Mapping[str, "Future[Endings]"]) -> Endings:
    return playing["endings"].result()


@pytest.fixture(scope="session")
def no_gpu(playing: Mapping[str, "Future[NoGpu]"]) -> NoGpu:
    return playing["no_gpu"].result()


@pytest.fixture(scope="session")
def orphans(playing: Mapping[str, "Future[Orphans]"]) -> Orphans:
    return playing["orphans"].result()


@pytest.fixture(scope="session")
def quitter(playing: Mapping[str, "Future[Quitter]"]) -> Quitter:
    return playing["quitter"].result()


@pytest.fixture(scope="session")
def throttle(playing: Mapping[str, "Future[Throttle]"]) -> Throttle:
    return playing["throttle"].result()


@pytest.fixture(scope="session")
def trickler(playing: Mapping[str, "Future[Trickler]"]) -> Trickler:
    return playing["trickler"].result()


@pytest.fixture(scope="session")
def installed(playing: Mapping[str, "Future[Installed]"]) -> Installed:
    return playing["installed"].result()


@pytest.fixture(scope="session")
def planted(playing: Mapping[str, "Future[Planted]"]) -> Planted:
    return playing["planted"].result()


@pytest.fixture(scope="session")
def refused(playing: Mapping[str, "Future[Refused]"]) -> Refused:
    return playing["refused"].result()


@pytest.fixture(scope="session")
def unlaunched(playing: Mapping[str, "Future[Planted]"]) -> Planted:
    return playing["unlaunched"].result()


@pytest.fixture(scope="session")
def aftermaths(playing: Mapping[str, "Future[Any]"]) -> dict[str, Aftermath]:
    """What every life left behind, by its name."""
    return {name: playing[name].result().after for name in LIVES}


@pytest.fixture(scope="session")
def uninterrupted() -> bytes:
    """The cells of the lives' common computation, from one run that nobody disturbed."""
    return runs.cells(tiny.computed(COMPUTATION, "exact"))
