"""BOINC's signatures and keys: checked by themselves and by OpenSSL; that clients take them is shown in tests/boinc."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import signing
from signing import PrivateKey, PublicKey, Refused, generate_key

KEY = generate_key()
SCRIPT = Path(signing.__file__)


def run(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as on an offline machine: the one file, in a folder of its own, with a bare Python."""
    alone = folder / "offline" / "signing.py"
    alone.parent.mkdir(exist_ok=True)
    shutil.copy(SCRIPT, alone)
    command = [sys.executable, "-IS", str(alone), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", bytes(range(256)) * 1000])
def test_a_signature_fits_its_content_and_nothing_else(content: bytes) -> None:
    signature = KEY.sign(content)
    assert KEY.public.verify(content, signature)
    assert not KEY.public.verify(content + b"\0", signature)
    assert not generate_key().public.verify(content, signature)


def test_the_quick_way_gives_what_the_plain_power_gives() -> None:
    number = int(KEY.sign(b"content").replace("\n", "").rstrip("."), 16)
    padded = b"\x00\x01" + b"\xff" * 93 + b"\x00" + hashlib.md5(b"content").hexdigest().encode()
    assert len(padded) == 128
    assert number == pow(int.from_bytes(padded, "big"), KEY.exponent, KEY.public.modulus)


def test_a_tampered_byte_is_refused() -> None:
    signature = KEY.sign(b"echo good\n")
    assert not KEY.public.verify(b"echo gold\n", signature)
    flipped = "1" if signature[0] == "0" else "0"
    assert not KEY.public.verify(b"echo good\n", flipped + signature[1:])


def test_a_number_beyond_the_modulus_is_refused_though_it_computes_to_the_same() -> None:
    """Else a file would have more than one signature."""
    while True:
        key = generate_key()
        number = int(key.sign(b"content").replace("\n", "").rstrip("."), 16) + key.public.modulus
        if number < 2**1024:
            break
    assert not key.public.verify(b"content", f"{number:0256x}.")


@pytest.mark.parametrize("signature", ["", ".", "zz", "00" * 128, "ff" * 128 + ".", "00" * 127 + "\n.\n"])
def test_a_malformed_signature_is_refused(signature: str) -> None:
    assert not KEY.public.verify(b"content", signature)


def test_texts_have_the_shape_that_boinc_reads() -> None:
    public, private, signature = KEY.public.to_text(), KEY.to_text(), KEY.sign(b"content")
    for text, sizes in ((public, [4] + [64] * 8), (private, [4] + [64] * 22), (signature, [64] * 4)):
        lines = text.split("\n")
        assert [len(line) for line in lines] == [*sizes, 1, 0]
        assert re.fullmatch(r"(1024\n)?[0-9a-f\n]+\.\n", text)
    # Modulus and exponents come first in both.
    assert private.startswith(public[:-3])
    assert PublicKey.from_text(public) == KEY.public
    assert PrivateKey.from_text(private) == KEY


@pytest.mark.parametrize("text", ["", "512\n.\n", "1024\n.\n", "1024\n" + "0" * 512, "1024\n" + "0" * 512 + "\n.\n"])
def test_a_malformed_key_is_refused(text: str) -> None:
    for kind in (PublicKey, PrivateKey):
        with pytest.raises(Refused):
            kind.from_text(text)


def test_a_key_with_carriage_returns_is_refused() -> None:
    for kind, text in ((PublicKey, KEY.public.to_text()), (PrivateKey, KEY.to_text())):
        with pytest.raises(Refused, match="CR"):
            kind.from_text(text.replace("\n", "\r\n"))


def test_a_private_key_with_one_wrong_digit_anywhere_is_refused_without_showing_it() -> None:
    text = KEY.to_text()
    for at in range(5, len(text) - 3, 37):
        if text[at] != "\n":
            with pytest.raises(Refused) as caught:
                PrivateKey.from_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
            assert not re.search("[0-9a-f]{16}", str(caught.value))
    with pytest.raises(Refused) as caught:
        PrivateKey.from_text(text.replace("\n.", "xyz\n."))
    assert not re.search("[0-9a-f]{16}", str(caught.value))


def test_nothing_shows_a_private_key() -> None:
    assert str(KEY.p) not in f"{KEY!r}{KEY}"
    assert str(KEY.exponent) not in f"{KEY!r}{KEY}"


def test_a_fault_in_computing_is_noticed_before_it_gives_the_key_away() -> None:
    wrong = PrivateKey(KEY.public, KEY.exponent, KEY.p, KEY.q + 2)
    with pytest.raises(Refused, match="computes wrongly"):
        wrong.sign(b"content")


def test_a_life_on_an_offline_machine(tmp_path: Path) -> None:
    done = run("genkey", "private", "public", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) & 0o022 == 0
    assert b"\r" not in (tmp_path / "private").read_bytes() + (tmp_path / "public").read_bytes()

    tree = tmp_path / "tree"
    (tree / "rt" / "deep").mkdir(parents=True)
    files = [tree / "main", tree / "rt" / "empty", tree / "rt" / "deep" / "lib.so.1"]
    for size, path in enumerate(files):
        path.write_bytes(b"x" * size)
    (tree / "version.xml").write_text("<version/>")
    done = run("sign", "--key", "private", "tree", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "3 files signed\n")
    secret = (tmp_path / "private").read_text().split("\n")[9]
    assert secret not in done.stdout + done.stderr
    assert sorted(tree.rglob("*.sig")) == sorted(path.with_name(path.name + ".sig") for path in files)
    # Signing again signs no signatures.
    assert run("sign", "--key", "private", "tree", folder=tmp_path).stdout == "3 files signed\n"
    assert run("verify", "--key", "public", "tree", folder=tmp_path).returncode == 0

    files[2].write_bytes(b"xy")
    done = run("verify", "--key", "public", "tree", folder=tmp_path)
    assert done.returncode == 1
    assert "lib.so.1: the signature does not fit" in done.stderr
    files[2].with_name("lib.so.1.sig").unlink()
    done = run("verify", "--key", "public", "tree", folder=tmp_path)
    assert done.returncode == 1
    assert "has no signature" in done.stderr
    assert run("verify", "--key", "public", "offline/nothing", folder=tmp_path).returncode == 1


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "public").write_text("the project's own")
    done = run("genkey", "private", "public", folder=tmp_path)
    assert done.returncode == 1
    assert "is never overwritten" in done.stderr
    assert not (tmp_path / "private").exists()
    assert (tmp_path / "public").read_text() == "the project's own"


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "dos").write_bytes(KEY.to_text().replace("\n", "\r\n").encode())
    for key in ("missing", "file", "dos", "."):
        done = run("sign", "--key", key, "file", folder=tmp_path)
        assert done.returncode == 1
        assert re.fullmatch(r"signing: [^\n]+\n", done.stderr), done.stderr
        assert not list(tmp_path.glob("*.sig"))


# A second opinion on every number: OpenSSL, which knows nothing of our code.

openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def der(*numbers: int) -> bytes:
    """A PKCS#1 key of these numbers, as OpenSSL reads it."""

    def item(tag: int, body: bytes) -> bytes:
        size = len(body)
        length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
        return bytes([tag]) + length + body

    integers = [item(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in numbers]
    return item(0x30, b"".join(integers))


@openssl
def test_openssl_recovers_the_hex_md5_from_a_signature(tmp_path: Path) -> None:
    (tmp_path / "public.der").write_bytes(der(KEY.public.modulus, KEY.public.exponent))
    (tmp_path / "signature").write_bytes(bytes.fromhex(KEY.sign(b"content").rstrip(".\n")))
    # The key is a bare PKCS#1 one, which only `rsa -RSAPublicKey_in` takes.
    convert = ["openssl", "rsa", "-RSAPublicKey_in", "-inform", "DER", "-in", "public.der", "-out", "public.pem"]
    subprocess.run([*convert, "-pubout"], cwd=tmp_path, check=True, capture_output=True)
    key = ["-pubin", "-inkey", "public.pem"]
    recover = ["openssl", "pkeyutl", "-verifyrecover", *key, "-in", "signature", "-pkeyopt", "rsa_padding_mode:pkcs1"]
    done = subprocess.run(recover, cwd=tmp_path, check=True, capture_output=True)
    assert done.stdout == hashlib.md5(b"content").hexdigest().encode()


@openssl
def test_openssl_finds_the_private_key_whole_and_signs_the_same(tmp_path: Path) -> None:
    text = KEY.to_text().split("\n", 1)[1].replace("\n", "").rstrip(".")
    sizes = (256, 256, 256, 128, 128, 128, 128, 128)
    ends = [sum(sizes[: count + 1]) for count in range(len(sizes))]
    numbers = [int(text[end - size : end], 16) for end, size in zip(ends, sizes, strict=True)]
    (tmp_path / "private.der").write_bytes(der(0, *numbers))
    check = ["openssl", "pkey", "-inform", "DER", "-in", "private.der"]
    done = subprocess.run([*check, "-check", "-noout"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Key is valid" in done.stdout + done.stderr) == (0, True), done.stderr
    subprocess.run([*check, "-out", "private.pem"], cwd=tmp_path, capture_output=True, check=True)
    (tmp_path / "md5").write_text(hashlib.md5(b"content").hexdigest())
    sign = ["openssl", "pkeyutl", "-sign", "-inkey", "private.pem", "-in", "md5", "-pkeyopt", "rsa_padding_mode:pkcs1"]
    signed = subprocess.run(sign, cwd=tmp_path, check=True, capture_output=True)
    assert signed.stdout.hex() == KEY.sign(b"content").replace("\n", "").rstrip(".")
