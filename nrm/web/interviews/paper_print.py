"""The questionnaire on paper, as plain values for its template: one pair of languages, tonight's telephones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from flask import render_template

from forms.names import country_name
from nrm.countries import Country
from nrm.domain.agreement.agreements import Agreement, Clause, Party, Target
from nrm.domain.interviews import paper_forms
from nrm.domain.interviews.interviews import Page, Question, Questionnaire
from nrm.domain.interviews.paper_forms import Part, Plan
from nrm.domain.interviews.spoken import Choices
from nrm.web.language import gettext, speaking, text_in

LINES_OF_A_STORY, LINES = 14, 3


@dataclass(frozen=True, slots=True)
class PrintedOption:
    """One box to tick: its code, its words for the officer and for the person; `more` opens under it."""

    code: str
    text: str
    said: str
    more: PrintedQuestion | None = None


@dataclass(frozen=True, slots=True)
class PrintedQuestion:
    """One question; `other`: the words in front of a line for what is not listed; `only`: after which answers it is
    asked; `shared`: people who come together have one answer; `before`: what is read out first."""

    number: int
    kind: str
    by: str
    several: bool
    text: str
    said: str
    hint: str
    options: tuple[PrintedOption, ...]
    other: str
    lines: int
    gates: tuple[str, ...]
    only: str
    shared: bool
    before: str


@dataclass(frozen=True, slots=True)
class PrintedWording:
    """What is read out; `staff_text`: the same for the officer, where it is another language."""

    title: str
    version: str
    language: str
    text: str
    staff_text: str


@dataclass(frozen=True, slots=True)
class PrintedPart:
    """A heading with what stands under it; `only`: in which case it is asked at all."""

    title: str
    only: str
    usual: bool
    ends: bool
    wordings: tuple[PrintedWording, ...]
    questions: tuple[PrintedQuestion, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom to call."""

    name: str
    hours: str
    telephone: str
    on_call: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A clause that says who receives somebody, or who is told."""

    number: str
    text: str
    parties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything on the paper but its number; `layout` is one of LAYOUTS."""

    layout: str
    staff: str
    spoken: str
    form: str
    parts: tuple[PrintedPart, ...]
    agreement: str
    desks: tuple[Desk, ...]
    rules: tuple[Rule, ...]
    printed_at: datetime


def html(sheet: Sheet, numbers: Sequence[str]) -> str:
    """One paper for the typesetter; it has one number, or for the short screen one for each person."""
    if sheet.layout == "screen":
        return _group(sheet, numbers)
    with speaking(sheet.staff):
        return render_template("interviews/paper_forms/print.html", paper=sheet, number=numbers[0])


def _group(sheet: Sheet, numbers: Sequence[str]) -> str:
    questions = [question for part in sheet.parts for question in part.questions]
    shared = [question for question in questions if question.shared]
    asked = [question for question in questions if not question.shared]
    keys: dict[tuple[PrintedOption, ...], tuple[PrintedQuestion, list[int]]] = {}
    for question in asked:
        if question.options:
            keys.setdefault(question.options, (question, []))[1].append(question.number)
    with speaking(sheet.staff):
        return render_template(
            "interviews/paper_forms/group.html",
            paper=sheet,
            numbers=numbers,
            shared=shared,
            asked=asked,
            keys=list(keys.values()),
            gates=[gate for question in questions for gate in question.gates],
        )


def sheet(
    questionnaire: Questionnaire,
    staff: str,
    spoken: str,
    country: Country,
    region: str | None,
    at: datetime,
    *,
    layout: str = "long",
) -> Sheet:
    """The paper in the officer's language and the person's, with the agreement in force at that instant.

    The short ones have the same numbers as the long one, so that all are typed in on the same page.

    `region`: where the post is, for the numbers of what is near it.
    """
    agreement = country.in_force(at)
    paper = paper_forms.plan(questionnaire)
    parts = paper_forms.parts_of(paper, layout)
    writer = _Writer(questionnaire, paper, parts, country.choices_of(questionnaire), agreement, spoken, layout)
    with speaking(staff):
        version = gettext("version %(number)s", number=questionnaire.version)
        names = questionnaire.language_names
        pair = names[staff] if spoken == staff else f"{names[staff]} · {names[spoken]}"
        if spoken != staff and questionnaire.reading.get(spoken, ("",))[0] == "draft":
            pair = f"{pair}, " + gettext("translation not yet approved")
        return Sheet(
            layout,
            staff,
            spoken,
            f"{text_in(questionnaire.title)}, {version} · {pair}",
            tuple(writer.part(part, staff) for part in parts),
            text_in(agreement.title),
            tuple(_desks(agreement, country, region, at)),
            tuple(_rules(agreement)),
            at,
        )


def numbered(parties: Mapping[str, Party]) -> Iterator[tuple[int, str]]:
    """(number on paper, code) of the organisations that can be struck out; the number is their place among all."""
    for number, party in enumerate(parties.values(), start=1):
        if party.competence is not None or party.kind.holds_keys:
            yield number, party.code


@dataclass(frozen=True, slots=True)
class _Writer:
    questionnaire: Questionnaire
    paper: Plan
    parts: tuple[Part, ...]
    choices: Choices
    agreement: Agreement
    spoken: str
    layout: str

    def part(self, part: Part, staff: str) -> PrintedPart:
        questions = tuple(self.question(each, staff) for each in part.questions if not self._stands_under(each, part))
        only = paper_forms.page_words(self.paper, part.page, staff) if self.layout != "long" else ""
        wordings = tuple(self.wordings(part.page, staff))
        return PrintedPart(part.page.title[staff], only, part.usual, part.ends, wordings, questions)

    def _stands_under(self, question: Question, part: Part) -> bool:
        return question.under is not None and question.under[0] in [each.id for each in part.questions]

    def wordings(self, page: Page, staff: str) -> Iterator[PrintedWording]:
        for name in page.wordings:
            wording = self.questionnaire.wordings[name]
            language = self.spoken if self.spoken in wording.text else staff
            version = gettext("version %(number)s", number=wording.version)
            beside = wording.text[staff] if language != staff else ""
            yield PrintedWording(wording.title[staff], version, language, wording.text[language], beside)

    def question(self, question: Question, staff: str) -> PrintedQuestion:
        is_asked = question.by == "person"
        said = question.reads.get(self.spoken) or question.text.get(self.spoken, "") if is_asked else ""
        gates = self.paper.gates.get(question.id, ()) if self.layout != "urgent" else ()
        return PrintedQuestion(
            self.paper.numbers[question.id],
            question.kind,
            question.by,
            question.kind == "some_of",
            question.text[staff],
            "" if self.spoken == staff else said,
            question.hint[staff] if question.hint else "",
            tuple(self.options(question, staff)),
            self._other(question),
            LINES_OF_A_STORY if question.id == "story" else LINES,
            tuple(paper_forms.gate_words(self.paper, gate, staff) for gate in gates),
            paper_forms.only_words(self.paper, question, staff),
            question.id in paper_forms.SHARED,
            self.announced(question, staff),
        )

    def announced(self, question: Question, staff: str) -> str:
        """What is read out before the question, in the person's language."""
        wording = self.questionnaire.wordings.get(question.announced_by)
        return wording.text.get(self.spoken, wording.text[staff]) if wording else ""

    def _other(self, question: Question) -> str:
        if question.kind not in ("country", "language") or not question.options:
            return ""
        return gettext("Another country:") if question.kind == "country" else gettext("Another language:")

    def options(self, question: Question, staff: str) -> Iterator[PrintedOption]:
        if question.kind == "parties":
            for number, code in numbered(self.agreement.parties):
                yield PrintedOption(str(number), text_in(self.agreement.parties[code].names), "")
            return
        beside = next(part.questions for part in self.parts if question in part.questions)
        below = {each.under[1]: each for each in beside if each.under is not None and each.under[0] == question.id}
        for code, option in paper_forms.codes(question):
            said = ""
            if question.by == "person" and self.spoken != staff:
                said = self.choices.words(question, option, self.spoken, country_name)
            more = below.get(option.code)
            yield PrintedOption(code, option.text[staff], said, self.question(more, staff) if more else None)


def _desks(agreement: Agreement, country: Country, region: str | None, at: datetime) -> Iterator[Desk]:
    day = agreement.day(at)
    for party in agreement.parties.values():
        if party.on_call and party.in_force(day):
            yield Desk(text_in(party.names), _hours(party), party.desk.telephone, party.on_call)
    for number in country.next_numbers:
        if number.region in (None, region):
            yield Desk(text_in(number.names), "", "", number.telephone)
    yield Desk(gettext("Police"), gettext("day and night"), "", country.emergency.police)
    yield Desk(gettext("Ambulance"), gettext("day and night"), "", country.emergency.ambulance)


def _hours(party: Party) -> str:
    desk = party.desk
    if desk.opens == desk.closes:
        return gettext("day and night") if desk.weekends else gettext("day and night, Monday to Friday")
    hours = f"{_clock(desk.opens)}–{_clock(desk.closes)}"
    return hours if desk.weekends else gettext("%(hours)s, Monday to Friday", hours=hours)


def _clock(moment: time) -> str:
    return f"{moment:%H:%M}"


def _rules(agreement: Agreement) -> Iterator[Rule]:
    for clause in agreement.of_referral:
        parties = tuple(dict.fromkeys(_parties(agreement, clause)))
        if parties or clause.ends:
            yield Rule(clause.number, text_in(clause.text), parties)


def _parties(agreement: Agreement, clause: Clause) -> Iterator[str]:
    for target in (*clause.refer_to, *clause.then):
        yield from _named(agreement, target)
    for duty in clause.duties:
        if duty.kind == "notify" and duty.party in agreement.parties:
            yield text_in(agreement.parties[duty.party].names)


def _named(agreement: Agreement, target: Target) -> Iterator[str]:
    for party in agreement.parties.values():
        if party.code in (target.party, target.coalition) or (target.kind is not None and party.kind is target.kind):
            yield text_in(party.names)
