"""Merkle tree hash and audit paths of RFC 6962 §2.1 (SHA-256): one root stands for many records in their order.

Leaves and inner nodes have different prefixes, so that no inner node can be passed off as a record.
"""

import hashlib
from collections.abc import Sequence

LEAF, NODE = b"\x00", b"\x01"
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of a record as a leaf."""
    return hashlib.sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(NODE + left + right).digest()


def levels_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Hashes of the tree from the leaves up to the root; a node without a neighbour goes up as it is (§2.1)."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        paired = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(paired + below[len(below) & ~1 :])
    return levels


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes; the hash of nothing when there are none."""
    return levels_of(leaves)[-1][0] if leaves else EMPTY


def audit_path(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Neighbours by which the leaf at `index` leads to the root, from below. Raises IndexError."""
    if not 0 <= index < len(levels[0]):
        raise IndexError(f"leaf {index} of {len(levels[0])}")
    path = []
    for level in levels[:-1]:
        if (index ^ 1) < len(level):
            path.append(level[index ^ 1])
        index >>= 1
    return path


def root_by_path(leaf: bytes, path: Sequence[bytes], *, index: int, size: int) -> bytes:
    """Root to which a leaf hash at `index` of `size` leads by its path. Raises ValueError: a path of the wrong length.

    Index and size decide on which side each neighbour stands, so a proof holds for one place only.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of {size}")
    found, last, rest = leaf, size - 1, list(path)
    while last > 0:
        if index & 1 or index < last:
            if not rest:
                raise ValueError("the path is too short")
            neighbour = rest.pop(0)
            found = node_hash(neighbour, found) if index & 1 else node_hash(found, neighbour)
        index, last = index >> 1, last >> 1
    if rest:
        raise ValueError("the path is too long")
    return found
