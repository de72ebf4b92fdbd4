"""Hearings of a witness: what is announced, what the court ordered, calling off, correcting; all that lie ahead."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.shelter.cases import CASE_REFUSED
from forms.shelter.strikes import STRIKE_LABELS, StrikeForm
from forms.support.hearings import (
    AHEAD,
    NONE_ORDERED,
    REFUSED,
    WEEKEND,
    AnnounceHearingForm,
    CallOffForm,
    ForgetKeptForm,
    OrderProtectionForm,
)
from nrm.actions.support import hearings as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.hearings import (
    CalledOff,
    Hearing,
    HearingEntryKind,
    HearingRefusal,
    HearingRefused,
    Measure,
    is_ahead,
    is_weekend,
)
from nrm.domain.words import N_
from nrm.steps.support import hearings as steps
from nrm.steps.support.hearings import EntryView, HearingView
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.support import hearings as store
from nrm.store.support.hearings import Person
from nrm.web import access, errors, formats
from nrm.web.choices import label_of, of_list
from nrm.web.language import current_language, gettext, text_in

Page = tuple[str, int]
Answer = Response | Page | str

blueprint = Blueprint("hearings", __name__)

SEALED = N_("This part of the case does not open for you now, so its hearings cannot be shown or entered.")
FIELD_OF = {
    HearingRefusal.COURT: "court",
    HearingRefusal.PAST: "day",
    HearingRefusal.TOO_LATE: "day",
    HearingRefusal.TWICE: "day",
}
SHOWN = 10
"""How many hearings the home page of the liaison shows; a link leads to the rest."""


@dataclass(frozen=True, slots=True)
class Line:
    """A hearing in words. `entries`: (what it says, the entry), struck ones among them; `open`: more can be entered."""

    view: HearingView
    person: Person
    on: date
    court: str
    asked: str
    ordered: str
    entries: tuple[tuple[str, EntryView], ...]
    names: Mapping[uuid.UUID | None, str]

    def may_be_struck(self, entry: EntryView) -> bool:
        """Whether the one who reads may correct this entry."""
        return entry.may_be_struck(by=access.actor())

    def struck_by(self, entry: EntryView) -> str:
        """Who struck it, where the one who reads may know; else nothing."""
        return self.names.get(entry.struck_by, "")

    @property
    def may_order(self) -> bool:
        """Whether what the court ordered can be entered."""
        return self.view.takes_place and self.view.standing(HearingEntryKind.ORDERED) is None


@dataclass(frozen=True, slots=True)
class KeptLine:
    """In words, a hearing that is kept of a case which the prosecution reads no more."""

    view: steps.KeptView
    court: str
    asked: str
    ordered: str


def court_name(code: str) -> str:
    """The words of a court; the code where the country does not have it any more."""
    words = country().courts.get(code)
    return text_in(words) if words is not None else code


def _measures(measures: tuple[Measure, ...]) -> str:
    return "; ".join(label_of("protection_measures", each) for each in measures) or gettext("none")


def _lines(found: Iterable[tuple[Person, HearingView]]) -> list[Line]:
    there = list(found)
    shown = [entry for _, view in there for entry in (view.announced, *view.entries)]
    names = store.writers({who for entry in shown for who in (entry.wrote, entry.struck_by)}, by=access.actor())
    return [_line(person, view, names) for person, view in there]


def _line(person: Person, view: HearingView, names: Mapping[uuid.UUID | None, str]) -> Line:
    order = view.standing(HearingEntryKind.ORDERED)
    wrote = f" ({_wrote(order, names)})" if order is not None and order is view.refused else ""
    return Line(
        view,
        person,
        view.hearing.on,
        court_name(view.hearing.court),
        _measures(view.hearing.asked),
        _measures(order.ordered) + wrote if order is not None else "",
        tuple((_entry(each, names), each) for each in view.entries),
        names,
    )


def _wrote(entry: EntryView, names: Mapping[uuid.UUID | None, str]) -> str:
    day = formats.day(entry.entered_on, current_language())
    if name := names.get(entry.wrote):
        return gettext("%(name)s wrote this down on %(day)s", name=name, day=day)
    return gettext("written down on %(day)s", day=day)


def _entry(entry: EntryView, names: Mapping[uuid.UUID | None, str]) -> str:
    if entry.called_off is not None:
        why = label_of("hearings_called_off", entry.called_off)
        if entry.words:
            why += f" ({entry.words})"
        return gettext("No hearing on that day: %(why)s", why=why)
    ordered = gettext("The court ordered: %(measures)s", measures=_measures(entry.ordered))
    return f"{ordered} ({_wrote(entry, names)})"


def home_part() -> Markup:
    """The hearings of the next thirty days, by day, for the home page of the witness liaison; first what colleagues
    called off or changed."""
    by = access.actor()
    lines = _lines(steps.ahead(by=by, later=True))
    part = render_template(
        "support/hearings/ahead.html",
        lines=[each for each in lines if is_ahead(each.on, today())][:SHOWN],
        kept=_kept()[:SHOWN],
        told=store.told_lately(by=by)[:SHOWN],
        refused=[each for each in lines if each.view.refused_lately(by=by) is not None][:SHOWN],
        status_of=lambda status: label_of("witness_statuses", status),
        strike_labels=STRIKE_LABELS,
    )
    return Markup(part)  # noqa: S704


def _kept() -> list[KeptLine]:
    return [_kept_line(each) for each in steps.kept(by=access.actor())]


def _kept_line(view: steps.KeptView) -> KeptLine:
    ordered = _measures(view.ordered) if view.ordered is not None else ""
    return KeptLine(view, court_name(view.hearing.court), _measures(view.hearing.asked), ordered)


@blueprint.get("/hearings")
@access.requires(Permission.TESTIMONY_RECORD)
def index() -> str:
    """All that lie ahead."""
    lines = _lines(steps.ahead(by=access.actor(), later=True))
    return render_template("support/hearings/index.html", lines=lines, kept=_kept())


@blueprint.get("/hearings/kept/<uuid:kept_id>/forget")
@access.requires(Permission.TESTIMONY_RECORD)
def forget_kept_page(kept_id: uuid.UUID) -> str:
    """Ask once more: the prosecution reads the case no more, so nobody can give it back."""
    return _forget_page(_kept_of(kept_id), ForgetKeptForm(formdata=None))


def _kept_of(kept_id: uuid.UUID) -> KeptLine:
    found = next((each for each in _kept() if each.view.id == kept_id), None)
    if found is None:
        raise NotVisible
    return found


def _forget_page(line: KeptLine, form: ForgetKeptForm) -> str:
    return render_template("support/hearings/forget_kept.html", line=line, form=form, ahead=_lies_ahead(line))


def _lies_ahead(line: KeptLine) -> bool:
    return line.view.hearing.on >= today()


@blueprint.post("/hearings/kept/<uuid:kept_id>/forget")
@access.requires(Permission.TESTIMONY_RECORD)
def forget_kept(kept_id: uuid.UUID) -> Answer:
    """The hearing is over, or does not take place."""
    form, line = ForgetKeptForm(request.form), _kept_of(kept_id)
    valid = form.validate()
    if _lies_ahead(line) and not (valid and form.despite.data):
        form.despite.errors = [AHEAD]
        return _forget_page(line, form), 422
    actions.forget_kept(kept_id=kept_id, by=access.actor())
    return redirect(url_for("hearings.index"), 303)


@blueprint.get("/cases/<uuid:case_id>/hearings")
@access.requires(Permission.TESTIMONY_RECORD)
def of_case(case_id: uuid.UUID) -> Answer:
    return _page(store.of_case(case_id, by=access.actor()), _announce_form(), asks=True)


@blueprint.post("/cases/<uuid:case_id>/hearings")
@access.requires(Permission.TESTIMONY_RECORD)
def announce(case_id: uuid.UUID) -> Answer:
    return _announce(store.of_case(case_id, by=access.actor()))


@blueprint.get("/witnesses/<uuid:witness_id>/hearings")
@access.requires(Permission.TESTIMONY_RECORD)
def of_witness(witness_id: uuid.UUID) -> Answer:
    return _page(store.of_witness(witness_id, by=access.actor()), _announce_form(), asks=True)


@blueprint.post("/witnesses/<uuid:witness_id>/hearings")
@access.requires(Permission.TESTIMONY_RECORD)
def announce_of_witness(witness_id: uuid.UUID) -> Answer:
    return _announce(store.of_witness(witness_id, by=access.actor()))


def _address(person: Person, instead: str | None = None) -> str:
    anchor = "sheet" if instead else None
    if person.has_case:
        return url_for("hearings.of_case", case_id=person.id, instead=instead, _anchor=anchor)
    return url_for("hearings.of_witness", witness_id=person.id, instead=instead, _anchor=anchor)


def _announce_form() -> AnnounceHearingForm:
    form = AnnounceHearingForm(request.form)
    courts = [SelectChoice(value=code, label=text_in(words)) for code, words in country().courts.items()]
    form.court.choices = [SelectChoice(value="", label=N_("Choose")), *courts]
    form.protection.choices = _yes_no()
    form.measures.choices = of_list("protection_measures")
    return form


def _yes_no() -> list[SelectChoice]:
    return [SelectChoice(value="some", label=N_("Yes")), SelectChoice(value="none", label=N_("No"))]


def _page(person: Person, form: AnnounceHearingForm, status: int = 200, *, asks: bool = False) -> Answer:
    """`asks`: of a hearing that was just called off or struck, whether there is another day."""
    try:
        lines = _lines((person, each) for each in steps.of(person, by=access.actor()))
    except actions.CannotOpen:
        return errors.error_page(409, SEALED)
    instead = next((each for each in lines if asks and str(each.view.id) == request.args.get("instead")), None)
    again = next((each for each in lines if asks and str(each.view.id) == request.args.get("again")), None)
    if before := instead or again:
        _as_before(form, before.view.hearing, same_day=again is not None)
    page = render_template(
        "support/hearings/of_person.html",
        person=person,
        lines=lines,
        form=form,
        strike_labels=STRIKE_LABELS,
        instead=instead,
        lost=_lost(lines),
    )
    return page, status


def _lost(lines: Collection[Line]) -> set[uuid.UUID]:
    """The hearings that were struck though their day lies ahead, and that nobody entered again: perhaps by mistake."""
    there = {(each.court, each.on) for each in lines if each.view.announced.struck_why is None}
    gone = (each for each in lines if each.view.announced.struck_why is not None and each.on >= today())
    return {each.view.id for each in gone if (each.court, each.on) not in there}


def _as_before(form: AnnounceHearingForm, hearing: Hearing, *, same_day: bool) -> None:
    """Court and protection as they were; the day too, where the hearing was struck by mistake."""
    if same_day:
        form.day.process(None, hearing.on)
    form.court.data = hearing.court
    form.protection.data = "some" if hearing.asked else "none"
    form.measures.data = [str(each) for each in hearing.asked]


def _announce(person: Person) -> Answer:
    form = _announce_form()
    if not form.validate() or not form.is_whole or form.day.data is None:
        return _page(person, form, 422)
    if is_weekend(form.day.data) and form.day.data >= today() and not form.weekend.data:
        form.weekend.errors = [WEEKEND]
        return _page(person, form, 422)
    try:
        hearing = Hearing(form.court.data, form.day.data, tuple(Measure(each) for each in form.asked))
        elsewhere = _elsewhere(person, hearing)
        if elsewhere and not form.same_day.data:
            form.same_day.errors = [
                gettext(
                    "On this day the person is heard at %(court)s already: ask both courts, and tick that both are "
                    "right",
                    court=elsewhere,
                )
            ]
            return _page(person, form, 422)
        actions.announce(person=person, hearing=hearing, by=access.actor())
    except HearingRefused as error:
        form[FIELD_OF[error.reason]].errors = [REFUSED[error.reason]]
        return _page(person, form, 422)
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except actions.CannotOpen:
        return errors.error_page(409, SEALED)
    return redirect(_address(person), 303)


def _elsewhere(person: Person, hearing: Hearing) -> str:
    """At which other court a hearing of this person stands on the same day; empty: at none. Raises CannotOpen."""
    there = steps.of(person, by=access.actor())
    same = [each.hearing for each in there if each.takes_place and each.hearing.on == hearing.on]
    return next((court_name(each.court) for each in same if each.court != hearing.court), "")


def _one(hearing_id: uuid.UUID) -> Line | None:
    """The hearing in words; None where it does not open. Raises NotVisible."""
    try:
        return _lines([steps.one(hearing_id, by=access.actor())])[0]
    except actions.CannotOpen:
        return None


@blueprint.get("/hearings/<uuid:hearing_id>/order")
@access.requires(Permission.TESTIMONY_RECORD)
def order_page(hearing_id: uuid.UUID) -> Answer:
    return _order_page(hearing_id, _order_form())


def _order_form() -> OrderProtectionForm:
    form = OrderProtectionForm(request.form)
    form.protection.choices = _yes_no()
    form.measures.choices = of_list("protection_measures")
    return form


def _order_page(hearing_id: uuid.UUID, form: OrderProtectionForm, status: int = 200) -> Answer:
    line = _one(hearing_id)
    if line is None:
        return errors.error_page(409, SEALED)
    if not line.may_order:
        return errors.error_page(409, REFUSED[HearingRefusal.STATE])
    return render_template("support/hearings/order.html", line=line, form=form, back=_address(line.person)), status


@blueprint.post("/hearings/<uuid:hearing_id>/order")
@access.requires(Permission.TESTIMONY_RECORD)
def order(hearing_id: uuid.UUID) -> Answer:
    """What the court ordered to protect the witness."""
    form = _order_form()
    if not form.validate() or not form.is_whole:
        return _order_page(hearing_id, form, 422)
    measures = [Measure(each) for each in form.ordered]
    line = _one(hearing_id) if not measures and not form.none.data else None
    if line is not None and line.may_order and line.view.hearing.asked:
        form.none.errors = [NONE_ORDERED]
        return _order_page(hearing_id, form, 422)
    return _entered(hearing_id, lambda: actions.order(hearing_id=hearing_id, measures=measures, by=access.actor()))


@blueprint.get("/hearings/<uuid:hearing_id>/call-off")
@access.requires(Permission.TESTIMONY_RECORD)
def call_off_page(hearing_id: uuid.UUID) -> Answer:
    return _call_off_page(hearing_id, _call_off_form())


def _call_off_form() -> CallOffForm:
    form = CallOffForm(request.form)
    form.why.choices = of_list("hearings_called_off")
    return form


def _call_off_page(hearing_id: uuid.UUID, form: CallOffForm, status: int = 200) -> Answer:
    line = _one(hearing_id)
    if line is None:
        return errors.error_page(409, SEALED)
    if not line.view.takes_place:
        return errors.error_page(409, REFUSED[HearingRefusal.STATE])
    return render_template("support/hearings/call_off.html", line=line, form=form, back=_address(line.person)), status


@blueprint.post("/hearings/<uuid:hearing_id>/call-off")
@access.requires(Permission.TESTIMONY_RECORD)
def call_off(hearing_id: uuid.UUID) -> Answer:
    """There is no hearing on that day."""
    form = _call_off_form()
    if not form.validate() or not form.is_whole:
        return _call_off_page(hearing_id, form, 422)
    why, words = CalledOff(form.why.data), (form.words.data or "").strip()
    return _entered(
        hearing_id,
        lambda: actions.call_off(hearing_id=hearing_id, why=why, words=words, by=access.actor()),
        asks=why is CalledOff.POSTPONED,
    )


def _entered(hearing_id: uuid.UUID, enter: Callable[[], None], *, asks: bool = False) -> Answer:
    """`asks`: the page that follows asks whether there is another day."""
    person, entry = store.of_entry(hearing_id, by=access.actor())
    instead = str(hearing_id) if asks and entry.hearing_id is None else None
    try:
        enter()
    except HearingRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except actions.CannotOpen:
        return errors.error_page(409, SEALED)
    return redirect(_address(person, instead), 303)


@blueprint.get("/hearings/<uuid:hearing_id>/strike")
@access.requires(Permission.TESTIMONY_RECORD)
def strike_page(hearing_id: uuid.UUID) -> Answer:
    """Of a hearing, or of another entry about one: the id is that of the entry."""
    return _strike_page(hearing_id, _strike_form())


def _strike_form() -> StrikeForm:
    form = StrikeForm(request.form)
    del form.instead, form.day
    return form


def _strike_page(hearing_id: uuid.UUID, form: StrikeForm, status: int = 200) -> Answer:
    line = _one(hearing_id)
    if line is None:
        return errors.error_page(409, SEALED)
    said = next((words for words, each in line.entries if each.id == hearing_id), "")
    entry = line.view.entry(hearing_id)
    if not line.may_be_struck(entry):
        return errors.error_page(409, REFUSED[HearingRefusal.NOT_YOURS])
    if entry.struck_why is not None:
        return errors.error_page(409, REFUSED[HearingRefusal.STATE])
    page = render_template("support/hearings/strike.html", line=line, said=said, form=form, back=_address(line.person))
    return page, status


@blueprint.post("/hearings/<uuid:hearing_id>/strike")
@access.requires(Permission.TESTIMONY_RECORD)
def strike(hearing_id: uuid.UUID) -> Answer:
    form = _strike_form()
    if not form.validate():
        return _strike_page(hearing_id, form, 422)
    reason = StrikeReason(form.reason.data)
    return _entered(
        hearing_id, lambda: actions.strike(entry_id=hearing_id, reason=reason, by=access.actor()), asks=True
    )
