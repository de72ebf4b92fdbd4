"""Permits, and the two gates nobody can override."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter.permits import (
    REPATRIATION_DESTINATIONS,
    TO_A_HOUSEHOLD,
    TRANSITIONS,
    ChildFacts,
    GateClosed,
    Ground,
    Informing,
    PermitEvent,
    PermitFacts,
    PermitRefused,
    PermitStatus,
    as_on,
    check_child,
    check_household,
    check_leaving,
    check_repatriation,
    check_return_to_family,
    record,
)
from nrm.domain.shelter.stays import DESTINATIONS, Destination, ExitReason
from tests.unit.domain.shelter.gates import HOUSEHOLD, decided

INFORMED = Informing(date(2026, 1, 5), "NRC", "ro")
ON = date(2026, 7, 1)
UNTIL = date(2026, 6, 30)
FACTS = PermitFacts(PermitStatus.INFORMED, INFORMED)
ADULT = ChildFacts("adult")
FOREIGN = ("third_country", "stateless", "unknown")

# Worked by hand: status -> event -> status.
LEGAL = {
    "not_informed": {"inform": "informed"},
    "informed": {"apply": "applied", "counsel": "informed"},
    "applied": {"issue": "issued", "refuse": "refused", "withdraw": "withdrawn", "counsel": "applied"},
    "refused": {"appeal": "appealed", "apply": "applied", "counsel": "refused"},
    "appealed": {"issue": "issued", "refuse": "refused", "withdraw": "withdrawn", "counsel": "appealed"},
    "issued": {"renew": "issued", "withdraw": "withdrawn", "apply": "renewal_applied", "counsel": "issued"},
    "renewal_applied": {
        "renew": "issued",
        "refuse": "refused",
        "withdraw": "issued",
        "counsel": "renewal_applied",
    },
    "withdrawn": {"apply": "applied", "counsel": "withdrawn"},
    "expired": {"apply": "applied", "counsel": "expired"},
}


def _recorded(status: PermitStatus, event: PermitEvent, citizenship_class: str = "third_country") -> PermitFacts:
    facts = PermitFacts(status, None if status is PermitStatus.NOT_INFORMED else INFORMED, issued_until=ON)
    return record(
        facts,
        event,
        citizenship_class=citizenship_class,
        on=ON,
        informed=INFORMED,
        issued_from=date(2026, 7, 1),
        issued_until=date(2026, 12, 31),
        ground=Ground.LEGAL,
    )


@pytest.mark.parametrize(("status", "event"), list(product(PermitStatus, PermitEvent)))
def test_every_step_is_legal_exactly_when_it_stands_in_the_table(status: PermitStatus, event: PermitEvent):
    expected = LEGAL[status.value].get(event.value)
    if expected is not None:
        assert _recorded(status, event).status == expected
        return
    with pytest.raises(PermitRefused) as caught:
        _recorded(status, event)
    assert caught.value.reason == "state"


def test_the_table_has_no_other_steps():
    assert len(TRANSITIONS) == sum(map(len, LEGAL.values()))


def test_an_albanian_needs_no_permit():
    with pytest.raises(PermitRefused) as caught:
        _recorded(PermitStatus.NOT_INFORMED, PermitEvent.INFORM, "home")
    assert caught.value.reason == "not_third_country"


def _why(facts: PermitFacts, event: PermitEvent, **more: object) -> str:
    with pytest.raises(PermitRefused) as caught:
        record(facts, event, citizenship_class="third_country", on=more.pop("on", ON), **more)  # type: ignore[arg-type]
    return caught.value.reason


@pytest.mark.parametrize("informed", [None, Informing(INFORMED.on, "", "ro"), Informing(INFORMED.on, "NRC", "")])
def test_informing_without_who_and_in_which_language_does_not_count(informed: Informing | None):
    assert _why(PermitFacts(), PermitEvent.INFORM, informed=informed) == "informed_incomplete"


def test_a_permit_is_issued_on_a_ground_and_for_days_in_order():
    applied = PermitFacts(PermitStatus.APPLIED, INFORMED)
    first, last = date(2026, 2, 1), date(2026, 7, 31)
    assert _why(applied, PermitEvent.ISSUE, issued_from=first, issued_until=last) == "ground"
    assert _why(applied, PermitEvent.ISSUE, ground=Ground.LEGAL) == "dates"
    assert _why(applied, PermitEvent.ISSUE, ground=Ground.LEGAL, issued_from=last, issued_until=first) == "dates"


def test_a_renewal_lasts_longer_than_what_it_renews():
    issued = PermitFacts(PermitStatus.ISSUED, INFORMED, date(2026, 1, 1), UNTIL, Ground.RECUPERATIVE)
    days = {"on": UNTIL, "issued_from": date(2026, 1, 1), "issued_until": UNTIL}
    why = _why(issued, PermitEvent.RENEW, ground=Ground.LEGAL, **days)
    assert why == "renewal_not_longer"


def test_a_permit_expires_on_the_day_after_its_last_and_not_before():
    issued = PermitFacts(PermitStatus.ISSUED, INFORMED, date(2026, 1, 1), UNTIL, Ground.LEGAL)
    assert as_on(issued, UNTIL).status is PermitStatus.ISSUED
    assert as_on(issued, ON).status is PermitStatus.EXPIRED
    assert record(issued, PermitEvent.APPLY, citizenship_class="unknown", on=UNTIL).status == "renewal_applied"
    assert record(issued, PermitEvent.APPLY, citizenship_class="unknown", on=ON).status == "applied"


def _closed(citizenship_class: str, facts: PermitFacts) -> str:
    with pytest.raises(GateClosed) as caught:
        check_repatriation(citizenship_class, facts, on=ON)
    return caught.value.reason


@pytest.mark.parametrize("citizenship_class", FOREIGN)
def test_nobody_who_is_not_recorded_as_albanian_goes_abroad_before_being_informed(citizenship_class: str):
    assert _closed(citizenship_class, PermitFacts()) == "not_informed"
    check_repatriation(citizenship_class, FACTS, on=ON)


def test_who_was_told_only_after_leaving_was_not_told_before():
    told = INFORMED.on
    check_repatriation("third_country", FACTS, on=told)
    with pytest.raises(GateClosed, match="not_informed"):
        check_repatriation("third_country", FACTS, on=told - timedelta(days=1))


@pytest.mark.parametrize("status", PermitStatus)
def test_an_open_application_or_appeal_blocks_repatriation(status: PermitStatus):
    facts = PermitFacts(status, INFORMED)
    if status in (PermitStatus.APPLIED, PermitStatus.RENEWAL_APPLIED, PermitStatus.APPEALED):
        assert _closed("third_country", facts) == "application_open"
    elif status is PermitStatus.REFUSED:  # until when she can appeal is not known
        assert _closed("third_country", facts) == "appeal_period"
    else:
        check_repatriation("third_country", facts, on=ON)


def test_an_albanian_is_not_held_by_the_permit_gate():
    check_repatriation("home", PermitFacts(), on=ON)


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_no_child_and_nobody_who_may_be_one_is_returned_to_the_family_at_a_crossing_point(age_class: str):
    with pytest.raises(GateClosed) as caught:
        check_return_to_family(age_class)
    assert caught.value.reason == "at_crossing_point"


def test_an_adult_may_go_home():
    check_return_to_family("adult")
    assert check_child(ADULT, Destination.FAMILY, on=ON) == "adult"


@pytest.mark.parametrize(
    ("reason", "destination"),
    [
        (ExitReason.REPATRIATED, Destination.COUNTRY_OF_CITIZENSHIP),
        (ExitReason.LEFT_VOLUNTARILY, Destination.OTHER_COUNTRY),
        (ExitReason.EXPELLED, Destination.OTHER_COUNTRY),
    ],
)
def test_a_way_abroad_is_a_repatriation_whatever_reason_is_given(reason: ExitReason, destination: Destination):
    with pytest.raises(GateClosed):
        check_leaving(
            reason,
            destination,
            child=ADULT,
            citizenship_class="third_country",
            permit=PermitFacts(),
            on=ON,
            country="home",
        )
    check_leaving(
        reason, destination, child=ADULT, citizenship_class="third_country", permit=FACTS, on=ON, country="home"
    )


@pytest.mark.parametrize("age_class", ["child", "unsure"])
@pytest.mark.parametrize("destination", sorted(set(Destination) - {Destination.NONE, Destination.OTHER_SHELTER}))
def test_a_child_leaves_for_no_household_before_all_three_are_found_safe(age_class: str, destination: Destination):
    for shut, why in (
        (ChildFacts(age_class), "assessments_missing"),
        (ChildFacts(age_class, shut_by="assessed_not_safe"), "assessed_not_safe"),
        (ChildFacts(age_class, decided(ON + timedelta(days=1))), "assessed_later"),
    ):
        with pytest.raises(GateClosed) as caught:
            check_child(shut, destination, on=ON)
        assert caught.value.reason == why
    assert check_child(ChildFacts(age_class, decided(ON)), destination, on=ON) == "assessed"


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_decided_household_opens_no_way_to_where_nobody_knows(age_class: str):
    child = ChildFacts(age_class, decided(ON))
    reason = ExitReason.LEFT_VOLUNTARILY
    for destination, country, why in (
        (Destination.UNKNOWN, "unknown", "whereabouts"),
        (Destination.UNKNOWN, "home", "whereabouts"),
        (Destination.FAMILY, "unknown", "whereabouts"),
        (Destination.HOSPITAL, "home", "no_household"),
    ):
        with pytest.raises(GateClosed) as caught:
            check_household("assessed", child, HOUSEHOLD, reason=reason, destination=destination, country=country)
        assert caught.value.reason == why
    for reason, destination, country in (
        (ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, "home"),
        (ExitReason.WITNESS_PROTECTION, Destination.PROTECTED_PLACE, "unknown"),
    ):
        check_household("assessed", child, HOUSEHOLD, reason=reason, destination=destination, country=country)
    check_household(
        "adult",
        ChildFacts("adult"),
        None,
        reason=ExitReason.LEFT_VOLUNTARILY,
        destination=Destination.UNKNOWN,
        country="unknown",
    )


@given(
    reason=st.sampled_from(ExitReason),
    destination=st.sampled_from(Destination),
    country=st.sampled_from(["home", "unknown", "IT"]),
    opened=st.sampled_from(["assessed", "adult", "handed_over", "died"]),
)
def test_a_decision_for_a_household_is_spent_on_going_to_a_household_alone(
    reason: ExitReason, destination: Destination, country: str, opened: str
):
    fits = {
        ("reintegrated_with_family", "family"),
        ("foster_or_extended_family", "foster_family"),
        ("foster_or_extended_family", "extended_family"),
        ("repatriated", "country_of_citizenship"),
        ("repatriated", "other_country"),
        ("transferred", "institution"),
        ("witness_protection", "protected_place"),
    }
    known = country != "unknown" or destination is Destination.PROTECTED_PLACE
    try:
        check_household(
            opened, ChildFacts("child", decided(ON)), HOUSEHOLD, reason=reason, destination=destination, country=country
        )
    except GateClosed:
        passes = False
    else:
        passes = True
    assert passes is (opened != "assessed" or ((reason, destination) in fits and known))


def test_every_way_to_a_household_is_one_that_an_end_can_have():
    for reason, destinations in TO_A_HOUSEHOLD.items():
        assert destinations <= DESTINATIONS[reason]


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_another_shelter_is_no_way_out_unless_it_took_the_child_over(age_class: str):
    with pytest.raises(GateClosed, match="not_handed_over"):
        check_child(ChildFacts(age_class, decided(ON)), Destination.OTHER_SHELTER, on=ON)
    assert check_child(ChildFacts(age_class, handed_over=True), Destination.OTHER_SHELTER, on=ON) == "handed_over"
    assert check_child(ChildFacts(age_class), Destination.NONE, on=ON) == "died"


@pytest.mark.parametrize("country", ["MD", "GR", "unknown", ""])
@pytest.mark.parametrize(
    "destination", [Destination.FAMILY, Destination.OWN_HOME, Destination.FRIENDS, Destination.HOSPITAL]
)
def test_the_gates_look_at_the_country_and_not_at_the_word(destination: Destination, country: str):
    for facts, until, why in (
        (PermitFacts(), None, "not_informed"),
        (PermitFacts(PermitStatus.APPLIED, INFORMED), None, "application_open"),
        (FACTS, ON, "reflection"),
    ):
        with pytest.raises(GateClosed) as caught:
            check_leaving(
                ExitReason.EXPELLED,
                destination,
                child=ADULT,
                citizenship_class="third_country",
                permit=facts,
                on=ON,
                country=country,
                reflection_until=until,
            )
        assert caught.value.reason == why
    told_or_home = (("third_country", FACTS, "home", "home"), ("home", PermitFacts(), country, "home_citizen"))
    for citizenship, facts, where, gate in told_or_home:
        kept = check_leaving(
            ExitReason.EXPELLED,
            destination,
            child=ADULT,
            citizenship_class=citizenship,
            permit=facts,
            on=ON,
            country=where,
        )
        assert kept == (gate, "adult")


HERE = [
    (reason, each)
    for reason in sorted(set(ExitReason) - {ExitReason.REPATRIATED})
    for each in sorted(DESTINATIONS[reason] - REPATRIATION_DESTINATIONS - {Destination.NONE})
]


@pytest.mark.parametrize(("reason", "destination"), HERE)
def test_in_the_country_no_reason_lets_a_foreign_adult_out_untold(reason: ExitReason, destination: Destination):
    def leaves(citizenship: str, permit: PermitFacts, child: ChildFacts = ADULT) -> tuple[str, str]:
        return check_leaving(
            reason, destination, child=child, citizenship_class=citizenship, permit=permit, on=ON, country="home"
        )

    for citizenship in ("third_country", "unknown"):
        with pytest.raises(GateClosed, match="untold"):
            leaves(citizenship, PermitFacts())
    assert leaves("third_country", FACTS) == leaves("home", PermitFacts()) == ("home", "adult")
    if destination is Destination.OTHER_SHELTER:  # another shelter has taken the person over
        assert leaves("third_country", PermitFacts(), replace(ADULT, handed_over=True)) == ("home", "adult")
