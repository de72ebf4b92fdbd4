"""The indicator profile: what the answers show by the operational indicators, with its explanation.

A dimension is positive on two strong indicators, one strong and one other, three medium, or two medium and one weak.
A possible victim: deceptive or coercive recruitment, and exploitative conditions, and coercion at destination; for a
child the means are not needed (ILO/EC 2009; Palermo Protocol, article 3 (c)). It never decides: the officer does.

Whatever an answer names by the questionnaire's data, without any weight, makes it "suspected" at least, and is said
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.interviews import Answers, Option, Question, Questionnaire, Strength, Texts, chosen
from nrm.domain.interviews.questionnaire_flow import reachable

Rule = Literal["2S", "1S+1", "3M", "2M+1W"]
Outcome = Literal["possible", "suspected", "none"]
State = Literal["named", "not_named", "not_asked"]

RECRUITMENT = ("D1", "D2")
EXPLOITATION = "D4"
COERCION = "D5"
# If at least this share of the questions about what happened is unanswered or refused, silence itself is a finding.
LITTLE_SAID = 0.5


# Answers that are no indicator and still matter, by question.
_BESIDE = {"alone": ("no",), "hurt": ("yes",), "danger": ("yes",), "needs": ("security",), "risk": ("medium", "high")}
_NOT_ALONE = "companions"
# Companions that are no sign of danger; the partner of a child, or a person who may be one, is.
_FAMILY = ("none", "parent", "relative")


@dataclass(frozen=True, slots=True)
class Named:
    """One indicator that an answer stands for; the first answer that named it."""

    indicator: str
    strength: Strength
    question: str
    option: str
    text: Texts


@dataclass(frozen=True, slots=True)
class Finding:
    """One dimension: the indicators named, strong first, and the rule that makes it positive, or None.

    `asked`: whether any question about it was answered on this way, be it with silence.
    """

    dimension: str
    text: Texts
    named: tuple[Named, ...]
    rule: Rule | None
    asked: bool

    @property
    def positive(self) -> bool:
        """Whether one of the four rules holds."""
        return self.rule is not None

    @property
    def state(self) -> State:
        """Named, asked and not named, or never asked: three different things."""
        return "named" if self.named else "not_named" if self.asked else "not_asked"


@dataclass(frozen=True, slots=True)
class Said:
    """What one question's answer names without an indicator; of a text, which is read on its page, no words here."""

    question: str
    text: Texts
    options: tuple[Texts, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """`border` are observed signs, which count in no dimension. `sentences` explain it, by staff language.

    `said`: what was named in addition to the indicators. `whole`: everything that carries indicators was asked.
    `beside`: what names nothing but is shown instead of "nothing": hurt, not alone, danger, protection.
    """

    child: bool
    said: tuple[Said, ...]
    whole: bool
    findings: tuple[Finding, ...]
    border: tuple[Named, ...]
    possible_victim: bool
    little_said: bool
    outcome: Outcome
    beside: tuple[Said, ...]
    sentences: Mapping[str, tuple[str, ...]]

    @property
    def spoken(self) -> bool:
        """Whether anything was named or noticed at all."""
        return bool(self.said or self.border or any(finding.named for finding in self.findings))


def rule_for(strong: int, medium: int, weak: int) -> Rule | None:
    """The first rule that makes a dimension with these numbers of distinct indicators positive."""
    if strong >= 2:
        return "2S"
    if strong == 1 and medium + weak >= 1:
        return "1S+1"
    if medium >= 3:
        return "3M"
    if medium == 2 and weak >= 1:
        return "2M+1W"
    return None


def is_possible_victim(positive: frozenset[str], *, child: bool) -> bool:
    """The decision over the dimensions that are positive."""
    means = COERCION in positive and any(dimension in positive for dimension in RECRUITMENT)
    return EXPLOITATION in positive and (child or means)


def profile(questionnaire: Questionnaire, answers: Answers, *, child: bool) -> Profile:
    """The profile of what was answered on this journey; with `child` the children's strengths and rule."""
    asked = reachable(questionnaire, answers)
    named: dict[str, list[Named]] = {dimension: [] for dimension in questionnaire.dimensions}
    border: list[Named] = []
    said: dict[str, list[Texts]] = {
        question.id: [] for question in asked if _own_words(question, answers.get(question.id), child=child)
    }
    seen: set[str] = set()
    for question, option in _ticked(asked, answers):
        if question.border and option.code != "none":
            border.append(Named("", "-", question.id, option.code, option.text))
        counted = again = False
        for indicator in option.indicators:
            strength = indicator.strength(child=child)
            if strength == "-":
                continue
            if indicator.id in seen:
                again = True  # counts once, and is said all the same
                continue
            seen.add(indicator.id)
            counted = True
            named[indicator.dimension].append(Named(indicator.id, strength, question.id, option.code, option.text))
        if option.names(child=child) or (again and not counted):
            said.setdefault(question.id, []).append(option.text)
    answered = {
        indicator.dimension
        for question in asked
        if answers.get(question.id) is not None
        for option in question.options
        for indicator in option.indicators
    }
    findings = tuple(_finding(questionnaire, name, found, name in answered) for name, found in named.items())
    positive = frozenset(finding.dimension for finding in findings if finding.positive)
    possible = is_possible_victim(positive, child=child)
    little = _little_said(asked, answers)
    outcome: Outcome = "possible" if possible else "suspected" if seen or border or said or little else "none"
    questions = questionnaire.questions
    told = tuple(
        Said(name, questions[name].text, tuple(said[name])) for name in (each.id for each in asked) if name in said
    )
    noticed = any(question.border and answers.get(question.id) is not None for question in asked)
    whole = noticed and all(finding.asked for finding in findings)
    drawn = Profile(
        child,
        told,
        whole,
        findings,
        tuple(border),
        possible,
        little,
        outcome,
        _said_besides(asked, answers, child=child),
        {},
    )
    return replace(
        drawn, sentences={language: tuple(_sentences(drawn, language)) for language in questionnaire.languages}
    )


def _own_words(question: Question, value: object, *, child: bool) -> bool:
    """Whether a text was answered of which any words name something."""
    return value is not None and (question.named == "everybody" or (child and question.named == "child"))


def _said_besides(asked: tuple[Question, ...], answers: Answers, *, child: bool) -> tuple[Said, ...]:
    found: dict[str, tuple[Question, list[Texts]]] = {}
    family = _FAMILY if child else (*_FAMILY, "partner")
    for question, option in _ticked(asked, answers):
        stranger = question.id == _NOT_ALONE and option.code not in family and not is_unknown(option.code)
        if stranger or option.code in _BESIDE.get(question.id, ()):
            found.setdefault(question.id, (question, []))[1].append(option.text)
    return tuple(Said(name, question.text, tuple(texts)) for name, (question, texts) in found.items())


def _ticked(asked: tuple[Question, ...], answers: Answers) -> list[tuple[Question, Option]]:
    return [
        (question, option)
        for question in asked
        if question.kind in ("yes_no", "one_of", "some_of")
        for option in question.options
        if chosen(answers.get(question.id), option.code)
    ]


def _finding(questionnaire: Questionnaire, dimension: str, found: list[Named], asked: bool) -> Finding:
    count = {strength: sum(each.strength == strength for each in found) for strength in ("S", "M", "W")}
    ordered = tuple(sorted(found, key=lambda each: "SMW".index(each.strength)))
    rule = rule_for(count["S"], count["M"], count["W"])
    return Finding(dimension, questionnaire.dimensions[dimension].text, ordered, rule, asked)


def _little_said(asked: tuple[Question, ...], answers: Answers) -> bool:
    """Whether half or more of the questions that carry indicators were met with silence or refusal."""
    carrying = [
        question for question in asked if any(option.indicators for option in question.options) and not question.border
    ]
    silent = sum(answers.get(question.id) is None or is_unknown(answers[question.id]) for question in carrying)
    return bool(carrying) and silent >= LITTLE_SAID * len(carrying)


STRENGTH_WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "sq": {"S": ("i fortë", "të fortë"), "M": ("mesatar", "mesatarë"), "W": ("i dobët", "të dobët")},
    "en": {"S": ("strong", "strong"), "M": ("medium", "medium"), "W": ("weak", "weak")},
}
RULE_WORDS: Mapping[str, Mapping[Rule, str]] = {
    "sq": {
        "2S": "dy të fortë",
        "1S+1": "një i fortë dhe një tjetër",
        "3M": "tre mesatarë",
        "2M+1W": "dy mesatarë dhe një i dobët",
    },
    "en": {
        "2S": "two strong",
        "1S+1": "one strong and one other",
        "3M": "three medium",
        "2M+1W": "two medium and one weak",
    },
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "sq": {
        "positive": "{dimension}: pozitiv, me {counts} (rregulli: {rule}): {items}.",
        "negative": "{dimension}: jo pozitiv, vetëm {counts}: {items}.",
        "nothing": "{dimension}: nuk u përmend asnjë tregues.",
        "possible": "Rekrutimi me mashtrim ose me shtrëngim, kushtet e shfrytëzimit dhe shtrëngimi janë pozitive: "
        "viktimë e mundshme.",
        "possible_child": "Kushtet e shfrytëzimit janë pozitive; për fëmijët mjetet nuk kërkohen: viktimë e mundshme.",
        "suspected": "Treguesit nuk mjaftojnë për “viktimë e mundshme”, por ka dyshim: duhet intervistë e përbashkët.",
        "none": "Nuk u përmend dhe nuk u vu re asnjë tregues.",
        "none_of_asked": "Nga ajo që u pyet, nuk u përmend asgjë. Nuk u pyet gjithçka.",
        "beside": "Nuk u përmend asnjë tregues, por u përgjigj kështu: {items}.",
        "beside_of_asked": "Nga ajo që u pyet, nuk u përmend asnjë tregues, por u përgjigj kështu: {items}. "
        "Nuk u pyet gjithçka.",
        "said": "U përmend: {items}.",
        "own_words": "{question} Lexojeni me fjalët e veta",
        "not_asked": "Nuk u pyet: {items}.",
        "little": "Personi tha pak. Kjo do të thotë “ka dyshim”, jo “asnjë tregues”.",
        "border": "U vu re: {items}.",
        "yours": "Profili nuk vendos. Vendosni ju dhe thoni pse.",
    },
    "en": {
        "positive": "{dimension}: positive, on {counts} (the rule: {rule}): {items}.",
        "negative": "{dimension}: not positive, only {counts}: {items}.",
        "nothing": "{dimension}: no indicator was named.",
        "possible": "Deceptive or coercive recruitment, exploitative conditions and coercion are positive: "
        "a possible victim.",
        "possible_child": "Exploitative conditions are positive; for a child the means are not needed: "
        "a possible victim.",
        "suspected": "The indicators are not enough for “possible victim”, but there is suspicion: "
        "a joint interview is needed.",
        "none": "No indicator was named, and none was noticed.",
        "none_of_asked": "Of what was asked, nothing was named. Not everything was asked.",
        "beside": "No indicator was named, but this was answered: {items}.",
        "beside_of_asked": "Of what was asked, no indicator was named, but this was answered: {items}. "
        "Not everything was asked.",
        "said": "It was named: {items}.",
        "own_words": "{question} Read it in the person’s own words",
        "not_asked": "Not asked: {items}.",
        "little": "The person said little. That means “suspected”, not “no indicator”.",
        "border": "It was noticed: {items}.",
        "yours": "The profile does not decide. You decide and say why.",
    },
}


def _sentences(drawn: Profile, language: str) -> list[str]:
    """What was named comes first; then what follows from the answers, and why, dimension by dimension."""
    words = WORDS[language]
    sentences = []
    if drawn.said:
        items = "; ".join(said_words(each, language) for each in drawn.said)
        sentences.append(words["said"].format(items=items))
    if drawn.possible_victim:
        sentences.append(words["possible_child" if drawn.child else "possible"])
    else:
        nothing = drawn.outcome == "none" and not drawn.whole
        if drawn.outcome == "none" and drawn.beside:
            items = "; ".join(said_words(each, language) for each in drawn.beside)
            sentences.append(words["beside_of_asked" if nothing else "beside"].format(items=items))
        else:
            sentences.append(words["none_of_asked" if nothing else drawn.outcome])
        if drawn.little_said:
            sentences.append(words["little"])
    for finding in drawn.findings:
        if finding.state == "not_asked":
            continue
        form = "nothing" if not finding.named else "positive" if finding.positive else "negative"
        sentences.append(
            words[form].format(
                dimension=finding.text[language],
                counts=_counts(finding, language),
                rule=RULE_WORDS[language][finding.rule] if finding.rule else "",
                items="; ".join(each.text[language].lower() for each in finding.named),
            )
        )
    if drawn.border:
        items = "; ".join(each.text[language].lower() for each in drawn.border)
        sentences.append(words["border"].format(items=items))
    if silent := [finding.text[language].lower() for finding in drawn.findings if finding.state == "not_asked"]:
        sentences.append(words["not_asked"].format(items="; ".join(silent)))
    return [*sentences, words["yours"]]


def said_words(said: Said, language: str) -> str:
    """The question and what was answered to it; of a text that it has to be read."""
    question = said.text[language]
    if not said.options:
        return WORDS[language]["own_words"].format(question=question)
    return f"{question} {', '.join(option[language] for option in said.options)}"


def _counts(finding: Finding, language: str) -> str:
    parts = []
    for strength, (one, many) in STRENGTH_WORDS[language].items():
        count = sum(each.strength == strength for each in finding.named)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {'dhe' if language == 'sq' else 'and'} {parts[-1]}"
