"""Who has the database and the key of the store, but not K_link, and a list of the names that people have.

The attacker knows norm-1 and enc-1, how frequent each name is in the country, and makes encodings of all names of the
list under keys of their own: so they know how alike the encodings of any two names are, and look for the same pattern
of frequencies and likenesses among what they stole. That is the strongest attack on such encodings that is published
(matching of graphs of likeness); what is secret here is only K_link and who is in the register.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray
from ortools.graph.python import linear_sum_assignment

from nrm.linkage.encoding import FIELDS_AT, NAME_BITS, Encoder, Field
from nrm.linkage.people import Person
from tests import borders

PEOPLE = 1000
OWN_KEYS = 3
AS_GOOD_AS_EQUAL = NAME_BITS // 10
Distances = NDArray[np.float64]


def _names(field: Field, seed: int, number: int = PEOPLE) -> list[str]:
    chance = random.Random(seed)
    people = [borders.truth(chance) for _ in range(number)]
    return [each.given if field == Field.GIVEN else each.family for each in people]


def _encoded(names: list[str], field: Field, key: bytes) -> NDArray[np.uint64]:
    encoder, begins = Encoder(key), FIELDS_AT + field * NAME_BITS // 8
    encodings = [
        encoder.encode(Person(name, "") if field == Field.GIVEN else Person("", name), uuid.UUID(int=place))
        for place, name in enumerate(names)
    ]
    return np.array([np.frombuffer(each[begins : begins + NAME_BITS // 8], dtype=np.uint64) for each in encodings])


def _distances(encoded: NDArray[np.uint64]) -> Distances:
    return np.stack([np.bitwise_count(encoded ^ each).sum(axis=1, dtype=np.float64) for each in encoded])


def _clusters(distances: Distances) -> list[NDArray[np.intp]]:
    """Encodings that are as good as equal have one name."""
    left, clusters = np.ones(len(distances), dtype=bool), []
    for row in distances:
        same = np.flatnonzero((row < AS_GOOD_AS_EQUAL) & left)
        if len(same) and row[same].min() == 0:
            clusters.append(same)
            left[same] = False
    return clusters


def _assigned(costs: Distances) -> NDArray[np.intp]:
    """The cheapest assignment of rows to columns, each column once."""
    size = max(costs.shape)
    whole = np.full((size, size), costs.max() + 1)
    whole[: costs.shape[0], : costs.shape[1]] = costs
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    left, right = (each.ravel().astype(np.int32) for each in np.indices(whole.shape))
    scaled = ((whole - whole.min()) * 1000).astype(np.int64)
    solver.add_arcs_with_cost(left, right, scaled.ravel())
    assert solver.solve() == solver.OPTIMAL
    return np.array([solver.right_mate(row) for row in range(costs.shape[0])])


def _profile(likeness: Distances, frequency: NDArray[np.float64]) -> Distances:
    """What distinguishes a name under any key: its frequency, its nearest names, and what is known of those."""
    nearest = np.argsort(-likeness, axis=1)[:, :4]
    strength = np.take_along_axis(likeness, nearest, axis=1) / 100
    degree = likeness.sum(axis=1) / 300
    return np.hstack(
        [
            np.sort(likeness, axis=1)[:, ::-1][:, :12] / 100,
            0.7 * np.log2(frequency)[:, None],
            degree[:, None],
            strength * degree[nearest],
            strength * np.log2(frequency)[nearest],
        ]
    )


def recovered(field: Field, listed: Counter[str], key: bytes, seed: int) -> dict[str, float]:
    """The share of people whose name is found, by each of three attacks, each with what the one before found."""
    stolen = _names(field, seed)
    distances = _distances(_encoded(stolen, field, key))
    clusters = _clusters(distances)
    names = sorted(name for name, times in listed.items() if times * PEOPLE > 0.3 * listed.total())
    random.Random(3).shuffle(names)
    own = sum(_distances(_encoded(names, field, bytes([number]) * 32)) for number in range(1, 1 + OWN_KEYS)) / OWN_KEYS
    member = np.zeros((len(clusters), len(stolen)))
    for place, cluster in enumerate(clusters):
        member[place, cluster] = 1 / len(cluster)
    seen = np.array([len(cluster) for cluster in clusters], dtype=np.float64)
    expected = np.array([listed[name] for name in names]) * PEOPLE / listed.total()

    def share(assignment: NDArray[np.intp]) -> float:
        right = sum(
            stolen[person] == names[name]
            for cluster, name in zip(clusters, assignment, strict=True)
            if name < len(names)
            for person in cluster
        )
        return right / len(stolen)

    def likeness(of: Distances) -> Distances:
        near = np.clip(0.45 * NAME_BITS - of, 0, None)
        np.fill_diagonal(near, 0)
        return near

    by_frequency = np.full(len(clusters), len(names))
    order = np.argsort(-expected, kind="stable")
    by_frequency[np.argsort(-seen, kind="stable")[: len(names)]] = order[: len(clusters)]
    theirs, mine = likeness(member @ distances @ member.T), likeness(own)
    costs = ((_profile(theirs, seen)[:, None] - _profile(mine, expected)[None]) ** 2).sum(axis=2)
    by_profile = _assigned(costs)
    by_neighbours = by_profile
    for _ in range(10):  # a name is likelier where its neighbours are thought to be neighbours, too
        thought = np.zeros(costs.shape)
        inside = by_neighbours < len(names)
        thought[np.flatnonzero(inside), by_neighbours[inside]] = 1
        by_neighbours = _assigned(costs - 2 * (theirs @ thought @ mine) / 1e4)
    return {"frequency": share(by_frequency), "profile": share(by_profile), "neighbours": share(by_neighbours)}


@pytest.mark.slow
@pytest.mark.parametrize("field", [Field.GIVEN, Field.FAMILY])
def test_a_list_of_names_opens_fewer_than_15_in_100_without_the_key(field: Field) -> None:
    listed = Counter(_names(field, 1, 20 * PEOPLE))
    found = recovered(field, listed, bytes(range(32)), seed=2)
    print(field.name, found)
    assert max(found.values()) < 0.15


@pytest.mark.slow
def test_the_attack_does_find_what_is_not_encoded_under_a_secret_key() -> None:
    """With K_link the attack is no attack: the attacker encodes the list and looks each name up."""
    key = bytes(range(32))
    stolen, names = _names(Field.FAMILY, 2, 200), sorted(set(_names(Field.FAMILY, 1, 20 * PEOPLE)))
    theirs, mine = _encoded(stolen, Field.FAMILY, key), _encoded(names, Field.FAMILY, key)
    nearest = [int(np.bitwise_count(mine ^ each).sum(axis=1).argmin()) for each in theirs]
    assert np.mean([names[place] == name for place, name in zip(nearest, stolen, strict=True)]) > 0.98
