"""Cases: what is known in clear, what can be opened and why, who opened it, sharing and erasing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.shelter.cases import (
    CARE_FIELDS,
    CASE_REFUSED,
    COMPARTMENT_LABELS,
    ERASE_REFUSED,
    LEGAL_FIELDS,
    MISTYPED,
    PURPOSE_LABELS,
    PURPOSES,
    AddNoteForm,
    EraseCaseForm,
    FindCaseForm,
    OpenCaseForm,
    ShareCaseForm,
    WriteCareForm,
    WriteLegalForm,
    WrittenForm,
    one_line_ends,
)
from forms.shelter.key_workers import SHIFT_LABELS
from forms.shelter.stays import CLOSED
from forms.shelter.strikes import STRIKE_LABELS, StrikeEntryForm
from nrm import clock
from nrm.actions.shelter import cases as actions
from nrm.actions.shelter import erasures
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.facts import is_suspected
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.referrals.children_along import CHILDREN_ALONG
from nrm.domain.shelter import first_talks as first_talk_rules
from nrm.domain.shelter.cases import (
    OF_CHILDREN,
    OF_IDENTIFICATION,
    WRITTEN_BY_HOLDER,
    CaseRefusal,
    CaseRefused,
    Compartment,
    MistypedPseudonym,
    Purpose,
    parse_pseudonym,
)
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.words import N_
from nrm.looks import one_look
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store import names as organisation_names
from nrm.store.accounts import opening_log, second_hands
from nrm.store.countries import country
from nrm.store.referrals import meetings as meeting_store
from nrm.store.referrals import obligations
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.obligations import ARRIVAL
from nrm.store.shelter import absences, case_lists
from nrm.store.shelter import cases as store
from nrm.store.shelter import consents as consent_store
from nrm.store.shelter import first_talks as first_talk_store
from nrm.store.shelter import key_workers as key_worker_store
from nrm.store.shelter import permits as permit_store
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.store.support import follow_up_ends
from nrm.web import access, errors, sessions
from nrm.web.accounts import refused, screen_lock, told_once
from nrm.web.language import text_in, translated
from nrm.web.opened import answer_rows, unless_parked, written_rows
from nrm.web.parts import Part, address
from nrm.web.referrals import critical_path, meetings, to_do, transfers
from nrm.web.shelter import (
    ages,
    claims,
    closings,
    consents,
    findings,
    first_talks,
    identifications,
    key_workers,
    matching,
    permits,
    testimony,
)
from nrm.web.shelter import stays as stay_pages
from nrm.web.support import follow_ups, plans

blueprint = Blueprint("cases", __name__)
# The parts of a case page that fold, in their order: each module's `summary(case_id)` gives a Part, or None.
PARTS = (
    closings,
    key_workers,
    stay_pages,
    plans,
    first_talks,
    findings,
    ages,
    consents,
    identifications,
    permits,
    testimony,
    claims,
    matching,
    follow_ups,
    critical_path,
)
Answer = BaseResponse | tuple[str, int] | str

NOBODY = N_("There is no case with this code for you. Check the code.")
FORMS: Mapping[Compartment, type[WriteCareForm] | type[WriteLegalForm]] = {
    Compartment.CARE: WriteCareForm,
    Compartment.LEGAL: WriteLegalForm,
}
FIELDS = {Compartment.CARE: CARE_FIELDS, Compartment.LEGAL: LEGAL_FIELDS}
# The shares a holder is offered: what each kind may read, from the least to the most.
OFFERED_SHARES: Mapping[OrganisationKind, tuple[tuple[Compartment, ...], ...]] = {
    OrganisationKind.TRP_UNIT: ((Compartment.IDENTITY, Compartment.LEGAL),),
    OrganisationKind.PROSECUTION: ((Compartment.LEGAL,), (Compartment.IDENTITY, Compartment.LEGAL)),
    OrganisationKind.CHILD_PROTECTION: ((Compartment.IDENTITY,), (Compartment.JOINT_INTERVIEW,)),
    OrganisationKind.POLICE: ((Compartment.JOINT_INTERVIEW,),),
    OrganisationKind.RESPONSIBLE_AUTHORITY: ((Compartment.JOINT_INTERVIEW,),),
}


@blueprint.get("/cases")
@access.requires(Permission.CASE_READ)
def index() -> str:
    """The open cases of this organisation, those with an hour first; of one page by the day that its rows show."""
    by = access.actor()
    page = case_lists.held(by=by, after=request.args.get("after", ""))
    takes_in = by.kind is not None and by.kind.takes_people_in
    steps = to_do.next_steps(by=by) if takes_in else {}
    return render_template(
        "shelter/cases/index.html",
        page=replace(page, rows=sorted(page.rows, key=lambda line: _shown_by(line, steps.get(line.id)))),
        several=bool(page.after) or "after" in request.args,
        may_close=by.may(Permission.STAY_MANAGE),
        takes_in=takes_in,
        touch=follow_up_ends.of_cases([line.id for line in page.rows], by=by) if takes_in else {},
        workers=key_worker_store.names([line.id for line in page.rows], by=by) if takes_in else {},
        steps=steps,
    )


def _shown_by(line: case_lists.HeldLine, task: to_do.Task | None) -> tuple[bool, date, bool, datetime]:
    """The sort key of a row: who waits at a post or is not safe, then by the day that the row shows, and of one day
    what has an hour; without a day last."""
    at, day = line.due_at, None
    step = task if line.owed is None and line.place is not None else None
    if at is not None:
        day = clock.day_of(at, country().timezone)
    elif step is not None:
        at, day = step.at, step.day
    first = line.post_waits or (step is not None and step.urgent)
    return not first, day or date.max, at is None, at or clock.now()


@blueprint.get("/cases/shared")
@access.requires(Permission.CASE_READ)
def shared() -> str:
    """The cases of others of which a part is shared with this organisation."""
    page = store.shared(by=access.actor(), after=request.args.get("after", ""))
    return render_template("shelter/cases/shared.html", page=page)


@blueprint.post("/cases/find")
@access.requires(Permission.CASE_READ)
def find() -> Answer:
    form = FindCaseForm(request.form)
    if form.validate():
        try:
            case_id = store.by_pseudonym(parse_pseudonym(form.code.data or ""), by=access.actor())
            return redirect(url_for("cases.show", case_id=case_id), 303)
        except MistypedPseudonym as error:
            form.code.errors = [MISTYPED[str(error)]]
        except NotVisible:
            refused.note(form.code.data or "")
            form.code.errors = [NOBODY]
    return render_template("shelter/cases/find.html", form=form), 422


@blueprint.get("/cases/<uuid:case_id>")
@access.requires(Permission.CASE_READ)
def show(case_id: uuid.UUID) -> str:
    return _case_page(case_id, AddNoteForm())


@one_look()
def _case_page(case_id: uuid.UUID, note: AddNoteForm) -> str:
    by = access.actor()
    case = store.case(case_id, by=by)
    opened = case_steps.opened(case_id=case_id, by=by)
    written, own_notes = case_steps.just_written(case_id=case_id, by=by)
    act = second_hands.of_case(case_id, by=by)
    holds = case.status == "open" and _writes(case) and act is None
    before = opening_log.last_purposes(case_id, by=by)
    notes = case_steps.notes(case_id=case_id, by=by) if Compartment.CARE in opened and holds else own_notes
    parts = [found for each in PARTS if (found := each.summary(case_id)) is not None]
    referral = referral_store.newest_of(case_id, by=by)
    stand = meeting_store.stand(referral) if referral is not None else None
    return render_template(
        "shelter/cases/show.html",
        case=case,
        act=act,
        move=transfers.summary(case_id),
        compartments=[
            _compartment(case, each, opened, written, before) for each in Compartment if _listed(case, each, holds)
        ],
        notes=notes,
        strikable=[each["id"] for each in notes if holds and case_steps.may_strike(each, by)],
        struck_why=STRIKE_LABELS,
        referral=referral,
        meeting=meetings.section(referral) if referral is not None and stand is not None and not stand.sends else "",
        post_waits=referral is not None and stand is not None and not stand.said and referral.departed_at is None,
        consent=consents.now(case_id, case.consent, act=act, holds=holds),
        missing=absences.of_case(case_id, by=by) if holds else None,
        owed=_owed(case_id) if holds else [],
        parts=parts,
        opened=_unfolded(parts, case, note),
        holds=holds,
        joint=holds and _needs_joint_interview(case, opened),
        may={str(each): by.may(each) for each in Permission},
        note=note,
    )


def _writes(case: SeenCase) -> bool:
    """Whether the actor's organisation writes in the case: the holder, and the shelter that hands the person on."""
    if case.relation is CaseRelation.HANDING_ON:
        return case_steps.both_write(case_id=case.id, by=access.actor())
    return case.relation is CaseRelation.HOLDER


def _owed(case_id: uuid.UUID) -> list[obligations.ObligationLine]:
    """What this organisation has to do by an hour that is set, the first due first; and the children of who came."""
    lines = obligations.of_case(case_id, by=access.actor())
    return [each for each in lines if each.own and each.done_at is None and each.kind != ARRIVAL and _is_now(each)]


def _is_now(line: obligations.ObligationLine) -> bool:
    return line.arrived if line.kind == CHILDREN_ALONG else line.due_at is not None


def _needs_joint_interview(case: SeenCase, opened: Mapping[Compartment, case_steps.Opened]) -> bool:
    """Whether the opened story ends with suspicion, and nobody asked for the joint interview yet."""
    questionnaire, story = country().questionnaires.get(case.questionnaire), opened.get(Compartment.STORY)
    if questionnaire is None or story is None or not is_suspected(questionnaire, story.value):
        return False
    return identifications.can_be_asked(case.id)


def _unfolded(parts: list[Part], case: SeenCase, note: AddNoteForm) -> set[str]:
    """The parts that are open when the page comes: the one that was asked for or changed, the one with an error, and
    for whom reads only a part of the case all of them."""
    comes_back = screen_lock.KEPT in request.args  # perhaps with a note that was being written
    named = {request.args.get("part", "")} | ({"care"} if note.errors or comes_back else set())
    if case.status == "closed":
        named.add("closing")
    return named if case.relation is CaseRelation.HOLDER else named | {each.id for each in parts}


def _listed(case: SeenCase, compartment: Compartment, holds: bool) -> bool:
    if compartment in OF_IDENTIFICATION:
        return False  # it has a page of its own
    return compartment in case.compartments or (holds and compartment in WRITTEN_BY_HOLDER)


def _compartment(
    case: SeenCase,
    compartment: Compartment,
    opened: Mapping[Compartment, case_steps.Opened],
    written: Mapping[Compartment, Mapping[str, Any]],
    before: Mapping[str, str],
) -> dict[str, Any]:
    """What the page shows of one compartment: closed, open with its rows, or not begun; closed with what the reader has
    just written, and for what the reader opened it before (`again`)."""
    here = opened.get(compartment)
    rows = None
    again = next((each for each in PURPOSES[compartment] if here is None and each == before.get(compartment)), None)
    if here is not None and compartment in WRITTEN_BY_HOLDER:
        rows = written_rows(here.value)
    elif here is not None:
        questionnaire = country().questionnaires.get(case.questionnaire)
        rows = answer_rows(questionnaire, _with_facts(case, questionnaire, compartment, here.value), _party_names())
    return {
        "code": str(compartment),
        "label": COMPARTMENT_LABELS[compartment],
        "rows": rows,
        "written": written_rows(written[compartment]) if here is None and compartment in written else None,
        "again": (again, PURPOSE_LABELS[again]) if again else None,
        "begun": compartment in case.compartments,
        "written_here": compartment in WRITTEN_BY_HOLDER,
    }


def _with_facts(
    case: SeenCase, questionnaire: Questionnaire | None, compartment: Compartment, value: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What was opened; with an opened story, for the holder, the answers that are kept as coded facts alone."""
    if compartment is not Compartment.STORY or case.relation is not CaseRelation.HOLDER or questionnaire is None:
        return value
    if case.status == "referred":
        return value
    return first_talk_rules.told_before(questionnaire, value, first_talk_store.coded(case.id, by=access.actor()))


def _party_names() -> dict[str, str]:
    """The names of the parties in the reader's language, by code; the posts are one party."""
    names = {each.party or each.code: text_in(each.names) for each in organisation_names.organisations_by_id().values()}
    agreement = country().agreements[-1]
    return names | {code: text_in(party.names) for code, party in agreement.parties.items()}


@blueprint.get("/cases/<uuid:case_id>/open/<compartment>")
@access.requires(Permission.CASE_OPEN)
def open_page(case_id: uuid.UUID, compartment: str) -> Answer:
    """Ask why, before anything is shown; of a case that is closed to everybody only for what is kept of it."""
    if _is_shut(case_id, compartment):
        return errors.error_page(409, CASE_REFUSED[CaseRefusal.PARKED])
    case, form = _to_open(case_id, compartment)
    return _open_page(case, form, compartment)


_BACK_TO = {"benefits": "benefits.of_person", "plan": "plans.show", "follow-up": "follow_ups.show"}
"""Pages of a case from which somebody comes to open what is sealed, and to which they go back."""


def _is_shut(case_id: uuid.UUID, compartment: str) -> bool:
    """Whether nobody opens this part because everything was taken back, or erasure was asked for."""
    case = store.case(case_id, by=access.actor())
    if compartment in {str(each) for each in case.compartments}:
        return False
    return second_hands.of_case(case_id, by=access.actor()) is not None


def _open_page(case: SeenCase, form: OpenCaseForm, compartment: str, status: int = 200) -> Answer:
    label, to = COMPARTMENT_LABELS[Compartment(compartment)], request.values.get("to", "")
    to = to if to in _BACK_TO else ""
    return render_template("shelter/cases/open.html", case=case, form=form, label=label, to=to), status


def _to_open(case_id: uuid.UUID, compartment: str) -> tuple[SeenCase, OpenCaseForm]:
    case = store.case(case_id, by=access.actor())
    if compartment not in {str(each) for each in case.compartments} or compartment in OF_IDENTIFICATION:
        raise NotVisible
    form = OpenCaseForm(request.form)
    form.offer(Compartment(compartment))
    if request.method == "GET":
        form.compartment.data = compartment
    return case, form


@blueprint.post("/cases/<uuid:case_id>/open")
@access.requires(Permission.CASE_OPEN)
def open_case(case_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    compartment = request.form.get("compartment", "")
    case, form = _to_open(case_id, compartment)
    if not form.validate():
        return _open_page(case, form, compartment, 422)
    try:
        actions.open_compartment(
            case_id=case_id, compartment=Compartment(compartment), purpose=Purpose(form.purpose.data), by=access.actor()
        )
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    back = _BACK_TO.get(request.form.get("to", ""))
    return redirect(url_for(back, case_id=case_id) if back else address(case_id, compartment), 303)


@blueprint.get("/cases/<uuid:case_id>/write/<compartment>")
@access.requires(Permission.CASE_OPEN)
def write_page(case_id: uuid.UUID, compartment: str) -> Answer:
    by = access.actor()
    case, part = _to_write(case_id, compartment)
    if second_hands.of_case(case_id, by=by) is not None:
        return errors.error_page(409, CASE_REFUSED[CaseRefusal.PARKED])
    form = FORMS[part](formdata=None)
    opened = case_steps.opened(case_id=case_id, by=by).get(part)
    if opened is None and part in case.compartments:
        return redirect(url_for("cases.open_page", case_id=case_id, compartment=compartment), 303)
    form.revision.data = str(opened.revision) if opened else "0"
    form.show(opened.value if opened else {})
    return _write_page(case, part, form)


def _to_write(case_id: uuid.UUID, compartment: str) -> tuple[SeenCase, Compartment]:
    case = store.case(case_id, by=access.actor())
    writable = {str(each) for each in WRITTEN_BY_HOLDER}
    if compartment not in writable or case.status != "open":
        raise NotVisible
    if case.relation not in (CaseRelation.HOLDER, CaseRelation.HANDING_ON):
        raise NotVisible
    return case, Compartment(compartment)


def _write_page(
    case: SeenCase,
    part: Compartment,
    form: WrittenForm,
    status: int = 200,
    stored: Mapping[str, str] | None = None,
    gone: Mapping[str, str] | None = None,
    *,
    closed: str = "",
) -> tuple[str, int]:
    """The form; `stored`: what somebody else wrote meanwhile, shown next to what was typed here; `gone`: what of it
    is not in what was typed; `closed`: where it is opened first, by who does not read it now."""
    page = render_template(
        "shelter/cases/write.html",
        case=case,
        form=form,
        fields=list(FIELDS[part]),
        compartment=str(part),
        label=COMPARTMENT_LABELS[part],
        stored=written_rows(stored) if stored is not None else None,
        gone=written_rows(gone) if gone is not None else None,
        closed=closed,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/write/<compartment>")
@access.requires(Permission.CASE_OPEN)
def write(case_id: uuid.UUID, compartment: str) -> Answer:
    by = access.actor()
    try:
        case, part = _to_write(case_id, compartment)
    except NotVisible:
        return transfers.too_late(case_id)
    form = FORMS[part](request.form)
    seen = form.revision.data or ""
    if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
        return errors.error_page(422)
    if not form.validate():
        return _write_page(case, part, form, 422)
    try:
        _save(case_id, part, form, by)
    except (actions.StaleRevision, actions.WouldGo) as error:
        opened = case_steps.opened(case_id=case_id, by=by).get(part)
        if opened is None:  # nothing is shown that is not open, or not any more
            closed = url_for("cases.open_page", case_id=case_id, compartment=compartment)
            return _write_page(case, part, form, 409, closed=closed)
        if isinstance(error, actions.WouldGo):
            return _write_page(case, part, form, 409, gone={name: opened.value[name] for name in error.names})
        stored = {name: text for name, text in opened.value.items() if name in form.meanwhile.names}
        return _write_page(case, part, form, 409, stored)
    except CaseRefused as error:
        return transfers.not_saved(CASE_REFUSED[error.reason])
    return redirect(address(case_id, compartment), 303)


def _save(case_id: uuid.UUID, part: Compartment, form: WrittenForm, by: Actor) -> None:
    value = {name: one_line_ends(form[name].data or "") for name in FIELDS[part]}
    write = partial(actions.write, case_id=case_id, compartment=part, value=value, beside=form.meanwhile, by=by)
    try:
        write(seen=int(form.revision.data or "0"))
    except actions.StaleRevision:
        opened = case_steps.opened(case_id=case_id, by=by).get(part)
        if opened is None:
            raise
        form.show_both(opened.value)
        form.revision.data = str(opened.revision)
        if form.meanwhile.names:
            raise
        write(seen=opened.revision)  # what was written is none of these texts: a note, or the number of a permit


@blueprint.post("/cases/<uuid:case_id>/notes")
@access.requires(Permission.CASE_OPEN)
def add_note(case_id: uuid.UUID) -> Answer:
    form = AddNoteForm(request.form)
    try:
        _to_write(case_id, Compartment.CARE)
    except NotVisible:
        return transfers.too_late(case_id)
    if not form.validate():
        return _case_page(case_id, form), 422
    try:
        text = (form.text.data or "").replace("\r\n", "\n").strip()
        actions.add_note(case_id=case_id, text=text, by=access.actor(), press=form.press)
    except CaseRefused as error:
        return transfers.not_saved(CASE_REFUSED[error.reason])
    return redirect(address(case_id, "care"), 303)


@blueprint.get("/cases/<uuid:case_id>/notes/<uuid:note_id>/strike")
@access.requires(Permission.CASE_OPEN)
def strike_note_page(case_id: uuid.UUID, note_id: uuid.UUID) -> Answer:
    return _strike_note_page(case_id, note_id, StrikeEntryForm())


def _strike_note_page(case_id: uuid.UUID, note_id: uuid.UUID, form: StrikeEntryForm, status: int = 200) -> Answer:
    case, _ = _to_write(case_id, Compartment.CARE)
    note = case_steps.note(case_id=case_id, note_id=note_id, by=access.actor())
    if not case_steps.may_strike(note, access.actor()):
        raise NotVisible
    return render_template("shelter/cases/strike_note.html", case=case, note=note, form=form), status


@blueprint.post("/cases/<uuid:case_id>/notes/<uuid:note_id>/strike")
@access.requires(Permission.CASE_OPEN)
def strike_note(case_id: uuid.UUID, note_id: uuid.UUID) -> Answer:
    form = StrikeEntryForm(request.form)
    _to_write(case_id, Compartment.CARE)
    if not form.validate():
        return _strike_note_page(case_id, note_id, form, 422)
    try:
        actions.strike_note(case_id=case_id, note_id=note_id, why=StrikeReason(form.why.data), by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return redirect(address(case_id, "care"), 303)


@blueprint.get("/cases/<uuid:case_id>/openings")
@access.requires(Permission.CASE_READ)
def openings(case_id: uuid.UUID) -> str:
    """Who opened what, when and why; for the holder."""
    by = access.actor()
    return render_template(
        "shelter/cases/openings.html",
        case=store.case(case_id, by=by),
        page=opening_log.of_case(case_id, by=by, after=request.args.get("after", "")),
        compartments=COMPARTMENT_LABELS,
        purposes=PURPOSE_LABELS,
        shifts=SHIFT_LABELS,
    )


@blueprint.get("/cases/<uuid:case_id>/share")
@access.requires(Permission.CASE_OPEN)
@unless_parked
def share_page(case_id: uuid.UUID) -> Answer:
    return _share_page(case_id, _share_form(case_id))


def _share_form(case_id: uuid.UUID) -> ShareCaseForm:
    """The form, with what may be shared of this person alone."""
    form = ShareCaseForm(request.form)
    choices = consent_store.share_choices(case_id, by=access.actor())
    form.what.choices = [
        SelectChoice(
            value=f"{each.code}:{'+'.join(shared)}",
            label=f"{text_in(each.names)}: {_named(shared)}",
        )
        for each, parts in choices
        for shared in OFFERED_SHARES.get(OrganisationKind(each.kind), ())
        if set(shared) <= parts
    ]
    if not any(OrganisationKind(each.kind) in OF_CHILDREN for each, _ in choices):
        form.agreed.description = ""
    return form


def _named(compartments: tuple[Compartment, ...]) -> str:
    return ", ".join(translated(COMPARTMENT_LABELS[each]) for each in compartments)


def _share_page(case_id: uuid.UUID, form: ShareCaseForm, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    case = store.case(case_id, by=by)
    shared = store.shares(case_id, by=by)
    page = render_template(
        "shelter/cases/share.html",
        case=case,
        form=form,
        shares=shared,
        lately=consent_store.shared_lately(case_id, by=by),
        ended=consent_store.ended_lately(case_id, by=by) if case.status == "open" else {},
        mistake=told_once.word("mistake") == "yes",
        taken_up=told_once.word("taken_up") == "yes",
        compartments=COMPARTMENT_LABELS,
        unknown=permit_store.is_unknown(case_id, by=by),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/share")
@access.requires(Permission.CASE_OPEN)
def share(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    form = _share_form(case_id)
    store.shares(case_id, by=by)
    if not form.validate():
        return _share_page(case_id, form, 422)
    if "back" in request.form:
        return _share_page(case_id, form)
    code, _, named = form.what.data.partition(":")
    organisation, parts = (
        organisation_names.organisation_by_code(code),
        [Compartment(each) for each in named.split("+")],
    )
    agreed = bool(form.agreed.data)
    try:
        if not request.form.get("sure"):
            by_consent = actions.check_sharing(
                case_id=case_id, organisation_id=organisation.id, compartments=parts, agreed=agreed, by=by
            )
            return _ask_before_sharing(case_id, text_in(organisation.names), _named(tuple(parts)), by_consent)
        actions.share(case_id=case_id, organisation_id=organisation.id, compartments=parts, agreed=agreed, by=by)
    except CaseRefused as error:
        of_her = error.reason in (CaseRefusal.NOT_AGREED, CaseRefusal.NOT_HERE)
        field = form.agreed if of_her else form.what
        field.errors = [CASE_REFUSED[error.reason]]
        return _share_page(case_id, form, 422)
    return redirect(url_for("cases.share_page", case_id=case_id), 303)


def _ask_before_sharing(case_id: uuid.UUID, name: str, parts: str, by_consent: bool) -> Answer:
    """Who will read what of whom: on a page of its own, because the choices look alike."""
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "sure")]
    case = store.case(case_id, by=access.actor())
    return render_template(
        "shelter/cases/share_sure.html", case=case, sent=sent, name=name, parts=parts, by_consent=by_consent
    )


@blueprint.post("/cases/<uuid:case_id>/share/<uuid:organisation_id>/end")
@access.requires(Permission.CASE_OPEN)
def end_share(case_id: uuid.UUID, organisation_id: uuid.UUID) -> Answer:
    """`mistake`: whoever shared it some minutes ago says that nobody had asked the person."""
    mistake = request.form.get("mistake") == "yes"
    try:
        actions.end_share(case_id=case_id, organisation_id=organisation_id, mistake=mistake, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return told_once.lead(url_for("cases.share_page", case_id=case_id, mistake="yes" if mistake else None))


@blueprint.post("/cases/<uuid:case_id>/share/<uuid:organisation_id>/again")
@access.requires(Permission.CASE_OPEN)
def take_up_share(case_id: uuid.UUID, organisation_id: uuid.UUID) -> Answer:
    """Whoever ended it some minutes ago says that the person had not said so."""
    try:
        actions.take_up_share(case_id=case_id, organisation_id=organisation_id, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return told_once.lead(url_for("cases.share_page", case_id=case_id, taken_up="yes"))


@blueprint.get("/cases/<uuid:case_id>/erase")
@access.requires(Permission.STAY_MANAGE)
@sessions.step_up
def erase_page(case_id: uuid.UUID) -> Answer:
    """What erasing would destroy, for the person and the holder to read before."""
    return _erase_page(case_id, EraseCaseForm())


def _erase_page(case_id: uuid.UUID, form: EraseCaseForm, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    case = store.case(case_id, by=by)
    if case.relation is not CaseRelation.HOLDER:
        raise NotVisible
    going, legal_stays = erasures.erasable(case_id=case_id, by=by)
    why_not = erasures.why_not_erased(case_id=case_id, by=by)
    page = render_template(
        "shelter/cases/erase.html",
        case=case,
        form=form,
        going=[COMPARTMENT_LABELS[each] for each in going],
        legal_stays=legal_stays,
        blocker=closings.blocker(case, why_not, ERASE_REFUSED) if why_not is not None else None,
        may_be_mistake=isinstance(why_not, GateClosed),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/erase")
@access.requires(Permission.STAY_MANAGE)
@sessions.step_up
def erase(case_id: uuid.UUID) -> Answer:
    form = EraseCaseForm(request.form)
    if not form.validate() or not form.is_of_past(days.today()):
        return _erase_page(case_id, form, 422)
    try:
        erasures.erase(case_id=case_id, signed_on=form.signed_on, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, ERASE_REFUSED[error.reason])
    except GateClosed as error:
        return errors.error_page(409, CLOSED[error.reason])
    return redirect(url_for("cases.show", case_id=case_id), 303)
