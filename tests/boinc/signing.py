"""Code signing in BOINC's own format, in pure Python, for the loopback project server.

A BOINC client runs a file of an app version only when a signature made with the project's key fits it. The format is
RSA-1024: the lower-case hex MD5 of the file (32 characters of text) is padded as PKCS#1 v1.5 type 1, without the usual
DigestInfo, and raised to the private exponent. That is weak by today's measure; this module imitates it so that tests
can serve signed programs. It protects nothing: the keys live as long as one test.
"""

import hashlib
import secrets
from dataclasses import dataclass

BITS = 1024
BYTES = BITS // 8
PUBLIC_EXPONENT = 65537
_HEX_PER_LINE = 64


class BadFormat(ValueError):
    """A key or signature text that does not follow BOINC's format."""


@dataclass(frozen=True)
class PublicKey:
    modulus: int
    exponent: int

    def to_text(self) -> str:
        """The text of BOINC's `code_sign_public` file, which is also what `<code_sign_key>` holds."""
        numbers = self.modulus.to_bytes(BYTES, "big") + self.exponent.to_bytes(BYTES, "big")
        return f"{BITS}\n{_hex_lines(numbers)}"

    @classmethod
    def from_text(cls, text: str) -> "PublicKey":
        first, _, rest = text.partition("\n")
        if first != str(BITS):
            raise BadFormat(f"a public key starts with the line {BITS}, not {first!r}")
        numbers = _from_hex_lines(rest, 2 * BYTES)
        return cls(int.from_bytes(numbers[:BYTES], "big"), int.from_bytes(numbers[BYTES:], "big"))

    def verify(self, content: bytes, signature: str) -> bool:
        """Whether `signature` (hex lines) was made over `content` with the private half of this key."""
        try:
            number = int.from_bytes(_from_hex_lines(signature, BYTES), "big")
        except BadFormat:
            return False
        if number >= self.modulus:
            return False
        return pow(number, self.exponent, self.modulus) == _padded_digest(content)


@dataclass(frozen=True)
class PrivateKey:
    public: PublicKey
    exponent: int

    def sign(self, content: bytes) -> str:
        """The signature of `content` as `<file_signature>` holds it: hex lines and a line with one dot."""
        number = pow(_padded_digest(content), self.exponent, self.public.modulus)
        return _hex_lines(number.to_bytes(BYTES, "big"))


def generate_key() -> PrivateKey:
    """A fresh RSA-1024 key; takes about a tenth of a second."""
    while True:
        p, q = _random_prime(BITS // 2), _random_prime(BITS // 2)
        order = (p - 1) * (q - 1)
        if p != q and order % PUBLIC_EXPONENT != 0:
            public = PublicKey(p * q, PUBLIC_EXPONENT)
            return PrivateKey(public, pow(PUBLIC_EXPONENT, -1, order))


def _padded_digest(content: bytes) -> int:
    """The MD5 hex text of `content` behind 00 01 FF .. FF 00, as a number."""
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest().encode("ascii")
    padding = b"\xff" * (BYTES - len(digest) - 3)
    return int.from_bytes(b"\x00\x01" + padding + b"\x00" + digest, "big")


def _hex_lines(data: bytes) -> str:
    """Lower-case hex, 64 characters a line, ended by a line with one dot: how BOINC prints numbers."""
    text = data.hex()
    lines = [text[at : at + _HEX_PER_LINE] for at in range(0, len(text), _HEX_PER_LINE)]
    return "\n".join([*lines, "."]) + "\n"


def _from_hex_lines(text: str, size: int) -> bytes:
    body, dot, tail = text.partition(".")
    try:
        data = bytes.fromhex(body)
    except ValueError as error:
        raise BadFormat(f"not hex: {error}") from error
    if not dot or tail.strip() or len(data) != size:
        raise BadFormat(f"{size} bytes in hex and a final dot expected, {len(data)} bytes found")
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
