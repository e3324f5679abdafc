"""The checkpoint: everything a task needs to go on with the same bits, in one file that is whole or refused.

Layout: magic, BLAKE2b digest (16 bytes) of all that follows, then safetensors: a JSON header with our fields as its
metadata; the arrays of every block begun, named "<block>/<array>"; and those of all finished blocks joined, row after
row, as "finished/<array>" in the order of the block numbers in "finished".
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import safetensors
import safetensors.numpy

from kernels import limits
from kernels.errors import CannotRead
from kernels.formats import atomic
from kernels.programs.program import State
from kernels.refusals import cannot_write
from patience import may_be_held, patiently

FORMAT = 2
_MAGIC = b"AXIOMCP1"
_DIGEST_BYTES = 16
_FINISHED = "finished"


class CheckpointRefused(Exception):
    """A checkpoint that is torn, damaged, or of another work unit or program; the message says which."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a checkpoint belongs to, and the run so far."""

    format: int
    workunit: str  # hexadecimal digest
    app_version: str
    engine: str
    device: str  # its kind: which one of several it was is an accident of scheduling
    blocks: list[int]  # cells of each block, in the work unit's order of blocks
    begun: dict[int, float]  # floating-point operations done of every block begun and not finished
    computing: float  # seconds so far
    cpu: float


@dataclass(frozen=True)
class Checkpoint:
    """A header and the state of every started block, by block number; of finished ones, arrays with a row per cell."""

    header: Header
    states: Mapping[int, State]


def encode(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as a file's bytes."""
    begun, states = checkpoint.header.begun, checkpoint.states
    arrays = {f"{number}/{name}": a for number in begun for name, a in states.get(number, {}).items()}
    finished = sorted(states.keys() - begun.keys())
    if finished:  # joined: thousands of small arrays take a quarter of a second to write, and as long to read
        arrays[_FINISHED] = np.array(finished, np.int64)
        for name in states[finished[0]]:
            arrays[f"{_FINISHED}/{name}"] = np.concatenate([states[number][name] for number in finished])
    # safetensors writes an array's memory as it lies, whatever its layout: a transposed one would come back as another.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    body = safetensors.numpy.save(arrays, metadata={"header": msgspec.json.encode(checkpoint.header).decode()})
    return _MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() + body


def decode(data: bytes) -> Checkpoint:
    """The checkpoint in `data`; CheckpointRefused if anything about it is not whole."""
    start = len(_MAGIC) + _DIGEST_BYTES
    body = data[start:]
    if data[: len(_MAGIC)] != _MAGIC:
        raise CheckpointRefused("it is no checkpoint of this program")
    if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[len(_MAGIC) : start]:
        raise CheckpointRefused("it was cut off or damaged")
    try:
        length = int.from_bytes(body[:8], "little")
        metadata = msgspec.json.decode(body[8 : 8 + length], type=_Metadata).metadata
        header = msgspec.json.decode(metadata["header"], type=Header)
        arrays = safetensors.numpy.load(body)
    except (msgspec.MsgspecError, safetensors.SafetensorError, KeyError) as error:
        raise CheckpointRefused(f"its contents cannot be read ({error})") from error
    if header.format != FORMAT:
        raise CheckpointRefused(f"it has format {header.format}, this program writes {FORMAT}")
    states = _take_apart(arrays, header.blocks)
    for name, array in arrays.items():
        number, _, field = name.partition("/")
        states.setdefault(int(number), {})[field] = array
    return Checkpoint(header, states)


def _take_apart(arrays: State, blocks: Sequence[int]) -> dict[int, State]:
    """The states of finished blocks, taken out of the joined `arrays`."""
    numbers = [int(number) for number in arrays.pop(_FINISHED, ())]
    joined = {name: arrays.pop(name) for name in list(arrays) if name.startswith(f"{_FINISHED}/")}
    cells = [blocks[number] if 0 <= number < len(blocks) else 0 for number in numbers]
    if numbers and (min(cells) < 1 or any(len(rows) != sum(cells) for rows in joined.values())):
        raise CheckpointRefused("its finished cells do not fit its blocks")
    ends = list(itertools.accumulate(cells))
    return {
        number: {name.partition("/")[2]: rows[end - count : end] for name, rows in joined.items()}
        for number, count, end in zip(numbers, cells, ends, strict=True)
    }


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint, keeping the one before it as `path`.old until this one is proven readable; CannotWrite."""
    data = encode(checkpoint)
    older = _older(path)
    try:
        if path.exists() and not path.is_file():
            _discard(path)  # refused on reading; no file could take its place
        # An older one that is still there is the last that was proven: what lies at `path` now must not replace it.
        if path.exists() and not older.exists():
            patiently(lambda: path.replace(older))
        atomic.write(path, data)
        with contextlib.suppress(CannotRead):  # not proven: the older one stays
            if atomic.read(path, limits.CHECKPOINT_BYTES) == data:
                _retire(older)
    except OSError as error:
        raise cannot_write(path, error) from error


def read(path: Path, wanted: Header) -> tuple[Checkpoint | None, list[str]]:
    """The newest usable checkpoint among `path` and `path`.old, and a sentence for each one refused.

    CannotRead where it is only now that one cannot be read: whoever went on without it would lose what it holds.
    """
    refused = []
    for candidate in (path, _older(path)):
        try:
            checkpoint = decode(atomic.read(candidate, limits.CHECKPOINT_BYTES))
            _check_belongs(checkpoint.header, wanted)
        except (CheckpointRefused, CannotRead) as error:
            if isinstance(error.__cause__, FileNotFoundError):
                continue
            if isinstance(error, CannotRead) and atomic.may_pass(error):
                raise
            refused.append(f"checkpoint {candidate.name} is refused: {error}")
        else:
            return checkpoint, refused
    return None, refused


def _check_belongs(header: Header, wanted: Header) -> None:
    for field in ("workunit", "app_version", "engine", "device"):
        mine, theirs = getattr(wanted, field), getattr(header, field)
        if mine != theirs:
            raise CheckpointRefused(f"its {field} is {theirs}, not {mine}")
    if sum(header.blocks) != sum(wanted.blocks) or min(header.blocks) < 1:
        raise CheckpointRefused("its blocks do not hold the work unit's cells")


def remove(path: Path) -> None:
    """Leave no checkpoint behind."""
    for candidate in (path, _older(path)):
        _discard(candidate)


def _retire(older: Path) -> None:
    """Discard the one before a proven one. While somebody holds it, it stays, and does no harm."""
    try:
        _discard(older)
    except OSError as error:
        if not may_be_held(error):
            raise


def _discard(path: Path) -> None:
    if path.is_dir():
        patiently(path.rmdir)  # never more than an empty folder: what it holds is not ours
    else:
        patiently(lambda: path.unlink(missing_ok=True))


def _older(path: Path) -> Path:
    return path.with_name(path.name + ".old")


class _Metadata(msgspec.Struct):
    """The part of the safetensors header that holds our fields."""

    metadata: dict[str, str] = msgspec.field(name="__metadata__")
