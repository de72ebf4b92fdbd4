"""How many are found again: in public data, and in what happens to names at a border. Fixed keys and seeds."""

from __future__ import annotations

import pytest

from nrm.linkage.evaluating import evaluate
from nrm.linkage.people import Person
from tests import borders, febrl

KEY = bytes(range(32))


@pytest.mark.slow
def test_set_4_of_febrl_by_names_and_date_of_birth() -> None:
    known, arriving, links = febrl.set_4()
    assert not any(each.exact or each.place for each in (*known, *arriving))
    outcome = evaluate(known, arriving, links, key=KEY)
    assert outcome.f1 >= 0.945
    assert outcome.top1 >= 0.968


@pytest.mark.slow
def test_set_1_of_febrl_against_itself() -> None:
    people, links = febrl.set_with_doubles(1)
    outcome = evaluate(people, people, links, key=KEY, itself=True)
    assert outcome.f1 >= 0.945
    assert outcome.top1 >= 0.96


@pytest.mark.slow
@pytest.mark.parametrize(("number", "arriving", "least"), [(1000, 1000, 0.93), (10_000, 1000, 0.88)])
def test_names_of_seven_countries_by_officers_of_six_languages(number: int, arriving: int, least: float) -> None:
    outcome = evaluate(*borders.twice(number, arriving, seed=11), key=KEY)
    assert outcome.top1 >= least


def test_made_up_people_are_written_down_as_at_a_border() -> None:
    known, arriving, links = borders.twice(2000, 2000, seed=11)
    pairs = [(known[one], arriving[other]) for one, other in links]

    def share(alike: list[bool]) -> float:
        return sum(alike) / len(alike)

    as_one_hash = [
        (one.given.casefold(), one.family.casefold(), one.birth)
        == (other.given.casefold(), other.family.casefold(), other.birth)
        for one, other in pairs
    ]
    assert 0.08 < share(as_one_hash) < 0.16  # what one hash of name and date would find
    assert 0.15 < share([one.birth != other.birth for one, other in pairs]) < 0.6
    letters = "".join(each.given + each.family for each in (*known, *arriving))
    for alphabet in ("αβγ", "абв", "ç", "ș", "ñ", "š"):
        assert set(alphabet) <= set(letters)
    assert any("@" in each.birth for each in known)
    assert borders.twice(50, 10, seed=3) == borders.twice(50, 10, seed=3) != borders.twice(50, 10, seed=4)


def test_what_evaluating_counts() -> None:
    known = [Person("Arta", "Xhaferi", birth="1999-03-12"), Person("Olga", "Petrova", birth="2001-05-06")]
    arriving = [Person("Olga", "Petrova", birth="2001-05-06"), Person("Rosalie", "Magbanua", birth="1988-07-08")]
    right = evaluate(known, arriving, {(1, 0)}, key=KEY)
    assert (right.top1, right.top5, right.f1, right.precision, right.recall_of_f1) == (1, 1, 1, 1, 1)
    assert right.recall == (1, 1, 1)
    wrong = evaluate(known, arriving, {(0, 0)}, key=KEY)  # the truth says another than she who is found
    assert (wrong.top1, wrong.top5, wrong.recall[0]) == (0, 1, 0)
    nobody = evaluate(known, arriving, set(), key=KEY)
    assert (nobody.top1, nobody.f1, nobody.recall) == (0, 0, (0, 0, 0))
    doubled = evaluate([*known, *known], [*known, *known], {(0, 2), (1, 3)}, key=KEY, itself=True)
    assert (doubled.top1, doubled.f1) == (1, 1)
