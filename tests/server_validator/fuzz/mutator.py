"""How inputs are changed: by structure, deflated and with the checksum made right again, where blind changes would end.

A file becomes a tree of lists, maps as lists of [key, value] (a key may occur twice) and leaves; some places of it are
changed; and it is written again, leaves now and then in a longer form than the canonical one. The tree of a result has
its header, the bytes of each of its columns, and those of its digests.
"""

from __future__ import annotations

import json
import math
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from kernels import limits
from tests.kernels import resultfile


class Pairs(list[Any]):
    """A map: a list of [key, value]."""


class Raw(bytes):
    """Bytes written as they are in the place of a value."""


INTEGERS = [0, 1, -1, 2, 11, 12, 32, 64, 127, 128, 255, 256, 4096, 4097, 65535, 65536, 2**31, 2**32, 2**48 - 1, 2**48,
            2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -32, -33, -(2**63)]  # fmt: skip
FLOATS = [0.0, -0.0, 1.0, 0.5, 1e-45, 5e-324, 1e-38, -1e-45, 3.4028234e38, 1e6, 1.0000001, 1e9, 1e300, math.nan,
          -math.nan, math.inf, -math.inf, 0.05, 32.0]  # fmt: skip
TEXTS = ["", "x", "exact", "torch", "cpu", "cuda", "<f4", ">f4", "<f8", "<u2", "<u4", "width", "compgen", "memdyn",
         "\n", "\x1b[2J", "\ud7ff", "é", "\u2028", "\u202e", "{}", "{0}", "a b", "x" * 64, "x" * 65, "\U0001f600" * 64,
         "count", "none", "checksum", "format", "%s", "1", "NaN"]  # fmt: skip
BYTES = [b"", bytes(4), bytes(7), bytes(8), bytes(15), bytes(16), bytes(17), b"\xff" * 16, bytes(48)]
# Headers that promise more than there is, nesting, extensions, long forms of small numbers, float32, no UTF-8.
HOSTILE = [b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xc1",
           b"\xc7\xff\x05", b"\xd4\xff\x00", b"\xd6\xff\x00\x00\x00\x00", b"\x91" * 3000, b"\x81\xa1a" * 2000,
           b"\xcc\x01", b"\xd0\x01", b"\xcd\x00\x01", b"\xcf" + bytes(7) + b"\x01", b"\xd3" + b"\xff" * 8,
           b"\xca\x3f\x80\x00\x00", b"\xa2\xc3\x28", b"\xa3\xed\xa0\x80", b"\xdc\x00\x00", b"\xde\x00\x00",
           b"\xc0"]  # fmt: skip
NUMBERS_AS_TEXT = [b"1e400", b"-1e400", b"1e-400", b"NaN", b"Infinity", b"-Infinity", b"-0", b"-0.0", b"1.0", b"1e0",
                   b"9" * 400, b"9" * 5000, b"01", b"0x10", b'"\\ud800"', b'"\\u0000"', b"[" * 3000, b"1" + b"0" * 4000,
                   b"nul", b"true", b'{"a":1,"a":2}', b"'x'", b"\xff"]  # fmt: skip

BOMB = zlib.compress(bytes(limits.CONTENT_BYTES + 1))
WIDTHS = {"<u2": 2, "<u4": 4, "<f4": 4}

Change = Callable[[Any, random.Random], None]


class Mutator:
    """Makes inputs of the readers of `readers`; `bases` are true files to fall back on and to take pieces of."""

    def __init__(self, bases: Sequence[bytes], blind: Callable[[bytes, int], bytes]) -> None:
        self.bases = bases
        self.blind = blind

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        """Another input like `data`, of at most `max_size` bytes."""
        rng = random.Random(seed)
        if rng.random() < 0.02 or len(data) < 2:
            data = rng.choice(self.bases)
        tag, body = data[:1], data[1:]
        if tag != b"w" and rng.random() < 0.05:
            tag = rng.choice([b"r", b"v", b"u"])
        try:
            changed = (_of_work_unit if tag == b"w" else _of_result)(body, rng, self)
        except RecursionError:  # of trees as deep as Python can walk
            changed = self.blind(body, len(body) + 64)
        return (tag + changed)[:max_size]

    def other(self, like: bytes, rng: random.Random) -> bytes:
        """A true file of the same kind."""
        return rng.choice([base for base in self.bases if (base[:1] == b"w") == (like == b"w")])[1:]


def _of_result(data: bytes, rng: random.Random, mutator: Mutator) -> bytes:
    tree = parsed(data)
    if tree is None and rng.random() < 0.5:
        tree = parsed(mutator.other(b"r", rng))
    if tree is None or rng.random() < 0.1:
        content = resultfile.inflated(data) or data
        blind = mutator.blind(content, max(len(content) + 64, 64))
        return _coated(resultfile.sealed(blind[:-16]) if rng.random() < 0.8 else blind, rng)
    for _ in range(1 + int(rng.expovariate(1.0))):
        changes, weights = zip(*CHANGES.items(), strict=True)
        rng.choices(changes, weights)[0](tree, rng)
        if rng.random() < 0.05:
            _transplant(tree, parsed(mutator.other(b"r", rng)), rng)
    whole = body(tree)
    if rng.random() < 0.03:
        whole = _mismeasured(whole, rng)
    return _coated(whole if rng.random() < 0.02 else resultfile.sealed(whole), rng)


def _mismeasured(whole: bytes, rng: random.Random) -> bytes:
    """The length of the header is not what is said."""
    length = int.from_bytes(whole[:4], "little")
    lies = [0, 1, length - 1, length + 1, len(whole) - 4, len(whole), 65536, 65537, 2**31, 2**32 - 1]
    return (max(rng.choice(lies), 0) % 2**32).to_bytes(4, "little") + whole[4:]


def _coated(content: bytes, rng: random.Random) -> bytes:
    """A file of the content, now and then deflated in another way, or not at all."""
    if rng.random() > 0.08:
        return zlib.compress(content)
    deflater = zlib.compressobj(rng.randrange(10), wbits=rng.choice([9, 12, 15, -15, 31]))
    file = deflater.compress(content) + deflater.flush()
    other = zlib.compressobj(zdict=content[:64])
    cut = rng.randrange(len(file) + 1)
    return rng.choice(
        [
            file, content, file[:cut], file[:-4], file[:-4] + bytes(4), file + b"\0", file + file, zlib.compress(file),
            other.compress(content) + other.flush(), BOMB, b"",
        ]
    )  # fmt: skip


def _of_work_unit(body: bytes, rng: random.Random, mutator: Mutator) -> bytes:
    try:
        tree = json.loads(body, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, Pairs) and rng.random() < 0.5:
        tree = json.loads(mutator.other(b"w", rng), object_pairs_hook=_pairs)
    if not isinstance(tree, Pairs) or rng.random() < 0.2:
        return mutator.blind(body, len(body) + 64)
    for _ in range(1 + int(rng.expovariate(1.0))):
        rng.choice([_leaf, _leaf, _nudge, _shape, _key, _wide])(tree, rng)
        if rng.random() < 0.1:
            _transplant(tree, json.loads(mutator.other(b"w", rng), object_pairs_hook=_pairs), rng)
    return as_json(tree)


# --- trees


def _pairs(pairs: list[tuple[Any, Any]]) -> Pairs:
    return Pairs([key, value] for key, value in pairs)


def parsed(data: bytes) -> Any:
    """The tree of a result, or None if it is none: header, columns and digests."""
    content = resultfile.inflated(data)
    packed, numbers = resultfile.parts(content[:-16])
    try:
        header = msgpack.unpackb(packed, object_pairs_hook=_pairs, strict_map_key=False)
    except Exception:  # the library has many ways to complain
        return None
    if not isinstance(header, Pairs):
        return None
    columns, cells, ticks = Pairs(), *_size(header)
    for name, kind in _map(header, "columns"):
        size = cells * ticks * (WIDTHS.get(kind, 0) if isinstance(kind, str) else 0)
        columns.append([_copy(name), numbers[:size]])
        numbers = numbers[size:]
    return Pairs([["header", header], ["columns", columns], ["digests", numbers]])


def _at(tree: Any, name: str) -> Any:
    """The value of a field, else None."""
    return next((value for key, value in tree if key == name), None) if isinstance(tree, Pairs) else None


def _map(tree: Any, name: str) -> Pairs:
    """The value of a field that is a map, else an empty one."""
    value = _at(tree, name)
    return value if isinstance(value, Pairs) else Pairs()


def _size(header: Any) -> tuple[int, int]:
    """Cells and measurements that a header tells of; none where it tells nonsense."""
    count, ticks = _at(_map(header, "seeds"), "count"), _at(_map(header, "clock"), "ticks")
    axes = [len(values) for _, values in _map(header, "axes") if isinstance(values, list)]
    cells = count * math.prod(axes) if isinstance(count, int) else 0
    return (cells if 0 < cells <= limits.CELLS else 0), len(ticks) if isinstance(ticks, list) else 0


def body(tree: Any) -> bytes:
    """The content of a result's tree before its checksum."""
    header = b"".join(written(value) for key, value in tree if key == "header")
    return resultfile.headed(header, b"".join(_plain(value) for key, value in tree if key != "header"))


def _plain(tree: Any) -> bytes:
    """The bytes in the values of a tree, one after the other."""
    if isinstance(tree, Pairs):
        return b"".join(_plain(value) for _, value in tree)
    if isinstance(tree, list):
        return b"".join(map(_plain, tree))
    return bytes(tree) if isinstance(tree, bytes) else written(tree)


def _header(short: int, most: int, code: int, length: int) -> bytes:
    """Of an array or a map."""
    if length < most:
        return bytes([short | length])
    return struct.pack(">BH", code, length) if length < 2**16 else struct.pack(">BI", code + 1, length)


def written(tree: Any) -> bytes:
    """The tree in MessagePack, in canonical form but for its `Raw` leaves."""
    if isinstance(tree, Raw):
        return bytes(tree)
    if isinstance(tree, Pairs):
        parts = [written(part) for pair in tree for part in pair]
        return _header(0x80, 16, 0xDE, len(tree)) + b"".join(parts)
    if isinstance(tree, list):
        return _header(0x90, 16, 0xDC, len(tree)) + b"".join(map(written, tree))
    try:
        return bytes(msgpack.packb(tree))
    except (ValueError, OverflowError):  # a number beyond 64 bits, a lone surrogate
        return b"\xc0"


def as_json(tree: Any) -> bytes:
    """The tree in JSON, twice the same key included."""
    if isinstance(tree, Raw):
        return bytes(tree)
    if isinstance(tree, Pairs):
        return b"{" + b", ".join(as_json(key) + b": " + as_json(value) for key, value in tree) + b"}"
    if isinstance(tree, list):
        return b"[" + b", ".join(map(as_json, tree)) + b"]"
    try:
        return json.dumps(tree.hex() if isinstance(tree, bytes) else tree).encode()
    except ValueError:  # more digits than Python writes
        return b"9" * 5000


def _descend(tree: Any, rng: random.Random, stop: float = 0.15) -> list[Any]:
    """A random way into the tree: each a list, a map, or a [key, value] of the one before."""
    way = [tree]
    while inner := [part for part in way[-1] if isinstance(part, list) and part]:
        if len(way) > 1 and rng.random() < stop:
            break
        way.append(rng.choice(inner))
    return way


def _spot(tree: Any, rng: random.Random) -> tuple[list[Any], int]:
    """A place that holds a value: of a list, or behind a key."""
    way = _descend(tree, rng)
    holder = way[-1]
    if isinstance(holder, Pairs):
        return (rng.choice(holder), 1) if holder else ([None, None], 1)
    is_pair = len(way) > 1 and isinstance(way[-2], Pairs)
    return holder, 1 if is_pair else rng.randrange(len(holder)) if holder else 0


def _container(tree: Any, rng: random.Random) -> list[Any]:
    """A list or a map."""
    way = _descend(tree, rng)
    while len(way) > 1 and isinstance(way[-2], Pairs):  # a pair is none of its own
        way.pop()
    container: list[Any] = way[-1]
    return container


# --- changes


def _leaf(tree: Any, rng: random.Random) -> None:
    holder, at = _spot(tree, rng)
    if holder:
        pool: Sequence[Any] = rng.choice([INTEGERS, FLOATS, TEXTS, BYTES, [None, True, False], [[], Pairs()]])
        holder[at] = rng.choice(pool)


def _nudge(tree: Any, rng: random.Random) -> None:
    """A value of the same type, not far off."""
    holder, at = _spot(tree, rng)
    if not holder:
        return
    value = holder[at]
    if isinstance(value, bool) or value is None:
        holder[at] = not value
    elif isinstance(value, int):
        holder[at] = rng.choice([value + 1, value - 1, 2 * value, -value, value ^ 1 << rng.randrange(64),
                                 float(value) if abs(value) < 2**64 else 0])  # fmt: skip
    elif isinstance(value, float):
        up = math.nextafter(value, math.inf)
        holder[at] = rng.choice([up, -value, value * 1.0001, value + 1, rng.choice(FLOATS), int(min(abs(value), 9e9))
                                 if math.isfinite(value) else 0])  # fmt: skip
    elif isinstance(value, str):
        cut = rng.randrange(len(value) + 1)
        holder[at] = value[:cut] + rng.choice(["", "x", "\n", "A", "é", "\0", value]) + value[cut + rng.randrange(2) :]
    elif isinstance(value, bytes):
        holder[at] = _bytes_nudged(value, rng)


def _bytes_nudged(value: bytes, rng: random.Random) -> bytes:
    changed = bytearray(value)
    if changed and rng.random() < 0.6:
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return bytes(changed)
    cut = rng.randrange(len(changed) + 1)
    return bytes(rng.choice([changed[:cut], changed + b"\0", changed[:-1], changed + changed[:4], changed[::-1]]))


def _shape(tree: Any, rng: random.Random) -> None:
    """A list or a map with something more, less, twice, or elsewhere."""
    container = _container(tree, rng)
    if not container:
        container.append(["x", 1] if isinstance(container, Pairs) else 1)
        return
    a, b = rng.randrange(len(container)), rng.randrange(len(container))
    how = rng.randrange(7)
    if how == 0:
        del container[a]
    elif how == 1:
        container.insert(b, _copy(container[a]))
    elif how == 2:
        container[a], container[b] = container[b], container[a]
    elif how == 3:
        rng.shuffle(container)
    elif how == 4:
        del container[a:]
    elif how == 5:
        container.extend(_copy(container[a]) for _ in range(rng.choice([1, 2, 5, 70])))
    else:
        new = rng.choice([*INTEGERS, *TEXTS])
        container.insert(a, [rng.choice(TEXTS), new] if isinstance(container, Pairs) else new)


def _key(tree: Any, rng: random.Random) -> None:
    """Another name of a field, or more fields with names and values as long as can be."""
    container = _container(tree, rng)
    if not isinstance(container, Pairs) or not container:
        return
    if rng.random() < 0.2:
        container.extend([f"{number}".rjust(64, "k"), "v" * 64] for number in range(rng.choice([3, 60, 64, 65])))
    else:
        rng.choice(container)[0] = rng.choice([*TEXTS, 1, None, b"gap"])


def _wide(tree: Any, rng: random.Random) -> None:
    """A value in another writing, or what only looks like one."""
    holder, at = _spot(tree, rng)
    if not holder:
        return
    value = holder[at]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 and rng.random() < 0.5:
        long = [(">BB", 0xCC), (">BH", 0xCD), (">BI", 0xCE), (">BQ", 0xCF), (">Bq", 0xD3)]
        form, code = rng.choice([one for one in long if value < 256 ** (struct.calcsize(one[0]) - 1)])
        holder[at] = Raw(struct.pack(form, code, value))
    elif isinstance(value, str) and rng.random() < 0.5:
        text = value.encode(errors="replace")
        holder[at] = Raw(struct.pack(">BH", 0xDA, len(text)) + text)
    else:
        holder[at] = Raw(rng.choice([*HOSTILE, *NUMBERS_AS_TEXT]))


def _transplant(tree: Any, other: Any, rng: random.Random) -> None:
    """A part of another true file, in the place of the same or of any."""
    holder, at = _spot(tree, rng)
    if isinstance(other, Pairs) and isinstance(tree, Pairs) and other and rng.random() < 0.6:
        number = rng.randrange(min(len(tree), len(other))) if tree else 0
        if tree:
            tree[number] = other[number]
    elif holder and isinstance(other, Pairs):
        other_holder, there = _spot(other, rng)
        if other_holder:
            holder[at] = other_holder[there]


def _within(tree: Any, rng: random.Random) -> None:
    """A part of this file in another place of it."""
    (holder, at), (other, there) = _spot(tree, rng), _spot(tree, rng)
    if holder and other:
        holder[at] = _copy(other[there])


def _numbers(tree: Any) -> list[tuple[list[Any], NDArray[Any]]]:
    """Of every column that looks like one its place in the tree, and its numbers [cells, measurements]."""
    header = _at(tree, "header")
    cells, ticks = _size(header)
    kinds = {str(key): str(kind) for key, kind in _map(header, "columns")}
    return [
        (pair, resultfile.column(pair[1], kinds[str(pair[0])], cells))
        for pair in _map(tree, "columns")
        if isinstance(pair[1], bytes)
        and pair[1]
        and len(pair[1]) == cells * ticks * WIDTHS.get(kinds.get(str(pair[0]), ""), 0)
    ]


def _curve(tree: Any, rng: random.Random) -> None:
    """Numbers of a metric: what a liar invents, and what no computation gives."""
    found = _numbers(tree)
    if not found:
        return
    pair, column = rng.choice(found)
    values = column[rng.randrange(len(column))]
    at = rng.randrange(len(values))
    with np.errstate(all="ignore"):
        (_count if column.dtype.kind == "u" else _float)(values, at, rng)
    pair[1] = resultfile.planes(column)


def _count(values: NDArray[Any], at: int, rng: random.Random) -> None:
    most = np.iinfo(values.dtype).max
    how = rng.randrange(5)
    if how == 0:
        values[at] = rng.choice([0, 1, 499, 500, 1000, 2000, 2001, 4096, 8192, 32768, most])
    elif how == 1:
        values[at] ^= values.dtype.type(1 << rng.randrange(16))
    elif how == 2:
        values[at] += values.dtype.type(rng.choice([1, most]))  # one less
    elif how == 3:
        values[:] = values[at]
    else:
        values[at:] = values[at]


def _float(values: NDArray[Any], at: int, rng: random.Random) -> None:
    how = rng.randrange(7)
    if how == 0:
        values[at] = np.float32(rng.choice(FLOATS))
    elif how == 1:
        values[at] = np.nextafter(values[at], np.float32(rng.choice([-1e9, 1e9])))
    elif how == 2:
        values[:] = np.float32(rng.choice(FLOATS))
    elif how == 3:
        values *= np.float32(1 + rng.choice([1e-7, -1e-7, 1e-6, 1e-4, 0.01, 1.0]))
    elif how == 4:
        values[at] = -values[at]
    elif how == 5:
        values[at:] = values[at]
    else:
        values.view(np.uint32)[at] = rng.getrandbits(32)


def _row(tree: Any, rng: random.Random) -> None:
    """One cell in the place of another, in some columns or all; or columns in each other's."""
    found = _numbers(tree)
    if not found:
        return
    cells = len(found[0][1])
    one, other = rng.randrange(cells), rng.randrange(cells)
    for pair, column in found if rng.random() < 0.5 else rng.sample(found, 1):
        column[[one, other]] = column[[other, one if rng.random() < 0.5 else other]]
        pair[1] = resultfile.planes(column)
    if rng.random() < 0.2:
        first, second = rng.choice(found)[0], rng.choice(found)[0]
        first[1], second[1] = second[1], first[1]


def _said(tree: Any, rng: random.Random) -> None:
    """What a host may say of itself, within its limits and just beyond; and the class, by which it is judged."""
    top = {str(pair[0]): pair for pair in _map(tree, "header")}
    if "engine" in top and rng.random() < 0.3:
        top["engine"][1], agreement = rng.choice([("c", "exact"), ("torch", "near")])
        if "agreement" in top and rng.random() < 0.8:
            top["agreement"][1] = agreement
    if "app_version" in top and rng.random() < 0.3:
        top["app_version"][1] = rng.choice(["0.1.0", "9", "x" * 64, "x" * 65, "a+b-c_d.e"])
    for name in ("device", "timings"):
        if name in top and isinstance(top[name][1], Pairs) and top[name][1]:
            rng.choice(top[name][1])[1] = rng.choice(["cpu", "cuda", "x" * 64, 1, 4096, 4097, 0.0, 1e9, 1.5, -0.0])


CHANGES: dict[Change, int] = {
    _leaf: 4, _nudge: 5, _shape: 5, _key: 2, _wide: 2, _within: 2, _curve: 7, _row: 2, _said: 2,
}  # fmt: skip


def _copy(tree: Any) -> Any:
    return type(tree)(map(_copy, tree)) if isinstance(tree, list) else tree
