"""Our signatures, checked by ourselves; that the real client accepts them is shown in test_loopback."""

import pytest

from tests.boinc.signing import BadFormat, PublicKey, generate_key

KEY = generate_key()


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", bytes(range(256)) * 1000])
def test_a_signature_fits_its_content_and_nothing_else(content: bytes) -> None:
    signature = KEY.sign(content)
    assert KEY.public.verify(content, signature)
    assert not KEY.public.verify(content + b"\0", signature)
    assert not generate_key().public.verify(content, signature)


def test_a_tampered_byte_is_refused() -> None:
    content = bytearray(b"echo good\n")
    signature = KEY.sign(bytes(content))
    content[5] ^= 1
    assert not KEY.public.verify(bytes(content), signature)
    flipped = "1" if signature[0] == "0" else "0"
    assert not KEY.public.verify(b"echo good\n", flipped + signature[1:])


@pytest.mark.parametrize("signature", ["", ".", "zz", "00" * 128, "ff" * 128 + ".", "00" * 127 + "\n.\n"])
def test_a_malformed_signature_is_refused(signature: str) -> None:
    assert not KEY.public.verify(b"content", signature)


def test_texts_have_the_shape_that_the_client_reads() -> None:
    lines = KEY.public.to_text().split("\n")
    assert lines[0] == "1024"
    assert [len(line) for line in lines[1:9]] == [64] * 8
    assert lines[9:] == [".", ""]
    signature = KEY.sign(b"content").split("\n")
    assert [len(line) for line in signature] == [64] * 4 + [1, 0]
    assert PublicKey.from_text(KEY.public.to_text()) == KEY.public


@pytest.mark.parametrize("text", ["", "512\n.\n", "1024\n.\n", "1024\n" + "0" * 512])
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(BadFormat):
        PublicKey.from_text(text)
