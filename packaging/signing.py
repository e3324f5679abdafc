"""Signs application files in BOINC's own format, makes the keys, and checks signatures. Python 3.11 and nothing else.

    python signing.py genkey PRIVATE PUBLIC        a new pair of keys, once for a project's life
    python signing.py sign --key PRIVATE FILE...   makes FILE.sig beside each file; a folder means the files in it
    python signing.py verify --key PUBLIC FILE...  whether FILE.sig fits each file; a folder as above

A client runs a file of an application version only if its signature fits the project's public key. The private key
belongs on a machine without a network: copy this one file and the tree there, sign, and copy the .sig files back.

The format is BOINC's, not ours, and weak by today's measure: RSA with 1024 bits, over the MD5 of the file. Colliding
MD5s can be made at will, so never sign a file that somebody else has chosen a part of. 1024 bits stop everybody but
those with great means. No client takes anything better.

A signature is the file's MD5 as 32 lower-case hex digits, padded as PKCS#1 v1.5 type 1 without the usual DigestInfo,
and raised to the private exponent. A key's text is the line 1024 and then its numbers, of a fixed size each, in hex of
64 digits a line, ended by a line with one dot. Public: modulus, exponent; private: those, the private exponent, and
p, q, d mod p-1, d mod q-1, 1/q mod p. Lines end in LF alone: BOINC refuses keys with CR.
"""

import argparse
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key")

BITS = 1024
BYTES = BITS // 8
HALF = BYTES // 2
PUBLIC_EXPONENT = 65537
SUFFIX = ".sig"
_HEX_PER_LINE = 64
_NOT_SIGNED = "version.xml"  # read by the server, never sent


class Refused(Exception):
    """What cannot be done, in one sentence for the person who asked."""


@dataclass(frozen=True)
class PublicKey:
    """What clients check with; its text is BOINC's code_sign_public, and what a scheduler reply holds."""

    modulus: int
    exponent: int

    def to_text(self) -> str:
        """The text of a key file."""
        return f"{BITS}\n{_hex_lines(_fields((self.modulus, BYTES), (self.exponent, BYTES)))}"

    @classmethod
    def from_text(cls, text: str) -> "PublicKey":
        """The key of a key file; Refused if it is none."""
        modulus, exponent = _numbers(text, "public", (BYTES, BYTES))
        if modulus.bit_length() != BITS or exponent < 3 or exponent % 2 == 0:
            raise Refused("the numbers of the public key are none of an RSA key: make a new pair with genkey")
        return cls(modulus, exponent)

    def verify(self, content: bytes, signature: str) -> bool:
        """Whether `signature` (the text of a .sig file) was made over `content` with the private half of this key."""
        return self.verify_digest(digest(content), signature)

    def verify_digest(self, md5: str, signature: str) -> bool:
        """The same for content that is known by its MD5 in hex."""
        try:
            number = int.from_bytes(_from_hex_lines(signature, BYTES, "a signature"), "big")
        except Refused:
            return False
        return number < self.modulus and pow(number, self.exponent, self.modulus) == _padded(md5)


@dataclass(frozen=True, repr=False)
class PrivateKey:
    """What signs; its text is BOINC's code_sign_private. No repr: it would show the secret in logs and tracebacks."""

    public: PublicKey
    exponent: int
    p: int
    q: int

    def to_text(self) -> str:
        """The text of a key file."""
        dp, dq = self.exponent % (self.p - 1), self.exponent % (self.q - 1)
        wide = ((self.public.modulus, BYTES), (self.public.exponent, BYTES), (self.exponent, BYTES))
        narrow = tuple((number, HALF) for number in (self.p, self.q, dp, dq, pow(self.q, -1, self.p)))
        return f"{BITS}\n{_hex_lines(_fields(*wide, *narrow))}"

    @classmethod
    def from_text(cls, text: str) -> "PrivateKey":
        """The key of a key file; Refused if it is none, or if its numbers do not belong together."""
        sizes = (BYTES, BYTES, BYTES, HALF, HALF, HALF, HALF, HALF)
        modulus, public, private, p, q, dp, dq, coefficient = _numbers(text, "private", sizes)
        fits = min(p, q) > 2 and p * q == modulus and modulus.bit_length() == BITS
        fits = fits and public * private % (p - 1) == 1 and public * private % (q - 1) == 1
        if not fits or (dp, dq) != (private % (p - 1), private % (q - 1)) or coefficient * q % p != 1:
            raise Refused("the numbers of the private key do not belong together: take the file from its backup")
        return cls(PublicKey(modulus, public), private, p, q)

    def sign(self, content: bytes) -> str:
        """The text of the .sig file of `content`."""
        return self.sign_digest(digest(content))

    def sign_digest(self, md5: str) -> str:
        """The same for content that is known by its MD5 in hex."""
        message = _padded(md5)
        # Modulo p and q apart is four times as fast; checked, since one wrong bit in there would give away the key.
        from_p = pow(message, self.exponent % (self.p - 1), self.p)
        from_q = pow(message, self.exponent % (self.q - 1), self.q)
        number = from_q + self.q * ((from_p - from_q) * pow(self.q, -1, self.p) % self.p)
        if pow(number, self.public.exponent, self.public.modulus) != message:
            raise Refused("this machine computes wrongly: a signature did not fit its own key, sign on another one")
        return _hex_lines(number.to_bytes(BYTES, "big"))


def generate_key() -> PrivateKey:
    """A fresh key; takes about a tenth of a second."""
    while True:
        p, q = _random_prime(BITS // 2), _random_prime(BITS // 2)
        order = (p - 1) * (q - 1)
        if p != q and order % PUBLIC_EXPONENT != 0:
            return PrivateKey(PublicKey(p * q, PUBLIC_EXPONENT), pow(PUBLIC_EXPONENT, -1, order), p, q)


def digest(content: bytes) -> str:
    """The MD5 in lower-case hex, over which BOINC signs."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def read_private(path: Path) -> PrivateKey:
    """The private key of a file; Refused says what is wrong with it, and never what is in it."""
    return _named(path, PrivateKey.from_text)


def read_public(path: Path) -> PublicKey:
    """The public key of a file; Refused says what is wrong with it."""
    return _named(path, PublicKey.from_text)


def write_keys(key: PrivateKey, private: Path, public: Path) -> None:
    """Write both halves; Refused if a file is there, since a project that loses its key loses its clients."""
    for path in (private, public):
        if os.path.lexists(path):
            raise Refused(f"{path} exists and stays: a key is never overwritten, give another name")
    for path, text, mode in ((private, key.to_text(), 0o600), (public, key.public.to_text(), 0o644)):
        try:
            # With its mode from the first moment on, and never through a link that somebody laid there meanwhile.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise Refused(f"cannot write {path}: {error.strerror}") from error


def sign_file(key: PrivateKey, path: Path) -> Path:
    """Make `path`.sig; its path."""
    made = path.with_name(path.name + SUFFIX)
    text = key.sign_digest(_file_digest(path))
    try:
        made.write_text(text, encoding="ascii", newline="\n")
    except OSError as error:
        raise Refused(f"cannot write {made}: {error.strerror}") from error
    return made


def verify_file(key: PublicKey, path: Path) -> bool:
    """Whether `path`.sig fits `path`; Refused if there is none."""
    made = path.with_name(path.name + SUFFIX)
    try:
        text = made.read_bytes().decode("ascii", "replace")
    except OSError as error:
        raise Refused(f"{path} has no signature that can be read ({made.name}: {error.strerror}): sign it") from error
    return key.verify_digest(_file_digest(path), text)


def signable(words: Sequence[Path]) -> Iterator[Path]:
    """The files themselves, and in folders every file that clients are sent."""
    for word in words:
        if word.is_dir():
            files = sorted(path for path in word.rglob("*") if not path.is_dir())
            yield from (path for path in files if path.suffix != SUFFIX and path.name != _NOT_SIGNED)
        else:
            yield word


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error


def _named(path: Path, parse: Callable[[str], Key]) -> Key:
    try:
        return parse(path.read_bytes().decode("ascii", "replace"))
    except OSError as error:
        raise Refused(f"cannot read the key {path}: {error.strerror}") from error
    except Refused as why:
        raise Refused(f"{path}: {why}") from None


def _padded(md5: str) -> int:
    """00 01 FF .. FF 00 and the hex digits, as a number."""
    text = md5.encode("ascii")
    return int.from_bytes(b"\x00\x01" + b"\xff" * (BYTES - len(text) - 3) + b"\x00" + text, "big")


def _fields(*numbers: tuple[int, int]) -> bytes:
    return b"".join(number.to_bytes(size, "big") for number, size in numbers)


def _numbers(text: str, half: str, sizes: Sequence[int]) -> list[int]:
    """The numbers of a key file, each of so many bytes."""
    if "\r" in text:
        raise Refused(f"the {half} key has CR at its line ends, which BOINC refuses: convert it to LF alone")
    first, _, rest = text.partition("\n")
    if first != str(BITS):
        raise Refused(f"a key starts with the line {BITS}, and this {half} key does not: give BOINC's own key file")
    data = _from_hex_lines(rest, sum(sizes), f"a {half} key")
    ends = [sum(sizes[: count + 1]) for count in range(len(sizes))]
    return [int.from_bytes(data[end - size : end], "big") for end, size in zip(ends, sizes, strict=True)]


def _hex_lines(data: bytes) -> str:
    """Lower-case hex, 64 digits a line, ended by a line with one dot."""
    text = data.hex()
    lines = [text[at : at + _HEX_PER_LINE] for at in range(0, len(text), _HEX_PER_LINE)]
    return "\n".join([*lines, "."]) + "\n"


def _from_hex_lines(text: str, size: int, what: str) -> bytes:
    body, dot, tail = text.partition(".")
    try:
        data = bytes.fromhex(body)
    except ValueError:  # not the error's own text: it could quote the key
        data = b""
    if not dot or tail.strip() or len(data) != size:
        raise Refused(f"{what} is {size} bytes in hex and a final dot, and this is not: take the file from its backup")
    return data


def _random_prime(bits: int) -> int:
    """A random prime whose two top bits are set, so that two of them multiply to exactly twice the bits."""
    while True:
        candidate = secrets.randbits(bits) | (0b11 << (bits - 2)) | 1
        if all(candidate % small for small in _SMALL_PRIMES) and _is_prime(candidate):
            return candidate


def _is_prime(number: int, rounds: int = 24) -> bool:
    """Miller-Rabin with random bases; `number` is odd and large."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


# Trial division by these throws most candidates out before the costly test.
_SMALL_PRIMES = [n for n in range(3, 1000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def _genkey(options: argparse.Namespace) -> int:
    write_keys(generate_key(), options.private, options.public)
    print(f"{options.private}: keep it off the server and off the network, with a backup; {options.public}: publish it")
    return 0


def _sign(options: argparse.Namespace) -> int:
    key = read_private(options.key)
    made = [sign_file(key, path) for path in signable(options.files)]
    print(f"{len(made)} files signed")
    return 0


def _verify(options: argparse.Namespace) -> int:
    key = read_public(options.key)
    fits = {path: verify_file(key, path) for path in signable(options.files)}
    for path in (path for path, good in fits.items() if not good):
        print(f"{path}: the signature does not fit", file=sys.stderr)
    print(f"{sum(fits.values())} of {len(fits)} signatures fit")
    return 0 if fits and all(fits.values()) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 done, 1 refused or a signature does not fit."""
    parser = argparse.ArgumentParser(prog="signing.py", description="Code signing in BOINC's format.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    genkey = commands.add_parser("genkey", help="make a pair of keys")
    genkey.add_argument("private", type=Path, metavar="PRIVATE")
    genkey.add_argument("public", type=Path, metavar="PUBLIC")
    genkey.set_defaults(run=_genkey)
    for name, run, text in (("sign", _sign, "make FILE.sig for files"), ("verify", _verify, "check FILE.sig of files")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--key", type=Path, required=True, metavar="KEY", help="a key file of genkey or BOINC")
        command.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a file, or a folder of them")
        command.set_defaults(run=run)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except Refused as why:
        print(f"signing: {why}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
