"""Benefits: asked for from the page of a person, listed for the house, settled by the payment desk (ADR 0156)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, redirect, render_template, request, url_for

from forms import SelectChoice
from forms.shelter.cases import CASE_REFUSED
from forms.support.benefits import (
    CALLED_OFF_LABELS,
    CHANNEL_WORDS,
    REFUSED,
    SETTLE_LABELS,
    STATE_LABELS,
    AgreeForm,
    AskBenefitForm,
    CallOffForm,
    PersonKnowsForm,
    SettleBenefitForm,
)
from nrm import clock
from nrm.actions.accounts import accounts
from nrm.actions.support import benefits as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.benefits import (
    SETTLES,
    BenefitRefusal,
    BenefitRefused,
    Entry,
    Second,
    State,
    answer_since,
    months,
)
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import cases
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.store.support import benefits as store
from nrm.store.support import follow_ups
from nrm.store.support.benefits import BenefitLine
from nrm.web import access, errors, formats
from nrm.web.language import current_language, text_in, translated

blueprint = Blueprint("benefits", __name__)
Answer = errors.Answer

Mine = list[tuple[Entry, BenefitLine | None]]


def held(case_id: uuid.UUID) -> SeenCase:
    """A case that the organisation holds, open or closed; raises NotVisible."""
    case = cases.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER:
        raise NotVisible
    return case


@blueprint.get("/cases/<uuid:case_id>/benefits")
@access.requires(Permission.STAY_MANAGE)
def of_person(case_id: uuid.UUID) -> Answer:
    """The benefits of a person, for a session that opened where they lie; without it nothing says that there is one."""
    case, nothing = held(case_id), False
    try:
        mine: Mine | None = actions.of_person(case_id=case_id, by=access.actor())
    except actions.CannotOpen:
        mine = None
    except BenefitRefused:  # of a closed case of which nothing is sealed any more
        mine, nothing = [], True
    except CaseRefused as error:
        return refused(error)
    return _person_page(case, mine, nothing=nothing)


def _person_page(
    case: SeenCase,
    mine: Mine | None,
    *,
    nothing: bool = False,
    stopped: bool = False,
    asked: bool = False,
    changed: bool = False,
) -> str:
    by = access.actor()
    untold = [line for _, line in mine or () if line is not None and line.sound and line.untold]
    follow_up = follow_ups.of_case(case.id, by=by) if case.status != "open" else None
    return render_template(
        "support/benefits/of_person.html",
        case=case,
        mine=mine,
        nothing=nothing,
        stopped=stopped,
        asked=REFUSED[BenefitRefusal.ASKED] if asked else "",
        may_ask=mine is not None and actions.may_ask(case_id=case.id, by=by),
        changed=REFUSED[BenefitRefusal.CHANGED] if changed else "",
        untold=" ".join(f"{each.code}={each.state}" for each in untold),
        new=any(each.is_new for each in untold),
        known=[line for entry, line in mine or () if line and not line.untold and entry.said_known(clock.now())],
        lost=[entry for entry, line in mine or () if line is None and entry.is_kept(clock.now())],
        agreeable=_agreeable(mine or []),
        may_come_back=any(each.may_come_back(days.today()) for each in own_of(mine or [])),
        follow_up=follow_up is not None and follow_up.is_kept,
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
    )


def own_of(mine: Mine) -> list[BenefitLine]:
    """Those that the reader's house asked for: what another one did goes to its account or voucher."""
    own = {each.code for each in store.of_house(by=access.actor())} if mine else set()
    return [line for entry, line in mine if line is not None and entry.code in own]


def closed(case: SeenCase) -> Answer:
    """The page of the person says how what lies under seal is opened, and that nothing was done."""
    return _person_page(case, None, stopped=True), 409


def check_new(form: CallOffForm | AgreeForm, mine: Mine, done: Mapping[State, BenefitRefusal], *wanted: State) -> None:
    """Raise BenefitRefused where the chosen code is the person's and was pressed already, or stands otherwise: else the
    page would ask for one of the others. `done`: what a second press of the same button finds; `wanted`: the first."""
    line = next((line for _, line in mine if line is not None and line.code == form.code.data), None)
    if line is None or line.code in {cast(Any, each).value for each in form.code.iter_choices()}:
        return
    if not line.sound:
        raise BenefitRefused(line.why_foreign)
    if line.state not in wanted:
        raise BenefitRefused(done.get(line.state, BenefitRefusal.OVER))


def refused(error: CaseRefused | BenefitRefused) -> Answer:
    """Why nothing was done."""
    words = CASE_REFUSED[error.reason] if isinstance(error, CaseRefused) else REFUSED[error.reason]
    return errors.error_page(409, words)


@blueprint.get("/cases/<uuid:case_id>/benefits/ask")
@access.requires(Permission.STAY_MANAGE)
def ask_page(case_id: uuid.UUID) -> Answer:
    case = held(case_id)
    try:
        actions.check_asked(case_id=case_id, by=access.actor())
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        return refused(error)
    form = _ask_form()
    form.once.data = str(uuid.uuid4())
    return _ask_page(case, form)


def _ask_form() -> AskBenefitForm:
    form = AskBenefitForm(request.form)
    form.name_currency(text_in(country().currency))
    # None is chosen beforehand: the month in which it was asked would lead to the entry of the audit chain.
    form.first.choices = [SelectChoice(value="", label="")] + [
        SelectChoice(value=f"{each:%Y-%m}", label=formats.month(each, current_language()))
        for each in months(days.today())
    ]
    return form


def _ask_page(case: SeenCase, form: AskBenefitForm, status: int = 200, *, stopped: bool = False) -> Answer:
    """`stopped`: where its code would lie is not open, or not any more; what was typed stays on the page."""
    follow_up = stopped and case.status != "open"
    page = "support/benefits/ask.html"
    limits = country().benefit_limits
    return render_template(page, case=case, form=form, limits=limits, stopped=stopped, follow_up=follow_up), status


@blueprint.post("/cases/<uuid:case_id>/benefits/ask")
@access.requires(Permission.STAY_MANAGE)
def ask(case_id: uuid.UUID) -> Answer:
    case = held(case_id)
    form = _ask_form()
    try:
        once = uuid.UUID((form.once.data or "")[:36])
    except ValueError:
        return errors.error_page(422)
    if not form.validate():
        return _ask_page(case, form, 422)
    try:
        code = actions.ask(case_id=case_id, wanted=form.wanted, once=once, by=access.actor())
    except (accounts.KeyringSpent, accounts.PartyTakesNoPart):
        raise  # no matter of what is open: that page keeps what was typed
    except actions.CannotOpen:
        return _ask_page(case, form, 409, stopped=True)
    except (CaseRefused, BenefitRefused) as error:
        if isinstance(error, BenefitRefused) and error.reason is BenefitRefusal.ASKED:
            return _person_page(case, None, asked=True), 409
        return refused(error)
    return _asked(case, code)


def _asked(case: SeenCase, code: str) -> Answer:
    """What was asked for: on the page of the person, or, where that does not open for this session, once here."""
    by = access.actor()
    try:
        actions.of_person(case_id=case.id, by=by)
    except actions.CannotOpen:
        (line,) = store.by_codes([code], by=by)
        return render_template("support/benefits/asked.html", case=case, line=line, channels=CHANNEL_WORDS)
    return redirect(url_for("benefits.of_person", case_id=case.id), 303)


@blueprint.get("/cases/<uuid:case_id>/benefits/call-off")
@access.requires(Permission.STAY_MANAGE)
def call_off_page(case_id: uuid.UUID) -> Answer:
    return _call_off(case_id, done=False)


@blueprint.post("/cases/<uuid:case_id>/benefits/call-off")
@access.requires(Permission.STAY_MANAGE)
def call_off(case_id: uuid.UUID) -> Answer:
    return _call_off(case_id, done=True)


def _call_off(case_id: uuid.UUID, *, done: bool) -> Answer:
    """Which one, and what follows: the page itself asks."""
    by, case = access.actor(), held(case_id)
    form = CallOffForm(request.form if done else None)
    try:
        mine = actions.of_person(case_id=case_id, by=by)
        waiting = [line for _, line in mine if line is not None and line.state is State.ASKED and line.sound]
        form.code.choices = [SelectChoice(value=each.code, label=in_words(each)) for each in waiting]
        check_new(form, mine, {State.CALLED_OFF: BenefitRefusal.OFF}, State.ASKED)
        if not done or not form.validate():
            return render_template("support/benefits/call_off.html", case=case, form=form), 422 if done else 200
        actions.call_off(case_id=case_id, code=form.code.data, by=by)
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        return refused(error)
    return redirect(url_for("benefits.of_person", case_id=case_id), 303)


def _agreeable(mine: Mine) -> list[BenefitLine]:
    """Those that wait for a second member who could be the reader."""
    by = access.actor()
    waiting = [(entry, line) for entry, line in mine if line is not None and line.waits_for_second]
    return [line for entry, line in waiting if actions.may_agree(entry, by=by)]


@blueprint.get("/cases/<uuid:case_id>/benefits/agree")
@access.requires(Permission.STAY_MANAGE)
def agree_page(case_id: uuid.UUID) -> Answer:
    return _agree(case_id, done=False)


@blueprint.post("/cases/<uuid:case_id>/benefits/agree")
@access.requires(Permission.STAY_MANAGE)
def agree(case_id: uuid.UUID) -> Answer:
    """A second member of the house agrees: the payment desk sees it from then on."""
    return _agree(case_id, done=True)


def _agree(case_id: uuid.UUID, *, done: bool) -> Answer:
    by, case = access.actor(), held(case_id)
    form = AgreeForm(request.form if done else None)
    try:
        mine = actions.of_person(case_id=case_id, by=by)
        asked_by = {entry.code: entry.login for entry, _ in mine}
        form.code.choices = [
            SelectChoice(value=each.code, label=f"{in_words(each)} ({asked_by[each.code]})")
            for each in _agreeable(mine)
        ]
        check_new(form, mine, {}, State.ASKED)
        if any(line and line.code == form.code.data and line.second is Second.GIVEN for _, line in mine):
            raise BenefitRefused(BenefitRefusal.AGREED)
        if done and not form.code.choices and any(line and line.waits_for_second for _, line in mine):
            return errors.error_page(409, translated(REFUSED[BenefitRefusal.OWN]))
        if not done or not form.validate():
            return render_template("support/benefits/agree.html", case=case, form=form), 422 if done else 200
        actions.agree(case_id=case_id, code=form.code.data, by=by)
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        return refused(error)
    return redirect(url_for("benefits.of_person", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/benefits/told")
@access.requires(Permission.STAY_MANAGE)
def told(case_id: uuid.UUID) -> Answer:
    """The person knows what became of her benefits: the pages of the house say so no more."""
    case = held(case_id)
    try:
        actions.told(case_id=case_id, stands=PersonKnowsForm(request.form).stands, by=access.actor())
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        if error.reason is BenefitRefusal.CHANGED:
            return _person_page(case, actions.of_person(case_id=case_id, by=access.actor()), changed=True), 409
        return refused(error)
    return redirect(url_for("benefits.of_person", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/benefits/not-told")
@access.requires(Permission.STAY_MANAGE)
def not_told(case_id: uuid.UUID) -> Answer:
    """It was a mistake that she knows it."""
    case = held(case_id)
    try:
        actions.not_told(case_id=case_id, code=request.form.get("code", "")[:40], by=access.actor())
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        return refused(error)
    return redirect(url_for("benefits.of_person", case_id=case_id), 303)


def in_words(line: BenefitLine) -> str:
    """A code with its amount and its months."""
    language = current_language()
    amount = f"{formats.number(line.amount, language)} {text_in(country().currency)}"
    last = f" – {formats.month(line.last_month, language)}" if line.months > 1 else ""
    return f"{line.code}: {amount}, {formats.month(line.from_month, language)}{last}"


@blueprint.get("/benefits/of-house")
@access.requires(Permission.STAY_MANAGE)
def of_house() -> str:
    """What the house asked for, by payment codes alone: whose a code is, only the page of that person says."""
    by = access.actor()
    lines, manages = store.of_house(by=by), by.may(Permission.TEAM_MANAGE)
    return render_template(
        "support/benefits/of_house.html",
        lines=sorted(lines, key=lambda each: not each.is_new),
        foreign=[each for each in lines if not each.sound and not each.put_back],
        put_back=[each for each in lines if each.put_back],
        untold=any(each.is_new for each in lines),
        of_nobody=[each for each in lines if each.nobody_until is not None],
        for_second=any(each.waits_for_second for each in lines),
        manages=manages,
        off=[each for each in lines if manages and each.is_off_unseen and each.state is not State.ASKED],
        again=[each for each in lines if each.is_asked_again],
        seeable=manages and any(each.is_off_unseen for each in lines),
        sums=store.sums(by=by) if manages else [],
        may_call_off=manages and bool(_to_give_up(lines)),
        today=days.today(),
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
    )


@blueprint.post("/benefits/of-house/found")
@access.requires(Permission.STAY_MANAGE)
def found() -> Answer:
    """Somebody of the house knows whose a code is: it is not called off."""
    try:
        actions.found(code=request.form.get("code", "")[:40], by=access.actor())
    except BenefitRefused as error:
        return refused(error)
    return redirect(url_for("benefits.of_house"), 303)


@blueprint.get("/benefits/of-house/call-off")
@access.requires(Permission.TEAM_MANAGE)
def of_nobody_page() -> Answer:
    return _of_nobody(done=False)


@blueprint.post("/benefits/of-house/call-off")
@access.requires(Permission.TEAM_MANAGE)
def of_nobody() -> Answer:
    """Call off a code of which nobody finds the person any more."""
    return _of_nobody(done=True)


def _to_give_up(lines: list[BenefitLine]) -> list[BenefitLine]:
    """Those of the house that can be given up because nobody finds the person."""
    return [each for each in lines if each.sound and each.state is State.ASKED and each.nobody_on is None]


def _of_nobody(*, done: bool) -> Answer:
    by = access.actor()
    form = CallOffForm(request.form if done else None)
    lines = store.of_house(by=by)
    if any(each.code == form.code.data and each.nobody_until is not None for each in lines):
        return errors.error_page(409, translated(REFUSED[BenefitRefusal.SAID]))
    waiting = _to_give_up(lines)
    form.code.choices = [SelectChoice(value=each.code, label=in_words(each)) for each in waiting]
    if not done or not form.validate():
        return render_template("support/benefits/of_nobody.html", form=form), 422 if done else 200
    try:
        actions.call_off_of_nobody(code=form.code.data, by=by)
    except BenefitRefused as error:
        return refused(error)
    return redirect(url_for("benefits.of_house"), 303)


@blueprint.get("/benefits")
@access.requires(Permission.BENEFIT_SETTLE)
def of_desk() -> str:
    """What the payment desk is asked for."""
    lines, since = store.of_desk(by=access.actor()), answer_since(days.today())
    sound = [line for line in lines if line.sound]
    waiting = [line for line in sound if line.state is State.ASKED]
    asked_about = [line for line in sound if line.is_asked_about(since)]
    return render_template(
        "support/benefits/of_desk.html",
        foreign=[line for line in lines if not line.sound],
        waiting=waiting,
        asked_about=asked_about,
        over=[line for line in sound if line not in waiting and line not in asked_about],
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
    )


@blueprint.get("/benefits/<payment_code>")
@access.requires(Permission.BENEFIT_SETTLE)
def settle_page(payment_code: str) -> Answer:
    return _settle_page(store.line(payment_code, by=access.actor()))


def _settle_form(line: BenefitLine) -> SettleBenefitForm:
    form = SettleBenefitForm(request.form, stands=str(line.state))
    labels = CALLED_OFF_LABELS if line.state is State.CALLED_OFF else SETTLE_LABELS
    form.to.choices = [
        SelectChoice(value=str(each), label=label) for each, label in labels.items() if each in SETTLES[line.state]
    ]
    return form


def _settle_page(
    line: BenefitLine, form: SettleBenefitForm | None = None, status: int = 200, why: BenefitRefusal | None = None
) -> Answer:
    page = render_template(
        "support/benefits/settle.html",
        line=line,
        form=form or _settle_form(line),
        may_undo=line.may_undo(days.today()),
        changed=REFUSED[why] if why else "",
        refused_foreign=REFUSED[line.why_foreign],
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
    )
    return page, status


def _stands_otherwise(line: BenefitLine, why: BenefitRefusal) -> Answer:
    """Nothing was recorded: how it stands now, with nothing chosen."""
    fresh = SettleBenefitForm(None, stands=str(line.state))
    fresh.to.choices = _settle_form(line).to.choices
    return _settle_page(line, fresh, 409, why)


@blueprint.post("/benefits/<payment_code>")
@access.requires(Permission.BENEFIT_SETTLE)
def settle(payment_code: str) -> Answer:
    by = access.actor()
    line = store.line(payment_code, by=by)
    if not line.sound:
        return errors.error_page(409, translated(REFUSED[line.why_foreign]))
    form = _settle_form(line)
    if request.form.get("stands", line.state) != line.state:
        return _stands_otherwise(line, BenefitRefusal.CHANGED)
    if not form.to.choices:
        return errors.error_page(409, translated(REFUSED[BenefitRefusal.OVER]))
    if not form.validate():
        return _settle_page(line, form, 422)
    try:
        actions.settle(code=payment_code, to=State(form.to.data), by=by)
    except BenefitRefused as error:
        return refused(error)
    return redirect(url_for("benefits.of_desk"), 303)


@blueprint.post("/benefits/<payment_code>/undo")
@access.requires(Permission.BENEFIT_SETTLE)
def undo(payment_code: str) -> Answer:
    """Take back what was recorded by mistake, today or yesterday."""
    by = access.actor()
    line = store.line(payment_code, by=by)
    if line.sound and request.form.get("stands", line.state) != line.state:
        done = BenefitRefusal.CHANGED if line.may_undo(days.today()) else BenefitRefusal.UNDONE
        return _stands_otherwise(line, done)
    try:
        actions.undo(code=payment_code, by=by)
    except BenefitRefused as error:
        if error.reason is BenefitRefusal.UNDONE:
            return _stands_otherwise(line, error.reason)
        return refused(error)
    return redirect(url_for("benefits.settle_page", payment_code=payment_code), 303)
