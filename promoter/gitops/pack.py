"""Packs as git reads them, with small deltas in place of whole objects that hardly differ.

git tries no deltas between the whole objects of one pack, so that a push would send each of them.
https://git-scm.com/docs/gitformat-pack
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitdb.fun import create_pack_object_header  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_DELTA_IN_PACK, _DELTA = 6, 7
_VERSION = 2
_COPIED, _INSERTED = 0xFFFF, 0x7F


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a pack: its id, kind and bytes; and the id and bytes of one that is nearly it."""

    oid: str
    kind: str
    data: bytes
    like: tuple[str, bytes] | None = None


def pack(entries: Sequence[Entry]) -> bytes:
    """Return the pack of these objects; what one is like is before it, or in the repository."""
    whole = bytearray(struct.pack(">4sLL", b"PACK", _VERSION, len(entries)))
    places: dict[str, int] = {}
    for one in entries:
        kind, base, data = _KINDS[one.kind], b"", one.data
        if one.like is not None:
            like, changes = one.like[0], delta(one.like[1], one.data)
            # By its place where it is in the pack: a partial clone would ask its remote for the id.
            if len(changes) < len(data) and like in places:
                kind, base, data = _DELTA_IN_PACK, _distance(len(whole) - places[like]), changes
            elif len(changes) < len(data):
                kind, base, data = _DELTA, bytes.fromhex(like), changes
        places[one.oid] = len(whole)
        whole += create_pack_object_header(kind, len(data)) + base + zlib.compress(data, 1)
    return bytes(whole) + hashlib.sha1(whole, usedforsecurity=False).digest()


def delta(old: bytes, new: bytes) -> bytes:
    """Return the steps from old to new bytes: what both begin with, what is new, what both end with."""
    begin = _alike(old, new)
    end = _alike(old[begin:][::-1], new[begin:][::-1])
    steps = [_size(len(old)), _size(len(new))]
    steps += _copies(0, begin)
    middle = new[begin : len(new) - end]
    for at in range(0, len(middle), _INSERTED):
        part = middle[at : at + _INSERTED]
        steps += [bytes([len(part)]), part]
    steps += _copies(len(old) - end, end)
    return b"".join(steps)


def _alike(one: bytes, other: bytes) -> int:
    """Return how many bytes two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _copies(offset: int, length: int) -> list[bytes]:
    """Return the steps that copy a range of the old bytes: four bytes of offset, two of size each."""
    return [
        struct.pack("<BLH", 0xBF, at, min(_COPIED, offset + length - at))
        for at in range(offset, offset + length, _COPIED)
    ]


def _distance(number: int) -> bytes:
    """Return how far back a base begins: groups of seven bits, the highest first, each counted from 1."""
    groups = [number & 0x7F]
    while number := number >> 7:
        number -= 1
        groups.append(0x80 | (number & 0x7F))
    return bytes(reversed(groups))


def _size(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    groups = []
    while number > 0x7F:
        groups.append(0x80 | (number & 0x7F))
        number >>= 7
    return bytes([*groups, number])
