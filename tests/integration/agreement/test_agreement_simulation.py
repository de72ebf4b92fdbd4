"""`nrm mou simulate` on an instance: only figures that survived the attack leave."""

from __future__ import annotations

import json
import random
import time
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from nrm import countries
from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_simulation as actions
from nrm.cli import progress
from nrm.cli.agreements import mou
from nrm.cli.refusals import Refused
from nrm.cli.said import usage_errors
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.agreement import agreement_simulation as rules
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.statistics import one_person, release, verdicts
from nrm.store import names
from nrm.store.agreement import agreement_simulation as store
from nrm.store.countries import country
from nrm.store.reports import reports
from tests import accommodated, factories
from tests import factories_agreements as texts

SHIPPED = countries.FOLDER / "albania" / "mou-2005.toml"
APRIL, JUNE = date(2026, 4, 1), date(2026, 6, 30)


@pytest.fixture
def shelter(app: Flask) -> Flask:
    """Ninety people who came in half a year."""
    accommodated.at(date(2026, 7, 10))
    accommodated.many(90, seed=5)
    return app


def _run(app: Flask, draft: Path = SHIPPED, first: str = "2026-04-01", last: str = "2026-06-30", *more: str) -> Result:
    folder = app.extensions["nrm.config"].directory
    command = ["simulate", str(draft), "--dir", str(folder), "--from", first, "--to", last, *more]
    return CliRunner().invoke(mou, command, standalone_mode=False)  # as `nrm` calls it


@pytest.mark.slow
def test_every_figure_is_a_multiple_of_five_and_nothing_tells_who(shelter: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SOON", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    people = db.session.execute(select(Case.id, Case.pseudonym)).all()
    result = _run(shelter, SHIPPED, "2026-04-01", "2026-06-30", "--json")
    assert result.exit_code == 0, result.output
    read = json.loads(result.stdout)
    assert len(result.stderr.splitlines()) > 3  # what is being done; what is counted
    assert (read["from"], read["to"]) == ("2026-04-01", "2026-06-30")
    values = [row["value"] for table in read["tables"] for row in table["rows"]]
    assert len(values) > 100
    assert all(value % 5 == 0 for value in values)
    assert any(table["name"] == "2026-W20_happened" for table in read["tables"])
    for case_id, pseudonym in people:
        assert case_id.hex not in result.output
        assert pseudonym not in result.output


@pytest.mark.slow
def test_the_same_question_has_the_same_answer_and_a_table_for_people(shelter: Flask):
    once, again = _run(shelter), _run(shelter)
    assert once.stdout_bytes == again.stdout_bytes
    lines = once.stdout.splitlines()
    assert any(line.split() == ["happened", "people"] or line.split()[-1:] == ["people"] for line in lines)
    assert "counted: 2026-04-01 to 2026-06-30, whole quarters" in once.stderr


@pytest.mark.slow
def test_days_inside_a_quarter_stand_for_the_quarter_and_no_week_can_be_taken_away(shelter: Flask):
    assert _run(shelter, SHIPPED, "2026-04-20", "2026-05-02").stdout_bytes == _run(shelter).stdout_bytes


def test_a_quarter_that_is_not_over_is_not_counted(shelter: Flask):
    accommodated.at(date(2026, 6, 10))
    result = _run(shelter)
    assert isinstance(result.exception, Refused)
    assert (result.exception.code, str(result.exception)) == (2, "--from, --to: no quarter of this period is over")
    assert result.stdout == ""


def test_an_instance_of_few_people_gives_the_total_alone(app: Flask):
    accommodated.at(date(2026, 7, 10))
    accommodated.many(8, seed=1)
    result = _run(app, SHIPPED, "2026-04-01", "2026-06-30", "--json")
    read = json.loads(result.stdout)
    assert read["step"] == "total"
    assert all(table["dimensions"] == [] for table in read["tables"])


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("yesterday", "2026-06-30", "--from: `yesterday` is not a date such as 2026-01-31"),
        ("2026-04-01", "30.06.2026", "--to: `30.06.2026` is not a date such as 2026-01-31"),
        ("2026-04-01", "2026-03-01", "--to: lies before --from"),
        ("2024-04-01", "2026-06-30", "--from, --to: at most 4 quarters can be simulated together"),
        ("0001-01-01", "0001-06-30", "--from, --to: a year has four digits and lies before 3000"),
    ],
)
def test_a_period_that_cannot_be_used_is_one_line(shelter: Flask, first: str, last: str, message: str):
    error = _run(shelter, SHIPPED, first, last).exception
    if isinstance(error, click.UsageError):
        assert (error.exit_code, usage_errors.told(error)) == (2, message)
    else:
        assert isinstance(error, Refused)
        assert (error.code, str(error)) == (2, message)


def test_a_draft_for_another_country_is_one_line(shelter: Flask, tmp_path: Path):
    draft = tmp_path / "mou-draft.toml"
    text = SHIPPED.read_text(encoding="utf-8").replace('"medical", ', "")
    draft.write_text(text, encoding="utf-8")
    result = _run(shelter, draft)
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == "mou-draft.toml: fact.needs.values: `medical` of the country is missing"


def test_no_person_reads_people_this_way(shelter: Flask):
    by = Actor.system("tend")
    draft = countries.read_agreement(SHIPPED)
    with pytest.raises(NotPermitted):
        actions.simulate(draft, APRIL, JUNE, by=by)
    with pytest.raises(NotPermitted):
        store.places(date(2026, 3, 31), by=by)


def test_who_does_not_wish_to_be_counted_is_not(shelter: Flask):
    before = store.past(APRIL, JUNE, shelter.extensions["nrm.country"], by=store.SIMULATION)
    (some,) = [each for each in before if each.person == before[0].person]
    case = next(case for case in db.session.scalars(select(Case)) if case.id.hex == some.person)
    case.facts = {"statistics": "no"}
    db.session.flush()
    after = store.past(APRIL, JUNE, shelter.extensions["nrm.country"], by=store.SIMULATION)
    assert {each.person for each in before} - {each.person for each in after} == {some.person}


def test_what_other_drafts_printed_of_the_same_quarters_is_attacked_and_counted(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """Each draft is tried on the same people: what two print of where they came stands for the same numbers."""
    by = factories.actor(texts.COORDINATOR)
    accommodated.at(date(2026, 7, 10))
    one, other = (texts.draft(name) for name in ("2027", "2028"))
    for text in (one, other):
        agreement_drafting.propose(text=text, by=by)
    kept = texts.simulated() | {"one_person": {"draws": 100, "named": 0.0, "p95_bits": 2.5, "by_series": 0.0}}
    actions.keep(text=one, simulated=kept, by=store.SIMULATION)
    given = []

    def listen(*_: Any, **named: Any) -> None:
        given.append(named)
        raise LookupError

    monkeypatch.setattr(release, "make", listen)
    longer_time, quarter = (date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 1, 1), date(2026, 3, 31))
    for text, (first, last) in ((other, quarter), (other, longer_time), (one, quarter)):
        draft = countries.draft_of(text, country(), "")
        with pytest.raises(LookupError):
            actions.simulate(draft, first, last, by=store.SIMULATION, text=text)
    same, longer, own = given
    [linked] = same["linked_reports"]
    assert {"happened", "late_happened"} < set(linked.releases[0][0].dimensions)
    assert not any("simulated" in name for name in linked.releases[0][0].dimensions)
    assert linked.releases[0][1][(("happened", "NRC"),)] == 30
    assert [[cell, number] for cell, number in same["history"][0]["figures"] if not cell] == [[(), 9]]
    assert longer["told_elsewhere"] == same["told_elsewhere"] == [0.0, 2.5]
    # Over more quarters others are counted, too. But who slept where on a night that both tell of is the same number.
    [linked] = longer["linked_reports"]
    figures = linked.releases[0][1]
    told_of = set(rules.night_names(rules.windows(*longer_time)[0]))
    assert len(told_of) == 13  # every second week of two quarters
    assert {name for ((name, _),) in figures} == set(rules.night_names(rules.weeks(*quarter))) & told_of
    assert {member for ((_, member),) in figures} == {"NRC", "IOM"}
    near = {tuple(map(tuple, cell)): number for cell, number in longer["history"][0]["figures"]}
    assert near == {cell: figure // 5 for cell, figure in figures.items()} | {(): 9}
    assert (own["linked_reports"], own["told_elsewhere"]) == ([], [0.0])


def _year(monkeypatch: pytest.MonkeyPatch, number: int = 310) -> None:
    """So many people of a year in four shelters, and the gate for differences as it is outside of tests."""
    monkeypatch.setattr(one_person, "PEOPLE", one_person.FEWEST)
    accommodated.at(date(2026, 7, 10))
    accommodated.many(number, seed=5, months=(date(2025, 6, 1), date(2026, 6, 28)))
    chance = random.Random(1)
    shelters = [names.organisation_by_code(code).id for code in ("NRC", "IOM", "VATRA", "TJETER_VIZION")]
    with transaction() as session:
        for stay in session.scalars(select(Stay).order_by(Stay.admitted_on)):
            (stay.organisation_id,) = chance.choices(shelters, [5, 2, 3, 2])


@pytest.mark.slow
def test_of_a_year_of_a_small_country_it_says_who_comes_where_though_report_ix_told_much(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """With a night of each week it said "about 310 people, too few to say more"."""
    _year(monkeypatch)
    monkeypatch.setattr(reports, "told_of_one_person", lambda *_, **__: 4.0)
    parts: list[tuple[int, int]] = []
    draft = countries.draft_of(texts.draft(), country(), "")
    first, last = actions.last_quarters(4)
    began = time.process_time()
    made = actions.simulate(
        draft, first, last, by=store.SIMULATION, part=lambda part, of: parts.append((part, of)), text=texts.draft()
    )
    assert time.process_time() - began < 60
    assert isinstance(made, actions.Simulated)
    assert (made.first, made.last) == (date(2025, 7, 1), date(2026, 6, 30))
    (received,) = [table for table in made.tables if table["dimensions"] == ["happened", "simulated"]]
    happened = {row["happened"]: row["value"] for row in received["rows"] if row["simulated"] == "*"}
    assert 280 <= happened["*"] <= 330
    assert happened["NRC"] > happened["IOM"] > 0
    assert parts[0] == (1, 4)
    assert parts == [(number + 1, 4) for number in range(len(parts))]
    assert made.enough == 0


def test_few_people_are_told_of_in_fewer_nights_and_too_few_learn_what_would_be_enough(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """The windows are tried from the finest on, over the same total; the first that says more is kept."""
    accommodated.at(date(2026, 7, 10))
    accommodated.many(8, seed=1)
    draft = countries.draft_of(texts.draft(), country(), "")
    first, last = actions.last_quarters(4)
    made = actions.simulate(draft, first, last, by=store.SIMULATION)
    assert isinstance(made, actions.Simulated)
    assert (made.step, made.enough) == ("total", 25)
    assert made.to_json()["enough"] == 25
    tried: list[int] = []

    def fails(table_set: Any, *_: Any, **__: Any) -> verdicts.Refused:
        tried.append(sum("_happened" in name for name in table_set.dimensions))
        return verdicts.Refused(verdicts.Verdict(False, "refused", (), {}, (), (), 0, 0, 0.0, 0.0, 0, 0.0))

    monkeypatch.setattr(release, "make", fails)
    assert isinstance(actions.simulate(draft, first, last, by=store.SIMULATION), actions.Withheld)
    assert tried == [14, 5, 1]  # and the dimension of lateness
