"""The tree over labels: as RFC 6962 has it, and every proof proves one leaf in one place only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import merkle

# The leaves and roots of the RFC 6962 reference implementation's own tests (google/certificate-transparency, merkle_tree_test.cc).
LEAVES = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

leaves = st.lists(st.binary(max_size=6), max_size=70)


@pytest.mark.parametrize("n", range(1, 9))
def test_roots_are_those_of_the_reference(n: int) -> None:
    assert merkle.root(LEAVES[:n]).hex() == ROOTS[n - 1]


def by_the_book(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else merkle.EMPTY
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return merkle.node_hash(by_the_book(hashes[:half]), by_the_book(hashes[half:]))


@given(leaves, st.integers(1, 9))
def test_the_root_does_not_depend_on_how_leaves_come_in(data: list[bytes], at_once: int) -> None:
    tree = merkle.Tree()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merkle, "BLOCK", 8)
        for start in range(0, len(data), at_once):
            tree.add(data[start : start + at_once])
        assert tree.root() == by_the_book([merkle.leaf_hash(one) for one in data])
    assert tree.size == len(data)


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=70, unique=True), st.data())
def test_a_proof_proves_its_leaf_in_its_place_and_nothing_else(data: list[bytes], draw: st.DataObject) -> None:
    hashes = [merkle.leaf_hash(one) for one in data]
    index = draw.draw(st.integers(0, len(data) - 1))
    root, path = merkle.root(data), merkle.Levels(hashes).path(index)
    assert merkle.proves(hashes[index], index, len(data), path, root)
    for other in range(len(data)):
        if other != index:
            assert not merkle.proves(hashes[index], other, len(data), path, root)
            assert not merkle.proves(hashes[other], index, len(data), path, root)
    assert not merkle.proves(hashes[index], index, len(data), [*path, hashes[0]], root)
    assert not path or not merkle.proves(hashes[index], index, len(data), path[:-1], root)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    """The second preimage that a tree without domain separation has."""
    one, other = merkle.leaf_hash(b"one"), merkle.leaf_hash(b"other")
    assert merkle.root([one + other]) != merkle.root([b"one", b"other"])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(IndexError):
        merkle.Levels([merkle.leaf_hash(b"")]).path(1)
    assert not merkle.proves(merkle.EMPTY, 0, 0, [], merkle.EMPTY)
