"""The rules of the key log: who signs what, and what an entry may never do."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from nrm import crypto
from nrm.domain.accounts.accounts import OrganisationKind, Role
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import (
    Agreed,
    Box,
    Declined,
    EntryKind,
    EntryRefusal,
    EntryRefused,
    Genesis,
    Holding,
    NewKeyring,
    NewName,
    NewRole,
    No,
    Party,
    Proposed,
    Restored,
    Standing,
)
from nrm.domain.accounts.key_log_known import ATTESTS_AFTER, DAY
from nrm.vault.keylog import entries
from nrm.vault.keylog.entries import own_message
from tests.keylogs import Holder, Log, founding, holder

SHELTER, AUTHORITY = OrganisationKind.NGO_SHELTER, OrganisationKind.RESPONSIBLE_AUTHORITY
Begun = tuple[Log, list[Holder], list[Holder]]


@pytest.fixture
def begun() -> Begun:
    log = Log()
    return log, *log.begin()


def refused(reason: EntryRefusal, log: Log, kind: EntryKind, body: object, by: Holder) -> None:
    before = (log.state, len(log.signed))
    with pytest.raises(EntryRefused) as raised:
        log.add(kind, body, by)  # type: ignore[arg-type]
    assert raised.value.reason is reason
    assert (log.state, len(log.signed)) == before


def test_the_genesis_holds_when_all_four_have_signed() -> None:
    log = Log()
    authority, shelter = log.two(AUTHORITY), log.two(SHELTER)
    body = Genesis((founding(authority, "RA", AUTHORITY), founding(shelter, "VATRA", SHELTER)))
    digest = log.propose(EntryKind.GENESIS, body, shelter[0])
    log.agree(digest, authority[0], shelter[1])
    assert not log.state.begun
    refused(
        EntryRefusal.SIGNER, log, EntryKind.AGREED, Agreed(digest), holder(log.instance, uuid.uuid4(), Role.MONITOR)
    )
    log.agree(digest, authority[1])
    assert log.state.begun
    assert not log.state.begins_alone
    assert {each.code for each in log.state.organisations.values()} == {"RA", "VATRA"}
    refused(EntryRefusal.BEGUN, log, EntryKind.PROPOSED, Proposed(EntryKind.GENESIS, body), shelter[0])


@pytest.mark.parametrize(
    "kinds",
    [[SHELTER], [SHELTER, OrganisationKind.TRP_UNIT], [AUTHORITY, AUTHORITY], [AUTHORITY, OrganisationKind.MINISTRY]],
)
def test_a_genesis_is_of_the_authority_and_one_other_that_holds_keys(kinds: list[OrganisationKind]) -> None:
    log = Log()
    people = [log.two(kind) for kind in kinds]
    body = Genesis(tuple(founding(each, f"O{place}", kinds[place]) for place, each in enumerate(people)))
    refused(EntryRefusal.FORM, log, EntryKind.PROPOSED, Proposed(EntryKind.GENESIS, body), people[0][0])


def test_an_instance_with_one_organisation_that_holds_keys_begins_with_its_two_and_says_so() -> None:
    log = Log()
    authority = log.two(AUTHORITY)
    log.all_sign(EntryKind.GENESIS, Genesis((founding(authority, "RA", AUTHORITY),)), *authority)
    assert log.state.begins_alone
    log.now += ATTESTS_AFTER
    log.found(authority, "VATRA", SHELTER)
    assert not log.state.begins_alone


def test_a_founding_needs_both_founders_the_authority_and_another(begun: Begun) -> None:
    log, authority, shelter = begun
    founders = log.two(SHELTER)
    body = founding(founders, "NRC", SHELTER, party="NRC")
    digest = log.propose(EntryKind.FOUNDED, body, founders[0])
    log.agree(digest, authority[0], authority[1], shelter[0])
    assert founders[0].person.organisation_id not in log.state.organisations
    log.agree(digest, founders[1])
    assert log.state.is_vouched_for(founders[0].person.organisation_id)
    assert log.state.members[founders[1].id].vouched_by == {authority[0].id, authority[1].id, shelter[0].id}


def test_two_of_the_authority_do_not_make_a_founding_and_nobody_attests_in_the_first_fourteen_days() -> None:
    log = Log()
    authority, shelter = log.begin()
    log.now -= 1
    founders = log.two(SHELTER)
    digest = log.propose(EntryKind.FOUNDED, founding(founders, "NRC", SHELTER), founders[0])
    refused(EntryRefusal.SIGNER, log, EntryKind.AGREED, Agreed(digest), authority[0])
    log.now += 1
    log.agree(digest, founders[1], *authority)
    assert founders[0].person.organisation_id not in log.state.organisations
    log.agree(digest, shelter[1])
    assert founders[0].person.organisation_id in log.state.organisations


def test_who_was_vouched_for_by_the_other_attestor_or_a_founder_does_not_attest(begun: Begun) -> None:
    log, authority, shelter = begun
    nrc = log.found([authority[0], shelter[0]], "NRC", SHELTER, party="NRC")
    log.now += ATTESTS_AFTER
    founders = log.two(SHELTER)
    digest = log.propose(EntryKind.FOUNDED, founding(founders, "IOM", SHELTER, party="IOM"), founders[0])
    log.agree(digest, founders[1], authority[0], nrc[0])  # authority[0] vouched for NRC
    assert founders[0].person.organisation_id not in log.state.organisations
    log.agree(digest, authority[1])
    assert founders[0].person.organisation_id in log.state.organisations


def test_offices_without_keys_never_attest_and_are_founded_without_a_key(begun: Begun) -> None:
    log, authority, shelter = begun
    office = log.found([authority[0], shelter[0]], "OMS", OrganisationKind.MINISTRY)
    assert log.state.organisations[office[0].person.organisation_id].version == 0
    log.now += ATTESTS_AFTER
    assert not log.state.attests(office[0].id, log.now)
    founders = log.two(SHELTER)
    digest = log.propose(EntryKind.FOUNDED, founding(founders, "IOM", SHELTER), founders[0])
    refused(EntryRefusal.SIGNER, log, EntryKind.AGREED, Agreed(digest), office[0])


def test_a_party_with_its_post_belongs_to_one_organisation_and_posts_may_take_a_sister(begun: Begun) -> None:
    log, authority, shelter = begun
    police = OrganisationKind.BORDER_POLICE
    rinas = log.found([authority[0], shelter[0]], "RINAS", police, party="BORDER", point="rinas")
    twin = log.two(police)
    body = founding(twin, "RINAS2", police, party="BORDER", point="rinas")
    refused(EntryRefusal.SUBJECT, log, EntryKind.PROPOSED, Proposed(EntryKind.FOUNDED, body), twin[0])
    log.now += ATTESTS_AFTER
    log.found([authority[1], rinas[0]], "DURRES", police, party="BORDER", point="durres")
    # A shelter takes nobody of its own party.
    log.found([authority[1], rinas[1]], "NRC", SHELTER, party="NRC")
    other = log.two(SHELTER)
    same = founding(other, "NRC2", SHELTER, party="VATRA", point="x")
    digest = log.propose(EntryKind.FOUNDED, same, other[0])
    log.agree(digest, other[1], authority[0], shelter[0])
    assert other[0].person.organisation_id not in log.state.organisations


def test_a_colleague_lets_somebody_in_and_a_role_with_more_rights_needs_a_second(begun: Begun) -> None:
    log, _, shelter = begun
    worker, manager = shelter if shelter[0].person.role == Role.CASE_WORKER else shelter[::-1]
    joined = log.join(worker, Role.CASE_WORKER)
    assert log.state.members[joined.id].vouched_by == {worker.id}
    more = holder(log.instance, worker.person.organisation_id, Role.SHELTER_MANAGER)
    refused(EntryRefusal.HANDS, log, EntryKind.JOINED, more.person, worker)
    digest = log.propose(EntryKind.JOINED, more.person, worker)
    # Whom the first alone let in is no second hand.
    log.agree(digest, joined)
    assert more.id not in log.state.members
    log.agree(digest, manager)
    assert log.state.members[more.id].vouched_by == {worker.id, joined.id, manager.id}
    log.join(manager, Role.SHELTER_MANAGER)


def test_where_there_is_no_second_hand_the_duty_desk_is(begun: Begun) -> None:
    log, authority, shelter = begun
    duty = next(each for each in authority if each.person.role == Role.DUTY_OFFICER)
    worker = next(each for each in shelter if each.person.role == Role.CASE_WORKER)
    manager = next(each for each in shelter if each is not worker)
    log.add(EntryKind.LEFT, Standing(manager.id, "left"), worker)
    more = holder(log.instance, worker.person.organisation_id, Role.SHELTER_MANAGER)
    digest = log.propose(EntryKind.JOINED, more.person, worker)
    log.agree(digest, duty)
    assert more.id in log.state.members
    # The desk alone lets nobody in.
    alone = holder(log.instance, worker.person.organisation_id, Role.CASE_WORKER)
    refused(EntryRefusal.HANDS, log, EntryKind.JOINED, alone.person, duty)


def test_nobody_of_another_organisation_lets_anybody_in(begun: Begun) -> None:
    log, authority, shelter = begun
    for by in authority:
        if by.person.role != Role.DUTY_OFFICER:
            new = holder(log.instance, shelter[0].person.organisation_id, Role.CASE_WORKER)
            refused(EntryRefusal.SIGNER, log, EntryKind.JOINED, new.person, by)
    new = holder(log.instance, uuid.uuid4(), Role.CASE_WORKER)
    refused(EntryRefusal.SIGNER, log, EntryKind.JOINED, new.person, shelter[0])


def test_who_left_signs_nothing_and_comes_back_as_anew_with_their_keys_or_others(begun: Begun) -> None:
    log, _, shelter = begun
    joined = log.join(shelter[0], Role.CASE_WORKER)
    same = replace(joined.person, serial=2)
    same = replace(same, own=crypto.sign(joined.signing, own_message(log.instance, same)))
    refused(EntryRefusal.KEY, log, EntryKind.ANEW, same, shelter[0])  # they are still there
    log.add(EntryKind.LEFT, Standing(joined.id, "left"), shelter[1])
    mixed = holder(log.instance, same.organisation_id, Role.CASE_WORKER, serial=2, member_id=joined.id)
    half = replace(mixed.person, sealing=joined.person.sealing)
    half = replace(half, own=crypto.sign(mixed.signing, own_message(log.instance, half)))
    refused(EntryRefusal.KEY, log, EntryKind.ANEW, half, shelter[0])
    log.add(EntryKind.ANEW, same, shelter[0])
    assert log.state.is_active(joined.id, log.now)


def test_who_left_signs_nothing_until_they_begin_anew(begun: Begun) -> None:
    log, _, shelter = begun
    joined = log.join(shelter[0], Role.CASE_WORKER)
    log.add(EntryKind.LEFT, Standing(joined.id, "left"), shelter[1])
    assert not log.state.is_active(joined.id, log.now)
    assert log.state.organisations[joined.person.organisation_id].spent
    refused(EntryRefusal.SIGNER, log, EntryKind.RENAMED, NewName(joined.id, bytes(32)), joined)
    refused(EntryRefusal.SUBJECT, log, EntryKind.JOINED, joined.person, shelter[0])
    refused(EntryRefusal.SERIAL, log, EntryKind.ANEW, joined.person, shelter[0])
    again = holder(log.instance, joined.person.organisation_id, Role.CASE_WORKER, serial=2, member_id=joined.id)
    log.add(EntryKind.ANEW, again.person, shelter[0])
    assert log.state.is_active(joined.id, log.now)
    assert [each.until for each in log.state.keys[joined.id]] == [log.now, -1]
    log.renew(shelter[0])
    assert not log.state.organisations[joined.person.organisation_id].spent


def test_a_suspension_ends_by_itself_by_another_hand_and_never_by_ones_own(begun: Begun) -> None:
    log, authority, shelter = begun
    log.add(EntryKind.SUSPENDED, Standing(shelter[1].id, "asked"), shelter[0])
    assert not log.state.is_active(shelter[1].id, log.now + 71)
    assert log.state.is_active(shelter[1].id, log.now + 72)
    refused(EntryRefusal.SIGNER, log, EntryKind.RESUMED, Standing(shelter[1].id, "asked"), shelter[1])
    log.add(EntryKind.RESUMED, Standing(shelter[1].id, "asked"), authority[0])
    assert log.state.is_active(shelter[1].id, log.now)
    office = log.found([authority[0], shelter[0]], "OPERATOR", OrganisationKind.OPERATOR)
    log.add(EntryKind.SUSPENDED, Standing(shelter[1].id, "asked"), office[0])
    assert not log.state.is_active(shelter[1].id, log.now + 23)
    assert log.state.is_active(shelter[1].id, log.now + 24)
    refused(EntryRefusal.SIGNER, log, EntryKind.RESUMED, Standing(shelter[1].id, "asked"), office[0])
    # An organisation that is suspended signs nothing, and is let in again.
    of = shelter[0].person.organisation_id
    log.add(EntryKind.SUSPENDED, Standing(of, "asked"), office[0])
    refused(EntryRefusal.SIGNER, log, EntryKind.RENAMED, NewName(shelter[0].id, bytes(32)), shelter[0])
    log.add(EntryKind.RESUMED, Standing(of, "asked"), office[0])
    log.add(EntryKind.RENAMED, NewName(shelter[0].id, bytes(32)), shelter[0])


def test_the_authority_is_suspended_by_an_administrator_and_two_of_two_other_organisations(begun: Begun) -> None:
    log, authority, shelter = begun
    both = [authority[0], shelter[0]]
    office = log.found(both, "OPERATOR", OrganisationKind.OPERATOR)
    second = log.found(both, "NRC", SHELTER, party="NRC")
    posts = [log.found(both, f"BCP{each}", OrganisationKind.BORDER_POLICE, party="P", point=each) for each in "ab"]
    log.now += ATTESTS_AFTER
    new = log.join(shelter[0], Role.CASE_WORKER)
    desk = authority[0].person.organisation_id
    act = Standing(desk, "key_lost")
    # No one hand, of whomever; and neither its own people nor who came within 14 days are one.
    for each in (office[0], shelter[0]):
        refused(EntryRefusal.HANDS, log, EntryKind.SUSPENDED, act, each)
    for each in (authority[0], new):
        refused(EntryRefusal.SIGNER, log, EntryKind.SUSPENDED, act, each)
    digest = log.propose(EntryKind.SUSPENDED, act, office[0])

    def asked() -> list[Holder]:
        of, everybody = log.state.proposals[digest], (*office, *authority, *shelter, *second, new)
        return [each for each in everybody if log.state.still_needed(of, each.id, log.now)]

    assert asked() == [*shelter, *second]
    # An administrator with one organisation, however many of it sign: one bought house blinds nobody.
    log.agree(digest, *shelter)
    assert not log.state.organisations[desk].suspended
    assert asked() == second
    # Two posts of one police are one, too, and so are two who do not need the administrator.
    of_police = log.propose(EntryKind.SUSPENDED, Standing(desk, "asked"), office[0])
    log.agree(of_police, posts[0][0], posts[1][0])
    of_two = log.propose(EntryKind.SUSPENDED, Standing(desk, "closed"), shelter[0])
    log.agree(of_two, second[0], posts[0][0])
    assert not log.state.organisations[desk].suspended
    log.agree(digest, second[1])
    assert log.state.organisations[desk].suspended
    assert log.state.organisations[desk].suspended_for == "key_lost"
    assert not log.state.proposals  # what else was proposed about it is over
    # Any other organisation takes one hand, as before.
    log.add(EntryKind.SUSPENDED, Standing(shelter[0].person.organisation_id, "closed"), office[0])


def test_the_authority_is_let_in_again_by_an_administrator_or_by_two_of_two_organisations(begun: Begun) -> None:
    log, authority, shelter = begun
    both = [authority[0], shelter[0]]
    office = log.found(both, "OPERATOR", OrganisationKind.OPERATOR)
    second = log.found(both, "NRC", SHELTER, party="NRC")
    log.now += ATTESTS_AFTER
    desk = authority[0].person.organisation_id
    out, back = Standing(desk, "against_us"), Standing(desk, "asked")
    again = log.propose(EntryKind.SUSPENDED, Standing(desk, "closed"), office[0])  # kept back for later
    log.all_sign(EntryKind.SUSPENDED, out, office[0], shelter[0], second[0])
    refused(EntryRefusal.VOID, log, EntryKind.AGREED, Agreed(again), shelter[1])
    # Without the administrator who took it out: two of two houses, also of those who agreed and were deceived.
    refused(EntryRefusal.HANDS, log, EntryKind.RESUMED, back, shelter[0])
    refused(EntryRefusal.SIGNER, log, EntryKind.RESUMED, back, authority[0])
    digest = log.propose(EntryKind.RESUMED, back, shelter[0])
    log.agree(digest, shelter[1])
    assert log.state.organisations[desk].suspended
    log.agree(digest, second[1])
    assert not log.state.organisations[desk].suspended
    assert log.state.organisations[desk].suspended_for == ""
    log.all_sign(EntryKind.SUSPENDED, out, office[0], shelter[0], second[0])
    log.add(EntryKind.RESUMED, back, office[1])
    assert not log.state.organisations[desk].suspended


def test_where_one_other_organisation_holds_keys_two_of_its_people_who_do_not_hang_on_one_another(begun: Begun) -> None:
    log, authority, shelter = begun
    office = log.found([authority[0], shelter[0]], "OPERATOR", OrganisationKind.OPERATOR)
    let_in = log.join(shelter[0], Role.CASE_WORKER)
    log.now += ATTESTS_AFTER
    desk = authority[0].person.organisation_id
    digest = log.propose(EntryKind.SUSPENDED, Standing(desk, "asked"), office[0])
    log.agree(digest, shelter[0], let_in)
    assert not log.state.organisations[desk].suspended
    log.agree(digest, shelter[1])
    assert log.state.organisations[desk].suspended


def test_a_log_in_which_one_attested_a_suspension_of_the_authority_still_replays(begun: Begun) -> None:
    """For some days an administrator and one other were enough: each of these entries is one that may be signed."""
    log, authority, shelter = begun
    office = log.found([authority[0], shelter[0]], "OPERATOR", OrganisationKind.OPERATOR)
    log.found([authority[0], shelter[0]], "NRC", SHELTER, party="NRC")
    log.now += ATTESTS_AFTER
    desk = authority[0].person.organisation_id
    log.all_sign(EntryKind.SUSPENDED, Standing(desk, "asked"), office[0], shelter[0])
    log.add(EntryKind.RESUMED, Standing(desk, "asked"), office[0])
    log.all_sign(EntryKind.SUSPENDED, Standing(desk, "asked"), office[0], shelter[1])
    state = State()
    entries.replay(log.instance, log.signed, state)
    assert state == log.state
    assert not state.organisations[desk].suspended


def test_a_suspension_that_is_proposed_waits_for_somebody_who_attests(begun: Begun) -> None:
    """Of a shelter that some people cannot do without, which the log does not know: so it is proposed where it is
    done, and one hand is not enough for what is proposed."""
    log, authority, shelter = begun
    office = log.found([authority[0], shelter[0]], "OPERATOR", OrganisationKind.OPERATOR)
    other = log.found([authority[0], shelter[0]], "HOUSE_2", OrganisationKind.NGO_SHELTER)
    new = log.join(authority[0], Role.DUTY_OFFICER)
    of = shelter[0].person.organisation_id
    act = Standing(of, "closed")
    refused(
        EntryRefusal.HANDS, log, EntryKind.SUSPENDED, Standing(other[0].person.organisation_id, "closed"), shelter[0]
    )
    digest = log.propose(EntryKind.SUSPENDED, act, office[0])
    assert not log.state.organisations[of].suspended
    everybody = (*office, *authority, *shelter, *other, new)
    proposal = log.state.proposals[digest]
    asked = [each for each in everybody if log.state.still_needed(proposal, each.id, log.now)]
    assert asked == authority  # not who came within 14 days, nor the shelter itself
    log.agree(digest, authority[1])
    assert log.state.organisations[of].suspended_for == "closed"
    replayed = State()
    entries.replay(log.instance, log.signed, replayed)
    assert replayed.organisations[of].suspended


def test_roles_keyrings_parties_and_boxes_have_their_hands(begun: Begun) -> None:
    log, authority, shelter = begun
    worker = next(each for each in shelter if each.person.role == Role.CASE_WORKER)
    manager = next(each for each in shelter if each is not worker)
    of = worker.person.organisation_id
    refused(EntryRefusal.SIGNER, log, EntryKind.ROLE, NewRole(worker.id, str(Role.SHELTER_MANAGER)), worker)
    refused(EntryRefusal.ROLE, log, EntryKind.ROLE, NewRole(worker.id, str(Role.MONITOR)), manager)
    log.add(EntryKind.ROLE, NewRole(worker.id, str(Role.SHELTER_MANAGER)), manager)
    assert log.state.members[worker.id].role == Role.SHELTER_MANAGER
    new = crypto.key_pair()[1]
    refused(EntryRefusal.SIGNER, log, EntryKind.KEYRING, NewKeyring(of, 2, new, bytes(32)), authority[0])
    refused(EntryRefusal.SERIAL, log, EntryKind.KEYRING, NewKeyring(of, 3, new, bytes(32)), worker)
    log.add(EntryKind.KEYRING, NewKeyring(of, 2, new, bytes(32)), worker)
    assert (log.state.organisations[of].version, log.state.organisations[of].public) == (2, new)
    refused(EntryRefusal.SUBJECT, log, EntryKind.BOX, Box(of, 24_000, new), worker)
    office = log.two(OrganisationKind.MINISTRY)
    office = [holder(log.instance, office[0].person.organisation_id, Role.COORDINATOR), office[1]]
    body = founding(office, "OMS", OrganisationKind.MINISTRY)
    log.all_sign(EntryKind.FOUNDED, body, *office, authority[0], manager)
    party = Party(of, "struck_off", bytes(32))
    refused(EntryRefusal.HANDS, log, EntryKind.PARTY, party, office[0])
    digest = log.propose(EntryKind.PARTY, party, office[0])
    log.agree(digest, authority[0])
    assert not log.state.is_vouched_for(of)
    refused(EntryRefusal.SIGNER, log, EntryKind.RENAMED, NewName(worker.id, bytes(32)), worker)


def test_who_does_not_hold_the_newest_key_says_so_alone_and_for_themselves(begun: Begun) -> None:
    log, authority, shelter = begun
    one, other = shelter
    of = one.person.organisation_id

    def says(by: Holder, *, holds: bool, version: int = 1) -> None:
        log.add(EntryKind.HOLDING, Holding(of, version, holds), by)

    refused(EntryRefusal.SIGNER, log, EntryKind.HOLDING, Holding(of, 1, holds=True), one)  # nobody said anything else
    refused(EntryRefusal.SIGNER, log, EntryKind.HOLDING, Holding(of, 1, holds=False), authority[0])
    refused(EntryRefusal.SERIAL, log, EntryKind.HOLDING, Holding(of, 2, holds=False), one)
    says(one, holds=False)
    refused(EntryRefusal.SIGNER, log, EntryKind.HOLDING, Holding(of, 1, holds=False), one)
    says(other, holds=False)
    assert log.state.organisations[of].lacking == {one.id, other.id}
    says(one, holds=True)
    assert log.state.organisations[of].lacking == {other.id}
    # The next version is everybody's, and what was said of this one is over.
    log.renew(other)
    assert log.state.organisations[of].lacking == frozenset()
    refused(EntryRefusal.SERIAL, log, EntryKind.HOLDING, Holding(of, 1, holds=False), one)
    says(other, holds=False, version=2)
    log.add(EntryKind.LEFT, Standing(other.id, "left"), one)
    assert log.state.organisations[of].lacking == frozenset()


def test_a_proposal_is_void_after_fourteen_days_and_a_founding_after_thirty(begun: Begun) -> None:
    log, authority, shelter = begun
    worker = next(each for each in shelter if each.person.role == Role.CASE_WORKER)
    manager = next(each for each in shelter if each is not worker)
    more = holder(log.instance, worker.person.organisation_id, Role.SHELTER_MANAGER)
    digest = log.propose(EntryKind.JOINED, more.person, worker)
    founders = log.two(SHELTER)
    founded = log.propose(EntryKind.FOUNDED, founding(founders, "NRC", SHELTER), founders[0])
    log.now += 14 * DAY + 1
    refused(EntryRefusal.VOID, log, EntryKind.AGREED, Agreed(digest), manager)
    log.agree(founded, founders[1])
    log.now += 16 * DAY
    refused(EntryRefusal.VOID, log, EntryKind.AGREED, Agreed(founded), authority[0])


def test_who_left_meanwhile_counts_no_longer_among_those_who_agreed(begun: Begun) -> None:
    log, authority, shelter = begun
    founders = log.two(SHELTER)
    digest = log.propose(EntryKind.FOUNDED, founding(founders, "NRC", SHELTER), founders[0])
    log.agree(digest, authority[0], shelter[0])
    log.add(EntryKind.LEFT, Standing(authority[0].id, "left"), authority[1])
    log.agree(digest, founders[1])
    assert founders[0].person.organisation_id not in log.state.organisations
    log.agree(digest, authority[1])
    assert founders[0].person.organisation_id in log.state.organisations


def test_while_the_log_is_being_restored_nobody_joins(begun: Begun) -> None:
    log, authority, shelter = begun
    worker = next(each for each in shelter if each.person.role == Role.CASE_WORKER)
    digest = log.propose(EntryKind.RESTORED, Restored(99), authority[0])
    new = holder(log.instance, worker.person.organisation_id, Role.CASE_WORKER)
    refused(EntryRefusal.RESTORING, log, EntryKind.JOINED, new.person, worker)
    log.add(EntryKind.LEFT, Standing(shelter[1].id, "left"), shelter[0])
    log.agree(digest, authority[1])
    assert log.state.is_restoring(log.now)  # of another organisation it has to be
    log.agree(digest, shelter[0])
    assert not log.state.is_restoring(log.now)


def test_time_never_goes_back_and_nobody_brings_the_key_of_another(begun: Begun) -> None:
    log, _, shelter = begun
    worker = next(each for each in shelter if each.person.role == Role.CASE_WORKER)
    stolen = replace(
        holder(log.instance, worker.person.organisation_id, Role.CASE_WORKER).person, signing=worker.person.signing
    )
    with pytest.raises(EntryRefused):
        log.add(EntryKind.JOINED, stolen, worker)
    log.now -= 1000
    before = log.state.at
    log.join(worker, Role.CASE_WORKER)
    assert log.state.at == before


def _role_waits(log: Log, shelter: list[Holder]) -> tuple[Holder, bytes]:
    """A case worker who is to lead, proposed by another case worker: a second hand has to agree."""
    newcomer = holder(log.instance, shelter[0].person.organisation_id, Role.CASE_WORKER)
    log.add(EntryKind.JOINED, newcomer.person, _worker(log, shelter))
    return newcomer, log.propose(EntryKind.ROLE, NewRole(newcomer.id, Role.SHELTER_MANAGER), _worker(log, shelter))


def _worker(log: Log, shelter: list[Holder]) -> Holder:
    return next(each for each in shelter if log.state.members[each.id].role == Role.CASE_WORKER)


def _leader(log: Log, shelter: list[Holder]) -> Holder:
    return next(each for each in shelter if log.state.members[each.id].role == Role.SHELTER_MANAGER)


def test_who_proposed_takes_it_back_and_who_is_asked_says_no(begun: Begun) -> None:
    log, _, shelter = begun
    newcomer, digest = _role_waits(log, shelter)
    worker, leader = _worker(log, shelter), _leader(log, shelter)
    refused(EntryRefusal.SIGNER, log, EntryKind.DECLINED, Declined(digest, No.NOT_SO), newcomer)  # it is about her
    refused(EntryRefusal.FORM, log, EntryKind.DECLINED, Declined(digest, "because"), worker)
    refused(EntryRefusal.VOID, log, EntryKind.DECLINED, Declined(bytes(32), No.NOT_SO), leader)
    refused(
        EntryRefusal.FORM, log, EntryKind.PROPOSED, Proposed(EntryKind.DECLINED, Declined(digest, No.NOT_SO)), leader
    )
    log.add(EntryKind.DECLINED, Declined(digest, No.MISTAKE), worker)
    refused(EntryRefusal.VOID, log, EntryKind.AGREED, Agreed(digest), leader)
    again = log.propose(EntryKind.ROLE, NewRole(newcomer.id, Role.SHELTER_MANAGER), worker)
    log.add(EntryKind.DECLINED, Declined(again, No.NOT_SO), leader)
    assert log.state.open_proposals(log.now) == []
    assert log.state.members[newcomer.id].role == Role.CASE_WORKER
    assert log.replayed() == log.state


def test_one_no_of_many_who_are_asked_is_said_and_stops_nobody_else(begun: Begun) -> None:
    log, authority, shelter = begun
    [administrator, _] = log.found([authority[0], shelter[0]], "OPERATOR", OrganisationKind.OPERATOR)
    second = log.found([authority[0], shelter[0]], "NRC", SHELTER, party="NRC")
    log.now += ATTESTS_AFTER
    body = Standing(authority[0].person.organisation_id, "stolen")
    digest = log.propose(EntryKind.SUSPENDED, body, administrator)
    log.add(EntryKind.DECLINED, Declined(digest, No.NOT_CALLED), shelter[0])
    proposal = log.state.proposals[digest]
    assert proposal.declined == ((shelter[0].id, No.NOT_CALLED),)
    assert not log.state.still_needed(proposal, shelter[0].id, log.now)
    assert log.state.still_needed(proposal, shelter[1].id, log.now)
    refused(EntryRefusal.SIGNER, log, EntryKind.AGREED, Agreed(digest), shelter[0])
    refused(EntryRefusal.SIGNER, log, EntryKind.DECLINED, Declined(digest, No.NOT_SO), shelter[0])
    refused(EntryRefusal.SIGNER, log, EntryKind.DECLINED, Declined(digest, No.NOT_SO), authority[0])
    log.agree(digest, shelter[1], second[0])
    assert log.state.organisations[body.subject_id].suspended


def test_a_proposal_dies_with_what_it_began_from_and_an_old_log_that_agreed_to_it_still_replays(begun: Begun) -> None:
    log, authority, shelter = begun
    [administrator, _] = log.found([authority[0], shelter[0]], "OPERATOR", OrganisationKind.OPERATOR)
    desk = authority[0].person.organisation_id
    first = log.propose(EntryKind.SUSPENDED, Standing(desk, "stolen"), administrator)
    assert log.state.rival_of(Standing(desk, "asked"), log.now) == log.state.proposals[first]
    assert log.state.rival_of(Standing(shelter[0].person.organisation_id, "asked"), log.now) is None
    second = log.propose(EntryKind.SUSPENDED, Standing(desk, "asked"), administrator)  # an earlier program let it in
    log.agree(first, shelter[0])
    log.add(EntryKind.RESUMED, Standing(desk, "asked"), administrator)
    assert log.state.open_proposals(log.now) == []
    assert second in log.state.proposals
    log.agree(second, shelter[1])  # as such a log has it: it stays right
    assert log.replayed() == log.state
    log.add(EntryKind.RESUMED, Standing(desk, "asked"), administrator)
    third = log.propose(EntryKind.SUSPENDED, Standing(desk, "asked"), administrator)
    assert [each.digest for each in log.state.open_proposals(log.now + 3 * DAY)] == [third]
    assert log.state.open_proposals(log.now + 3 * DAY + 1) == []


def test_a_role_is_proposed_from_the_role_that_there_is(begun: Begun) -> None:
    log, _, shelter = begun
    newcomer, digest = _role_waits(log, shelter)
    assert [each.digest for each in log.state.open_proposals(log.now)] == [digest]
    log.add(EntryKind.SUSPENDED, Standing(newcomer.id, "asked"), _worker(log, shelter))
    assert log.state.open_proposals(log.now) == []
