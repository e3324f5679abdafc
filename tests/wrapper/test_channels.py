"""The mailboxes: layout, hand-over, and any garbage a client could leave there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrapper import channels, control, status


def whole_memory(piece: bytes, flags: bytes) -> bytes:
    """8192 bytes of one repeated piece, with a flag byte of its own before each mailbox."""
    memory = bytearray((piece * channels.MEMORY_SIZE)[: channels.MEMORY_SIZE])
    memory[:: channels.CHANNEL_SIZE] = flags
    return bytes(memory)


anything = st.builds(whole_memory, st.binary(min_size=1, max_size=200), st.binary(min_size=8, max_size=8))
texts = st.binary(max_size=channels.MAX_TEXT).filter(lambda text: b"\0" not in text)
numbers = st.integers(0, 7)


def test_layout_is_text_then_nul_behind_the_flag() -> None:
    memory = bytearray(channels.MEMORY_SIZE)
    assert channels.send(memory, channels.STATUS, b"<a>1</a>\n")
    assert memory[5120:5131] == b"\x01<a>1</a>\n\0"
    assert not any(memory[:5120])
    assert not any(memory[5131:])


def test_a_full_mailbox_is_left_alone() -> None:
    memory = bytearray(channels.MEMORY_SIZE)
    assert channels.send(memory, channels.STATUS, b"first")
    assert not channels.send(memory, channels.STATUS, b"second")
    assert channels.receive(memory, channels.STATUS) == b"first"
    assert channels.receive(memory, channels.STATUS) is None


def test_receiving_clears_only_the_flag() -> None:
    memory = bytearray(channels.MEMORY_SIZE)
    memory[0:9] = b"\x01<quit/>\0"
    assert channels.receive(memory, channels.CONTROL) == b"<quit/>"
    assert memory[0:9] == b"\x00<quit/>\0"


def test_a_text_that_does_not_fit_is_refused() -> None:
    memory = bytearray(channels.MEMORY_SIZE)
    for text in (b"x" * 1023, b"a\0b"):
        with pytest.raises(ValueError, match="channel 5"):
            channels.send(memory, channels.STATUS, text)
    assert not any(memory)


@given(texts, numbers)
def test_what_is_sent_is_received(text: bytes, channel: int) -> None:
    memory = bytearray(channels.MEMORY_SIZE)
    assert channels.send(memory, channel, text)
    assert channels.receive(memory, channel) == text


@given(anything, numbers)
def test_garbage_is_received_without_an_error(content: bytes, channel: int) -> None:
    memory = bytearray(content)
    text = channels.receive(memory, channel)
    start = channel * channels.CHANNEL_SIZE
    assert (text is None) == (content[start] == 0)
    assert memory[start] == 0
    assert memory[:start] + memory[start + 1 :] == content[:start] + content[start + 1 :]
    if text is not None:
        assert len(text) <= 1023
        assert isinstance(control.apply(control.Wishes(), text).request, control.Request)


@given(anything, st.floats(0, 1e9), st.floats(0, 1))
def test_a_status_message_touches_its_own_mailbox_only(content: bytes, seconds: float, fraction: float) -> None:
    memory = bytearray(content)
    sent = channels.send(memory, channels.STATUS, status.status_message(seconds, seconds, fraction))
    assert sent == (content[5120] == 0)
    assert memory[:5120] == content[:5120]
    assert memory[6144:] == content[6144:]
