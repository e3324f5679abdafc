"""Control messages folded into the present request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrapper.control import Heartbeat, Request, Wishes, apply, heartbeat


@pytest.mark.parametrize(
    ("messages", "request_now"),
    [
        ([], Request.RUN),
        ([b"<suspend/>"], Request.SUSPEND),
        ([b"<suspend/>\n"], Request.SUSPEND),
        ([b"<suspend/>", b"<resume/>"], Request.RUN),
        ([b"<suspend/><resume/>"], Request.RUN),
        ([b"<quit/>", b"<resume/>"], Request.QUIT),
        ([b"<suspend/>", b"<quit/>"], Request.QUIT),
        ([b"<quit/>", b"<abort/>"], Request.ABORT),
        ([b"<abort/>", b"<quit/>"], Request.ABORT),
        ([b"<suspend/>\n<abort/>\n"], Request.ABORT),
        ([b"<network_available/>"], Request.RUN),
        ([b"<reread_app_info/>"], Request.RUN),
        ([b"<quit>", b"quit", b"< quit/>", b"<QUIT/>"], Request.RUN),
        ([b"\xff\xfe<quit/>\x80"], Request.QUIT),
        ([b""], Request.RUN),
    ],
)
def test_messages(messages: list[bytes], request_now: Request) -> None:
    wishes = Wishes()
    for message in messages:
        wishes = apply(wishes, message)
    assert wishes.request is request_now


tags = st.sampled_from([b"<suspend/>", b"<resume/>", b"<quit/>", b"<abort/>", b"<unknown/>", b"\xc3\x28"])


@given(st.lists(tags))
def test_quit_and_abort_are_never_taken_back(messages: list[bytes]) -> None:
    wishes = Wishes()
    for message in messages:
        wishes = apply(wishes, message)
    if b"<abort/>" in messages:
        assert wishes.request is Request.ABORT
    elif b"<quit/>" in messages:
        assert wishes.request is Request.QUIT
    else:
        last = [m for m in messages if m in (b"<suspend/>", b"<resume/>")][-1:]
        assert wishes.request is (Request.SUSPEND if last == [b"<suspend/>"] else Request.RUN)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"<heartbeat/><wss>0.000000e+00</wss><max_wss>2.274885e+10</max_wss>", Heartbeat(0.0, 2.274885e10, False)),
        (b"<heartbeat/>", Heartbeat()),
        (b"\n<heartbeat/>\n<network_suspended/>\n<sporadic_ca>1</sporadic_ca>", Heartbeat(network_suspended=True)),
        (b"<heartbeat/><wss>-1</wss><max_wss>nan</max_wss>", Heartbeat()),
        (b"<heartbeat/><wss>much</wss><max_wss>1e999</max_wss>", Heartbeat()),
        (b"<wss>1</wss>", None),
        (b"\xff\xfe", None),
        (b"", None),
    ],
)
def test_heartbeats(message: bytes, told: Heartbeat | None) -> None:
    assert heartbeat(message) == told


@given(st.binary(max_size=1022))
def test_any_heartbeat_is_read(message: bytes) -> None:
    told = heartbeat(b"<heartbeat/>" + message)
    assert told is not None
    assert told.available is None or 0 <= told.available < float("inf")
