"""Whether a questionnaire holds together: names, order, reveals, and that every question can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from nrm.domain.conditions import Condition
from nrm.domain.interviews.interviews import (
    ALONE,
    PLAIN_KINDS,
    UNKNOWN,
    AnswerWarning,
    Page,
    Question,
    Questionnaire,
    Route,
    telephone_conditions,
)
from nrm.domain.interviews.questionnaire_flow import opener_of
from nrm.domain.interviews.short_screen import SCREENED, questions_of

# Which kind each derived value is read from.
DERIVED = {
    "birth": "partial_date",
    "age": "one_of",
    "age_stated": "number",
    "left": "partial_date",
    "began": "partial_date",
    "ended": "partial_date",
    "still": "yes_no",
    "longest_country": "country",
    "elsewhere": "one_of",
    "second_country": "country",
    "consent_statistics": "yes_no",
    "danger": "yes_no",
}
# What a group shares is one code for each question, and nothing that is kept sealed of one person alone.
GROUP_KINDS = ("yes_no", "one_of", "country", "language")
GROUP_COMPARTMENTS = ("fact", "hand_over")
# Of these every option says what it means for the profile, as does every option that gives a means of control.
TELLING = ("forms", "work", "still", "official", "paid_by", "documents_held", "companions", "danger", "control")
MEANS = "means_of_control"
CONSENT_CODES = ("given", "refused", "not_asked_child", "not_asked_urgent")
# Beyond this many combinations of answers a condition is taken as satisfiable.
COMBINATIONS = 100_000


class MalformedQuestionnaire(ValueError):
    """The data file cannot be used; each of `findings` names file, key and reason, and the message is the first."""

    def __init__(self, *findings: str) -> None:
        super().__init__(findings[0])
        self.findings = findings


def check_whole(questionnaire: Questionnaire, file: str) -> None:
    """Raises MalformedQuestionnaire with what does not hold together.

    Checks that need correct names and order run only after those are correct.
    """
    for stage in (_names, _parts, _orders, _unreachable):
        found = dict.fromkeys(f"{file}: {key}: {reason}" for key, reason in stage(questionnaire))
        if found:
            raise MalformedQuestionnaire(*found)


def incomplete(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    """(key, reason) for what an interview works without and a finished questionnaire has.

    The texts read out, in every language that is read out; one strength for each indicator; a source for every
    indicator, every sign at the border and every coded fact; what each answer means, where one answer of the question
    names something or `TELLING` lists it; an explanation of every sign, if the file of signs explains any.
    """
    for language in questionnaire.reading:
        for question in questionnaire.questions.values():
            if question.by == "person" and question.kind != "parties" and language not in question.reads:
                yield f"question.{question.id}", f"has no text to read out in {language}"
        for wording in questionnaire.wordings.values():
            if language not in wording.text:
                yield f"wording.{wording.id}", f"has no text to read out in {language}"
    explained = any(option.help for question in questionnaire.questions.values() for option in question.options)
    strengths: dict[str, tuple[str, str]] = {}
    for question in questionnaire.questions.values():
        telling = question.id in TELLING or any(option.declared for option in question.options)
        for option in question.options:
            key = f"question.{question.id}.options.{option.code}"
            controls = any(fact == MEANS for fact, _ in option.gives)
            if (telling or controls) and not option.declared and option.code not in ALONE:
                yield key, "must say what it means: indicator, named, named_for or neutral"
            if question.border and not option.source and option.code not in ALONE:
                yield f"{key}.source", "is missing"
            if explained and question.border and option.help is None and option.code not in ALONE:
                yield key, "is not explained in the file of signs"
            for each in option.indicators:
                before = strengths.setdefault(each.id, (each.adult, each.child))
                if before != (each.adult, each.child):
                    yield f"{key}.indicator", f"`{each.id}` has other strengths elsewhere"
    for fact in questionnaire.facts.values():
        if not fact.source:
            yield f"fact.{fact.name}.source", "is missing"


def _parts(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    yield from _facts(questionnaire)
    for page in questionnaire.pages.values():
        yield from _reveals(questionnaire, page)
    yield from _companions(questionnaire)
    yield from _group(questionnaire)
    yield from _alarms(questionnaire)
    yield from _telephone(questionnaire)


def _telephone(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    """What is asked by telephone alone can be taken off the paper: nothing else looks at it."""
    telephone, questions = questionnaire.telephone, questionnaire.questions
    if not telephone:
        return
    if any(telephone in page.questions for page in questionnaire.pages.values()):
        yield "telephone", f"`{telephone}` is asked on a page, and is answered by itself"
    only, never = telephone_conditions(telephone)
    for question in questions.values():
        if telephone in question.when.names() and question.when not in (only, never):
            yield f"question.{question.id}.when", f"looks at `{telephone}`, so it must look at nothing else"
    others = [(f"page.{each.id}.when", each.when) for each in questionnaire.pages.values()]
    others += [(f"route.{each.id}.when", each.when) for each in questionnaire.routes]
    others += [(f"check.{each.question}.when", each.when) for each in questionnaire.checks]
    others += [
        (f"warning.{each.id}.when", each.when)
        for each in questionnaire.warnings
        if questions[each.question].when != only
    ]
    others += [(f"question.{each.id}.when", each.when) for each in questions.values()]
    asked = {name for name, each in questions.items() if each.when == only}
    for key, when in others:
        if wrong := when.names() & (asked if key.startswith("question.") else {*asked, telephone}):
            yield key, f"looks at `{min(wrong)}`, which is asked by telephone alone"


def _alarms(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    """What is an alarm is named too, and is asked of everybody on the short screen."""
    for question in questionnaire.questions.values():
        key = f"question.{question.id}.alarm"
        if question.alarm_unsure and not question.alarm:
            yield f"{key}_unsure", "needs `alarm`: the answers that are an alarm by themselves"
        if question.alarm and not question.required:
            yield key, "a question with an alarm is required: not asked is never no"
        if question.alarm_unsure and any(question.option(code) is None for code in UNKNOWN):
            yield f"{key}_unsure", "the question cannot be answered with “does not know”"
        for code in sorted(question.alarm):
            option = question.option(code)
            if option is None:
                yield key, f"`{question.id}` has no option `{code}`"
            elif option.named != "everybody":
                yield key, f"`{code}` must be named as well: it names something of everybody"
    for route in questionnaire.routes:
        if route.ends != SCREENED:
            continue
        asked = questions_of(questionnaire, route)
        if not any(question.alarm for question in asked):
            yield f"route.{route.id}.ends", "asks no question that has an `alarm`"
        for question in questionnaire.questions.values():
            if question.alarm and question not in asked:
                yield f"route.{route.id}.pages", f"does not ask `{question.id}`, which has an alarm"
        for question in asked:
            if question.named == "everybody" and not question.options:
                yield f"route.{route.id}.pages", f"asks `{question.id}`, whose own words always name something"


def _orders(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    for route in questionnaire.routes:
        yield from _order(questionnaire, route)


def _companions(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    """A companion never interprets: who is with the person is no answer to who interprets."""
    with_them = {
        option.code
        for question in questionnaire.questions.values()
        if question.routing == "accompanied"
        for option in question.options
    } - {"none", "other"}
    interpreter = questionnaire.questions.get("interpreter")
    for option in interpreter.options if interpreter is not None else ():
        if option.code in with_them or option.code == "companion":
            yield "question.interpreter.options", f"`{option.code}` is a companion; companions never interpret"


def _group(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    """What a group shares must be asked of everybody, be one code, and lead nowhere by itself."""
    shared = questionnaire.group
    for name in shared.questions:
        question = questionnaire.questions.get(name)
        if question is None:
            yield "group.questions", f"names the question `{name}`, which does not exist"
        elif question.kind not in GROUP_KINDS:
            yield "group.questions", f"`{name}` is a {question.kind}, and a group shares one code for each question"
        elif question.compartment not in GROUP_COMPARTMENTS:
            yield "group.questions", f"`{name}` is kept in {question.compartment}, which is of one person"
        elif question.under is not None:
            yield "group.questions", f"`{name}` stands under an option, which is chosen of one person"
        elif name in questionnaire.derive.values() or name in questionnaire.home.questions:
            yield "group.questions", f"`{name}` is asked of each person"
    for name in shared.title:
        if name not in shared.questions:
            yield "group.title", f"`{name}` is not among the questions of the group"
    if shared.questions and not shared.title:
        yield "group.title", "names no question"


def _names(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    by_itself = questionnaire.questions.get(questionnaire.telephone)
    if questionnaire.telephone and (by_itself is None or by_itself.kind != "yes_no"):
        yield "telephone", f"`{questionnaire.telephone}` is no question of the kind yes_no"
    for page in questionnaire.pages.values():
        for name in page.questions:
            if name not in questionnaire.questions:
                yield f"page.{page.id}.questions", f"names the question `{name}`, which does not exist"
        for name in page.wordings:
            if name not in questionnaire.wordings:
                yield f"page.{page.id}.wordings", f"names the wording `{name}`, which does not exist"
    if not questionnaire.routes:
        yield "route", "there is none"
    elif questionnaire.routes[-1].when.operator != "and" or questionnaire.routes[-1].when.parts:
        yield f"route.{questionnaire.routes[-1].id}.when", "the last route is for everyone else and has no condition"
    for route in questionnaire.routes:
        for name in route.pages:
            if name not in questionnaire.pages or name == questionnaire.home.id:
                yield f"route.{route.id}.pages", f"names the page `{name}`, which does not exist"
            elif questionnaire.pages[name].asked_by == "receiver":
                yield f"route.{route.id}.pages", f"names the page `{name}`, which is the receiver’s"
    for question in questionnaire.questions.values():
        for name in question.depends_on:
            if name not in questionnaire.questions:
                yield f"question.{question.id}.depends_on", f"names the question `{name}`, which does not exist"
    for number, check in enumerate(questionnaire.checks, start=1):
        if check.question not in questionnaire.questions:
            yield f"check[{number}].question", f"names the question `{check.question}`, which does not exist"
        yield from _codes(questionnaire, check.when, f"check[{number}].when")
    for warning in questionnaire.warnings:
        yield from _warning(questionnaire, warning, f"warning.{warning.id}")
    for number, (code, when) in enumerate(questionnaire.consent, start=1):
        if code not in CONSENT_CODES:
            yield f"consent[{number}].code", f"`{code}` is none of {', '.join(CONSENT_CODES)}"
        yield from _codes(questionnaire, when, f"consent[{number}].when")
    for question in questionnaire.questions.values():
        if question.announced_by and question.announced_by not in questionnaire.wordings:
            key = f"question.{question.id}.announced_by"
            yield key, f"names the wording `{question.announced_by}`, which does not exist"
    for wording in questionnaire.wordings.values():
        yield from _codes(questionnaire, wording.when, f"wording.{wording.id}.when")


def _warning(questionnaire: Questionnaire, warning: AnswerWarning, key: str) -> Iterator[tuple[str, str]]:
    question = questionnaire.questions.get(warning.question)
    if question is None:
        yield f"{key}.question", f"names the question `{warning.question}`, which does not exist"
        return
    wrong = list(_codes(questionnaire, warning.when, f"{key}.when"))
    yield from wrong
    if not wrong and not _possible(questionnaire, warning.when):
        yield f"{key}.when", "can never hold"
    if warning.at_once and (warning.when.operator != "eq" or warning.when.name != question.id or question.select):
        yield f"{key}.at_once", "is for one answer of its own question, which lists its answers: `eq` and nothing else"


def _codes(questionnaire: Questionnaire, when: Condition, key: str) -> Iterator[tuple[str, str]]:
    for comparison in when.comparisons():
        question = questionnaire.questions.get(comparison.name)
        if question is None:
            yield key, f"names the question `{comparison.name}`, which does not exist"
            continue
        operand = comparison.operand
        if comparison.operator == "lt":
            if question.kind != "number":
                yield key, f"`lt` needs a number, and `{question.id}` is a {question.kind}"
        elif comparison.operator == "said":
            continue
        elif (comparison.operator == "has") != (question.kind == "some_of"):
            yield key, f"`{comparison.operator}` does not fit `{question.id}`, which is a {question.kind}"
        elif question.kind not in ("country", "language"):
            for code in sorted(operand) if isinstance(operand, frozenset) else [operand]:
                if question.option(str(code)) is None:
                    yield key, f"`{question.id}` has no option `{code}`"


def _facts(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    for question in questionnaire.questions.values():
        if question.fact is not None and question.fact not in questionnaire.facts:
            yield f"question.{question.id}.fact", f"names the fact `{question.fact}`, which does not exist"
        if question.compartment == "fact" and question.fact is None:
            yield f"question.{question.id}.fact", "a question kept as a fact must say which fact"
        for option in question.options:
            for name, code in option.gives:
                fact = questionnaire.facts.get(name)
                key = f"question.{question.id}.options.{option.code}.gives"
                if fact is None:
                    yield key, f"names the fact `{name}`, which does not exist"
                elif fact.codes and code not in fact.codes:
                    yield key, f"the fact `{name}` has no code `{code}`"
            for indicator in option.indicators:
                if indicator.dimension not in questionnaire.dimensions:
                    key = f"question.{question.id}.options.{option.code}.indicator"
                    yield key, f"names the dimension `{indicator.dimension}`, which does not exist"
    for name, asked in questionnaire.derive.items():
        if name not in DERIVED:
            yield f"derive.{name}", "is nothing that is derived"
        elif asked not in questionnaire.questions:
            yield f"derive.{name}", f"names the question `{asked}`, which does not exist"
        elif questionnaire.questions[asked].kind != DERIVED[name]:
            yield f"derive.{name}", f"must name a {DERIVED[name]}, and `{asked}` is none"
    for name in DERIVED:
        if name not in questionnaire.derive:
            yield f"derive.{name}", "is missing"


def _reveals(questionnaire: Questionnaire, page: Page) -> Iterator[tuple[str, str]]:
    taken: set[tuple[str, str]] = set()
    before: list[Question] = []
    for name in page.questions:
        question = questionnaire.questions[name]
        key = f"question.{name}.under"
        if question.under is not None:
            parent_id, code = question.under
            parent = next((asked for asked in before if asked.id == parent_id), None)
            if parent is None:
                yield key, f"`{parent_id}` does not stand before it on the page `{page.id}`"
            elif parent.under is not None:
                yield key, f"`{parent_id}` is itself under an option; a second level is not allowed"
            elif question.kind not in PLAIN_KINDS:
                yield key, f"only a plain field may open under an option, and a {question.kind} is none"
            elif parent.option(code) is None or parent.select:
                yield key, f"`{parent_id}` has no option `{code}` to open under"
            elif question.under in taken:
                yield key, f"the option `{code}` of `{parent_id}` opens another field already"
            if question.when.names():
                yield f"question.{name}.when", "a question under an option has no other condition"
            taken.add(question.under)
        before.append(question)


def _order(questionnaire: Questionnaire, route: Route) -> Iterator[tuple[str, str]]:
    earlier: set[str] = {*questionnaire.home.questions, questionnaire.telephone}
    placed: dict[str, str] = dict.fromkeys(questionnaire.home.questions, questionnaire.home.id)
    for name in route.pages:
        page = questionnaire.pages[name]
        wrong = list(_names_only(questionnaire, page.when, earlier, f"page.{page.id}.when", route))
        if wrong:  # then nothing can be said about the pages after it
            yield from wrong
            return
        for asked in page.questions:
            question = questionnaire.questions[asked]
            if asked in placed and _both_possible(questionnaire, placed[asked], page.id):
                yield f"page.{page.id}.questions", f"asks `{asked}` again, which `{placed[asked]}` asked on this route"
            placed[asked] = page.id
            opens = opener_of(questionnaire, page, question)
            if opens is None:
                same = question.when.names() & set(page.questions)
                if same:
                    reason = f"names `{min(same)}` of the same page, which does not stand directly before it"
                    yield f"question.{asked}.when", reason
                yield from _names_only(questionnaire, question.when, earlier, f"question.{asked}.when", route)
            else:
                yield from _codes(questionnaire, question.when, f"question.{asked}.when")
        earlier |= set(page.questions)
    for name in sorted(route.when.names()):
        if name in questionnaire.questions and name not in earlier:
            yield f"route.{route.id}.when", f"names `{name}`, which this route does not ask"
    yield from _codes(questionnaire, route.when, f"route.{route.id}.when")


def _both_possible(questionnaire: Questionnaire, first: str, second: str) -> bool:
    """Whether some answers lead to both pages of one route."""
    parts = (questionnaire.pages[first].when, questionnaire.pages[second].when)
    return first == second or _possible(questionnaire, Condition("and", parts=parts))


def _names_only(
    questionnaire: Questionnaire, when: Condition, earlier: set[str], key: str, route: Route
) -> Iterator[tuple[str, str]]:
    yield from _codes(questionnaire, when, key)
    for name in sorted(when.names() & questionnaire.questions.keys()):
        if name not in earlier:
            yield key, f"names `{name}`, which the route `{route.id}` asks later or not at all"


def _unreachable(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    used = {questionnaire.home.id, *(name for route in questionnaire.routes for name in route.pages)}
    reached: set[str] = {*questionnaire.home.questions, questionnaire.telephone}
    for page in questionnaire.pages.values():
        if page.asked_by == "receiver":
            reached.update(page.questions)
        elif page.id not in used:
            yield f"page.{page.id}", "no route goes there"
    for position, route in enumerate(questionnaire.routes):
        # The condition of a short screen comes from what is said on it, which leads to the routes after it too.
        others = [
            Condition("not", parts=(before.when,))
            for before in questionnaire.routes[:position]
            if before.ends != SCREENED
        ]
        for name in route.pages:
            page = questionnaire.pages[name]
            for asked in page.questions:
                question = questionnaire.questions[asked]
                parts = (*others, route.when, page.when, question.when)
                if question.under is not None:
                    if question.under[0] in reached:
                        reached.add(asked)
                elif asked not in reached and _possible(questionnaire, Condition("and", parts=parts)):
                    reached.add(asked)
    for question in questionnaire.questions.values():
        if question.id not in reached:
            yield f"question.{question.id}", "can never be reached"


def _possible(questionnaire: Questionnaire, when: Condition) -> bool:
    """Whether some answers make the condition true, by trying all that it can tell apart."""
    choices: dict[str, list[object]] = {}
    for comparison in when.comparisons():
        values = choices.setdefault(comparison.name, [None])
        question = questionnaire.questions[comparison.name]
        if comparison.operator == "lt":
            values += [int(str(comparison.operand)) - 1, int(str(comparison.operand))]
        elif comparison.operator == "said" and not question.options:
            values += ["x"]
        elif question.kind == "some_of":
            named = {str(c.operand) for c in when.comparisons() if c.name == question.id and c.operator == "has"}
            mentioned = sorted(named | {question.options[0].code})
            values[:] = [
                None,
                *(
                    [code for code, on in zip(mentioned, bits, strict=True) if on]
                    for bits in product((0, 1), repeat=len(mentioned))
                ),
            ]
        elif question.options and len(values) == 1:
            values += [option.code for option in question.options]
    count = 1
    for values in choices.values():
        count *= len(values)
    if count > COMBINATIONS:
        return True
    return any(when.holds(dict(zip(choices, picked, strict=True))) for picked in product(*choices.values()))
