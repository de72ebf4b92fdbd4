"""The indicator profile: what the answers show by the operational indicators, with its explanation.

A dimension is positive on two strong indicators, one strong and one other, three medium, or two medium and one weak.
A possible victim: deceptive or coercive recruitment, and exploitative conditions, and coercion at destination; for a
child the means are not needed (ILO/EC 2009; Palermo Protocol, article 3 (c)). It never decides: the officer does.

Three strengths (ADR 0056): whatever an answer names by the questionnaire's data, without any weight, makes it
"suspected" at least, and is said first; so does one indicator of a dimension that is more than vulnerability, and a
sign that is not weak, or two that are. Vulnerability alone, or one weak sign, is "none" with a sentence of its own. Of
a child, a form of exploitation with any act is "possible".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.interviews import (
    Answers,
    Option,
    Question,
    Questionnaire,
    Strength,
    Texts,
    Who,
    chosen,
)
from nrm.domain.interviews.questionnaire_flow import weighed
from nrm.domain.languages import QUOTED, ByLanguage, CountedByLanguage

Rule = Literal["2S", "1S+1", "3M", "2M+1W"]
Outcome = Literal["possible", "suspected", "none"]
State = Literal["named", "not_named", "not_asked"]

RECRUITMENT = ("D1", "D2")
EXPLOITATION = "D4"
COERCION = "D5"
# What traffickers use, and what many people live with whom nobody exploits.
VULNERABILITY = ("D3", "D6")
# The coded fact whose answers are forms of exploitation.
FORMS = "exploitation"
WEAK_SIGNS = 2  # so many weak signs together are a suspicion
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

    `asked`: whether any question about it was answered on this way, be it with silence. `unweighed`: answers to its
    questions that name something without being one of its indicators.
    """

    dimension: str
    text: Texts
    named: tuple[Named, ...]
    rule: Rule | None
    asked: bool
    unweighed: tuple[Texts, ...] = ()

    @property
    def positive(self) -> bool:
        """Whether one of the four rules holds."""
        return self.rule is not None

    @property
    def state(self) -> State:
        """Named, asked and not named, or never asked: three different things."""
        return "named" if self.named or self.unweighed else "not_named" if self.asked else "not_asked"

    def count(self, strength: Strength) -> int:
        """How many indicators of that strength were named."""
        return sum(each.strength == strength for each in self.named)


@dataclass(frozen=True, slots=True)
class Said:
    """What one question's answer names without an indicator; of a text, which is read on its page, no words here."""

    question: str
    text: Texts
    options: tuple[Texts, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """`border` are observed signs, which count in no dimension. `sentences` explain it, by staff language.

    `said`: what was named in addition to the indicators; `codes`: what of it counts, as `question.option`. `whole`:
    everything that carries indicators was asked. `vulnerable`: nothing but vulnerability or a weak sign was named.
    `beside`: what names nothing but is shown instead of "nothing": hurt, not alone, danger, protection.
    """

    child: bool
    said: tuple[Said, ...]
    codes: tuple[str, ...]
    whole: bool
    findings: tuple[Finding, ...]
    border: tuple[Named, ...]
    possible_victim: bool
    little_said: bool
    nothing_said: bool
    outcome: Outcome
    vulnerable: bool
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
    return _drawn(questionnaire, weighed(questionnaire, answers), answers, child=child)


def profile_of_answered(questionnaire: Questionnaire, answers: Answers, *, child: bool) -> Profile:
    """As `profile`, of answers on no journey: what is not answered was not asked, and so is no silence."""
    asked = tuple(each for each in questionnaire.questions.values() if answers.get(each.id) is not None)
    return _drawn(questionnaire, asked, answers, child=child)


def _drawn(questionnaire: Questionnaire, asked: tuple[Question, ...], answers: Answers, *, child: bool) -> Profile:
    named: dict[str, list[Named]] = {dimension: [] for dimension in questionnaire.dimensions}
    unweighed: dict[str, list[Texts]] = {dimension: [] for dimension in questionnaire.dimensions}
    border: list[tuple[Named, Option]] = []
    said: dict[str, list[Texts]] = {}
    codes: list[str] = []
    seen: set[str] = set()
    for question in asked:
        if question.named and answers.get(question.id) is not None:
            said[question.id] = []
            if _names(question.named, child=child):
                codes.append(f"{question.id}.said")
    for question, option in _ticked(asked, answers):
        if question.border and option.code != "none":
            border.append((Named("", "-", question.id, option.code, option.text), option))
        counted = False
        for indicator in option.indicators:
            strength = indicator.strength(child=child)
            if strength == "-":
                continue
            if indicator.id in seen:
                continue
            seen.add(indicator.id)
            counted = True
            named[indicator.dimension].append(Named(indicator.id, strength, question.id, option.code, option.text))
        if option.names(child=child):
            codes.append(f"{question.id}.{option.code}")
        if option.names(child=child) or (option.indicators and not counted):
            # An indicator that counts once already, or not at this age, is said all the same.
            said.setdefault(question.id, []).append(option.text)
            for dimension in _dimensions(question):
                unweighed[dimension].append(option.text)
    answered = {
        dimension for question in asked if answers.get(question.id) is not None for dimension in _dimensions(question)
    }
    findings = tuple(
        _finding(questionnaire, name, found, name in answered, unweighed[name]) for name, found in named.items()
    )
    positive = frozenset(finding.dimension for finding in findings if finding.positive)
    possible = is_possible_victim(positive, child=child) or (child and _form_and_act(asked, answers))
    little = _little_said(asked, answers)
    touched = any(found for dimension, found in named.items() if dimension not in VULNERABILITY)
    weak = sum(option.weak for _, option in border)
    noticeable = len(border) > weak or weak >= WEAK_SIGNS
    suspected = bool(codes or touched or noticeable or little)
    outcome: Outcome = "possible" if possible else "suspected" if suspected else "none"
    questions = questionnaire.questions
    told = tuple(
        Said(name, questions[name].text, tuple(said[name])) for name in (each.id for each in asked) if name in said
    )
    noticed = any(question.border and answers.get(question.id) is not None for question in asked)
    whole = noticed and all(finding.asked for finding in findings)
    drawn = Profile(
        child,
        told,
        tuple(codes),
        whole,
        findings,
        tuple(sign for sign, _ in border),
        possible,
        little,
        _nothing_said(asked, answers),
        outcome,
        outcome == "none" and bool(border or seen),
        _said_besides(asked, answers, child=child),
        {},
    )
    return replace(
        drawn, sentences={language: tuple(_sentences(drawn, language)) for language in questionnaire.languages}
    )


def _names(whose: Who, *, child: bool) -> bool:
    return whose == "everybody" or (child and whose == "child")


def _dimensions(question: Question) -> set[str]:
    """The dimensions that answers to the question are indicators of."""
    return {indicator.dimension for option in question.options for indicator in option.indicators}


def _form_and_act(asked: tuple[Question, ...], answers: Answers) -> bool:
    """Whether a form of exploitation and an act were named, which is all that is needed of a child."""
    ticked = _ticked(asked, answers)
    form = any(question.fact == FORMS and option.names(child=True) for question, option in ticked)
    return form and any(option.code in question.acts for question, option in ticked)


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


def _finding(
    questionnaire: Questionnaire, dimension: str, found: list[Named], asked: bool, unweighed: list[Texts]
) -> Finding:
    count = {strength: sum(each.strength == strength for each in found) for strength in ("S", "M", "W")}
    ordered = tuple(sorted(found, key=lambda each: "SMW".index(each.strength)))
    rule = rule_for(count["S"], count["M"], count["W"])
    return Finding(dimension, questionnaire.dimensions[dimension].text, ordered, rule, asked, tuple(unweighed))


def _little_said(asked: tuple[Question, ...], answers: Answers) -> bool:
    """Whether half or more of the questions that carry indicators were met with silence or refusal, or nothing was
    answered that could have named anything: not asked is never no."""
    if _nothing_said(asked, answers):
        return True
    carrying = [
        question for question in asked if any(option.indicators for option in question.options) and not question.border
    ]
    silent = sum(answers.get(question.id) is None or is_unknown(answers[question.id]) for question in carrying)
    return bool(carrying) and silent >= LITTLE_SAID * len(carrying)


def _nothing_said(asked: tuple[Question, ...], answers: Answers) -> bool:
    """Whether nothing was answered that could have named or shown anything."""
    return not any(_telling(question) and answers.get(question.id) is not None for question in asked)


def _telling(question: Question) -> bool:
    """Whether some answer to it would name or show something."""
    return question.border or bool(question.named) or any(each.indicators or each.named for each in question.options)


AND = ByLanguage("and")
STRENGTH_WORDS: Mapping[Strength, CountedByLanguage] = MappingProxyType(
    {
        "S": CountedByLanguage("%(num)s strong", "%(num)s strong"),
        "M": CountedByLanguage("%(num)s medium", "%(num)s medium"),
        "W": CountedByLanguage("%(num)s weak", "%(num)s weak"),
    }
)
RULE_WORDS: Mapping[Rule, ByLanguage] = MappingProxyType(
    {
        "2S": ByLanguage("two strong"),
        "1S+1": ByLanguage("one strong and one other"),
        "3M": ByLanguage("three medium"),
        "2M+1W": ByLanguage("two medium and one weak"),
    }
)
# What the sentence of a dimension without an indicator is called in `WORDS`.
FORM_WORDS: Mapping[str, str] = {"named": "unweighed", "not_named": "nothing"}
WORDS: Mapping[str, ByLanguage] = MappingProxyType(
    {
        "positive": ByLanguage("%(dimension)s: positive, on %(counts)s (the rule: %(rule)s): %(items)s."),
        "negative": ByLanguage("%(dimension)s: not positive, only %(counts)s: %(items)s."),
        "unweighed": ByLanguage("%(dimension)s: named, with no weight of its own: %(items)s."),
        "nothing": ByLanguage("%(dimension)s: asked and not named."),
        "possible": ByLanguage(
            "Deceptive or coercive recruitment, exploitative conditions and coercion are positive: a possible victim."
        ),
        "possible_child": ByLanguage(
            "Exploitative conditions are positive; for a child the means are not needed: a possible victim."
        ),
        "possible_act": ByLanguage(
            "A form of exploitation and an act (recruiting, transporting or keeping) were named; for a "
            "child the means are not needed: a possible victim."
        ),
        "suspected": ByLanguage(
            "The indicators are not enough for “possible victim”, but there is suspicion: a joint interview is needed."
        ),
        "none": ByLanguage("No indicator was named, and none was noticed."),
        "none_of_asked": ByLanguage("Of what was asked, nothing was named. Not everything was asked."),
        "vulnerable": ByLanguage("Vulnerable; no sign of exploitation was named."),
        "not_whole": ByLanguage("Not everything was asked."),
        "also": ByLanguage("This was answered, too: %(items)s."),
        "nothing_more": ByLanguage("Beside it no indicator was named, and none was noticed."),
        "beside": ByLanguage("No indicator was named, but this was answered: %(items)s."),
        "beside_of_asked": ByLanguage(
            "Of what was asked, no indicator was named, but this was answered: %(items)s. Not everything was asked."
        ),
        "said": ByLanguage("It was named: %(items)s."),
        "own_words": ByLanguage("%(question)s Read it in the person’s own words"),
        "not_asked": ByLanguage("Not asked: %(items)s."),
        "little": ByLanguage("The person said little. That means “suspected”, not “no indicator”."),
        "border": ByLanguage("It was noticed: %(items)s."),
        "yours": ByLanguage("The profile does not decide. You decide and say why."),
        "outcome_possible": ByLanguage("A possible victim, because this was said: %(items)s."),
        "outcome_suspected": ByLanguage("Suspected, because this was said: %(items)s."),
        "outcome_noticed": ByLanguage("Suspected, because this was noticed: %(items)s."),
        "outcome_little": ByLanguage("Suspected, because the person said little."),
        "outcome_none": ByLanguage("No indicator, but this was said: %(items)s."),
        "outcome_not_whole": ByLanguage("No indicator in what was asked, and not everything was asked."),
        "more": ByLanguage("and %(count)s more"),
    }
)


def _sentences(drawn: Profile, language: str) -> list[str]:
    """What was named comes first; then what follows from the answers, and why, dimension by dimension."""
    sentences = []
    if drawn.said:
        items = "; ".join(said_words(each, language) for each in drawn.said)
        sentences.append(WORDS["said"].of(language, items=items))
    sentences += _conclusion(drawn, language)
    for finding in drawn.findings:
        if finding.state == "not_asked":
            continue
        texts = [each.text for each in finding.named]
        form = "positive" if finding.positive else "negative" if texts else finding.state
        sentences.append(
            WORDS[FORM_WORDS.get(form, form)].of(
                language,
                dimension=finding.text[language],
                counts=_counts(finding, language),
                rule=RULE_WORDS[finding.rule][language] if finding.rule else "",
                items="; ".join(each[language].lower() for each in texts or finding.unweighed),
            )
        )
    if drawn.border:
        items = "; ".join(each.text[language].lower() for each in drawn.border)
        sentences.append(WORDS["border"].of(language, items=items))
    if silent := [finding.text[language].lower() for finding in drawn.findings if finding.state == "not_asked"]:
        sentences.append(WORDS["not_asked"].of(language, items="; ".join(silent)))
    return [*sentences, WORDS["yours"][language]]


def _conclusion(drawn: Profile, language: str) -> list[str]:
    """What follows from the answers. That nothing was named is said only where nothing was."""
    if drawn.possible_victim:
        exploited = any(each.dimension == EXPLOITATION and each.positive for each in drawn.findings)
        return [WORDS["possible" if not drawn.child else "possible_child" if exploited else "possible_act"][language]]
    if drawn.outcome != "none":
        return [WORDS[drawn.outcome][language], *([WORDS["little"][language]] if drawn.little_said else [])]
    items = "; ".join(said_words(each, language) for each in drawn.beside)
    if drawn.vulnerable or drawn.said:
        found = [WORDS["vulnerable" if drawn.vulnerable else "nothing_more"][language]]
        found += [WORDS["also"].of(language, items=items)] if items else []
        return found if drawn.whole else [*found, WORDS["not_whole"][language]]
    if items:
        return [WORDS["beside" if drawn.whole else "beside_of_asked"].of(language, items=items)]
    return [WORDS["none" if drawn.whole else "none_of_asked"][language]]


IN_A_SENTENCE = 3
"""How much of what was named the one sentence repeats; the list below it has all."""
LONGEST_QUOTED = 120
"""How many characters of the person's own text it quotes."""


def outcome_sentence(questionnaire: Questionnaire, drawn: Profile, answers: Answers, language: str) -> tuple[str, bool]:
    """The outcome in one sentence, with what was named in the person's words; and whether it has all that was named."""
    if drawn.vulnerable:
        return WORDS["vulnerable"][language], False
    named, form = _in_own_words(questionnaire, drawn, answers, language), f"outcome_{drawn.outcome}"
    if not named and drawn.outcome == "suspected":
        named, form = [each.text[language].lower() for each in drawn.border], "outcome_noticed"
    if not named and drawn.outcome == "none":
        named = [said_words(each, language) for each in drawn.beside]
    if named:
        shown, more = named[:IN_A_SENTENCE], len(named) - IN_A_SENTENCE
        shown += [WORDS["more"].of(language, count=more)] if more > 0 else []
        return WORDS[form].of(language, items="; ".join(shown)), more <= 0
    if drawn.outcome == "suspected":
        return WORDS["outcome_little"][language], True
    return WORDS["none" if drawn.whole else "outcome_not_whole"][language], True


def _in_own_words(questionnaire: Questionnaire, drawn: Profile, answers: Answers, language: str) -> list[str]:
    """Each question that something was named to, with the answer; a text in the person's own words."""
    found: dict[str, list[Texts]] = {each.question: list(each.options) for each in drawn.said}
    for each in (named for finding in drawn.findings for named in finding.named):
        options = found.setdefault(each.question, [])
        if each.text not in options:
            options.append(each.text)
    lines = []
    for question in questionnaire.questions.values():
        if question.id in found:
            said = ", ".join(option[language] for option in found[question.id])
            lines.append(f"{question.text[language]} {said or _quoted(str(answers[question.id]), language)}")
    return lines


def _quoted(text: str, language: str) -> str:
    text = " ".join(text.split())
    return QUOTED.of(language, text=text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED].rstrip()}…")


def said_words(said: Said, language: str) -> str:
    """The question and what was answered to it; of a text that it has to be read."""
    question = said.text[language]
    if not said.options:
        return WORDS["own_words"].of(language, question=question)
    return f"{question} {', '.join(option[language] for option in said.options)}"


def _counts(finding: Finding, language: str) -> str:
    parts = []
    for strength, words in STRENGTH_WORDS.items():
        count = finding.count(strength)
        if count:
            parts.append(words.of(count, language))
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {AND[language]} {parts[-1]}"
