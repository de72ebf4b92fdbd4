"""What an interview's answers become: facts for routing, closed statistical codes, and what is sealed where.

The questionnaire says which question gives which code; here are only the rules about times, places and ages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from nrm.domain.interviews.answers import earliest, is_unknown, latest
from nrm.domain.interviews.interview_findings import turns_adult
from nrm.domain.interviews.interviews import Answers, Fact, Question, Questionnaire, chosen
from nrm.domain.interviews.questionnaire_flow import decided_anew, prune, reachable, weighed
from nrm.domain.interviews.screenings import SUSPECTED
from nrm.domain.interviews.understanding import Doubt, doubts
from nrm.domain.shelter.cases import DOES_NOT_KNOW, NOT_COLLECTED, PREFERS_NOT, STATELESS, UNKNOWN, age_band

HOME = "home"  # what an answer `elsewhere` stands for when it is the country itself
SEVERAL = "several"
CONSENT = "consent_"
AGREED = ("yes", "given")
ASSESSMENT = "assessment"
SCREENING = ("returned_from", "return_manner", "announced", "refusal_reason", ASSESSMENT)
ROUTED = ("gender", "citizenship_class", "security_risk", "proceedings_in", "wish_region")
ROUTED_MORE = ("children_with", "official_involved")
ROUTED_SETS = ("needs", "avoid_regions", "refused_parties")


def routing_facts(
    questionnaire: Questionnaire,
    answers: Answers,
    *,
    entry_point: str,
    region_of_entry: str,
    assume_consent: bool = False,
    consent: str | None = None,
) -> dict[str, Any]:
    """Every fact that routing looks at, sets as sorted lists; what was not asked or not said is `unknown`.

    An age that is not known is `unsure`, and consent that was not given is `refused`: both err on the safe side.
    `assume_consent` is for the route that is proposed before the person is asked; `consent` is what the person said of
    the one who is to be asked, where that is not what the answers say of those who were named (`consents.towards`).
    """
    kept = prune(questionnaire, answers)
    asked = {question.routing: question for question in weighed(questionnaire, kept) if question.routing}
    facts: dict[str, Any] = {name: _routed(asked.get(name), kept) or UNKNOWN for name in (*ROUTED, *ROUTED_MORE)}
    facts["age_class"] = _routed(asked.get("age_class"), kept) or "unsure"
    for name in ROUTED_SETS:
        question = asked.get(name)
        value = kept.get(question.id) if question else None
        said = value if question and value and not is_unknown(value) and value != ["none"] else ()
        facts[name] = sorted(_stands_for(question, code) for code in said) if question else []
    if facts["security_risk"] == UNKNOWN and kept.get(questionnaire.derive["danger"]) == "yes":
        facts["security_risk"] = "high"  # the urgent way does not ask how high it is
    companions = asked.get("accompanied")
    with_them = kept.get(companions.id) if companions else None
    facts["accompanied"] = bool(with_them) and with_them != ["none"] and not is_unknown(with_them)
    for name in ("announced", "urgent"):
        facts[name] = _routed(asked.get(name), kept) == "yes"
    facts["exploited_in"] = _exploited_in(questionnaire, kept)
    facts["entry_point"] = entry_point
    facts["region_of_entry"] = region_of_entry
    facts["consent"] = consent or consent_of(questionnaire, kept) or ("given" if assume_consent else "refused")
    return facts


def _routed(question: Question | None, kept: Answers) -> str | None:
    value = kept.get(question.id) if question else None
    return None if question is None or value is None or is_unknown(value) else _stands_for(question, str(value))


def _stands_for(question: Question, code: str) -> str:
    """The mechanism's code for an answer: `home` where the answer is called by the country's name."""
    option = question.option(code)
    return option.stands_for if option is not None else code


def consent_of(questionnaire: Questionnaire, answers: Answers) -> str | None:
    """given, refused, not_asked_child or not_asked_urgent; None while it has not been answered.

    A yes that was not free and understood is a wish: `not_asked_urgent` (ADR 0058).
    """
    said = _said(questionnaire, answers)
    return "not_asked_urgent" if said == "given" and doubts(questionnaire, answers) else said


def wish(questionnaire: Questionnaire, answers: Answers) -> tuple[Doubt, ...]:
    """Why the yes that was said is only a wish; empty if it is a yes, or if no yes was said."""
    return doubts(questionnaire, answers) if _said(questionnaire, answers) == "given" else ()


def agreed_to(questionnaire: Questionnaire, answers: Answers) -> tuple[Question, ...]:
    """The questions of consent that were answered with yes, to help or to telling; not that to be counted. Nothing
    where the person says no to one of them."""
    if _said(questionnaire, answers) == "refused":
        return ()
    counted = questionnaire.derive["consent_statistics"]
    asked = (each for each in questionnaire.questions.values() if each.id.startswith(CONSENT) and each.id != counted)
    return tuple(each for each in asked if answers.get(each.id) in AGREED)


def _said(questionnaire: Questionnaire, answers: Answers) -> str | None:
    return next((code for code, when in questionnaire.consent if when.holds(answers)), None)


def struck_out(questionnaire: Questionnaire, answers: Answers) -> frozenset[str]:
    """The parties that the person does not want to know, whether or not they are on the route now."""
    asked = [question.id for question in reachable(questionnaire, answers) if question.kind == "parties"]
    return frozenset(party for name in asked for party in answers.get(name) or ())


@lru_cache(maxsize=64)
def asked_urgently(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions of the short way: needs and danger, and nothing that it does not ask for."""
    home = questionnaire.home
    way = next((route for route in questionnaire.routes if home.questions[0] in route.when.names()), None)
    pages = [home, *(questionnaire.pages[name] for name in way.pages)] if way is not None else [home]
    return frozenset(name for page in pages for name in page.questions)


def asked_whole(questionnaire: Questionnaire, answers: Answers, consent: str) -> bool:
    """Whether what was said besides may be told too: of a child, and after an adult's yes to the whole text. The urgent
    one says that only needs and danger are told."""
    urgent = answers.get(questionnaire.home.questions[0]) == "yes"
    return consent == "not_asked_child" or (consent == "given" and not urgent)


def statistics_consent(questionnaire: Questionnaire, answers: Answers) -> Literal["yes", "no", "not_asked"]:
    """Whether the person agreed to be counted; anything said but yes is a no, and a yes in doubt is no answer."""
    value = prune(questionnaire, answers).get(questionnaire.derive["consent_statistics"])
    if value is None or (value == "yes" and doubts(questionnaire, answers)):
        return "not_asked"
    return "yes" if value == "yes" else "no"


def _countries(questionnaire: Questionnaire, kept: Answers) -> tuple[str | None, str | None, tuple[str, ...]]:
    """(where it lasted longest, whether elsewhere, every country known) with unknown answers as None."""
    derive = questionnaire.derive
    longest = kept.get(derive["longest_country"])
    elsewhere = kept.get(derive["elsewhere"])
    longest = None if is_unknown(longest) else longest
    if elsewhere is not None:
        elsewhere = (
            None if is_unknown(elsewhere) else _stands_for(questionnaire.questions[derive["elsewhere"]], elsewhere)
        )
    second = kept.get(derive["second_country"])
    known = [longest, questionnaire.home_country if elsewhere == HOME else None, None if is_unknown(second) else second]
    return longest, elsewhere, tuple(dict.fromkeys(country for country in known if country))


def _exploited_in(questionnaire: Questionnaire, kept: Answers) -> str:
    longest, elsewhere, countries = _countries(questionnaire, kept)
    if longest is None:
        return UNKNOWN
    home = questionnaire.home_country
    abroad = any(country != home for country in countries) or elsewhere in ("country", "many")
    if home in countries:
        return "both" if abroad else HOME
    return "abroad"


def case_facts(questionnaire: Questionnaire, answers: Answers, *, today: date) -> dict[str, Any]:
    """The closed codes kept in clear, as `cases.parse_case_facts` reads them; missing ones are 8, 9 or 99."""
    kept = prune(questionnaire, answers)
    asked = weighed(questionnaire, kept)
    facts: dict[str, Any] = {
        name: _fact(fact, asked, kept) for name, fact in questionnaire.facts.items() if name not in SCREENING
    }
    if facts["citizenship_class"] == STATELESS and facts["citizenship"] == NOT_COLLECTED:
        facts["citizenship"] = STATELESS
    facts["age_band"] = _age_band(questionnaire, kept, today)
    facts["majority_now"] = kept.get(questionnaire.derive["age"], NOT_COLLECTED)
    for name, event in (("majority_at_exploitation", "began"), ("majority_at_entry", "left")):
        facts[name] = _majority_at(questionnaire, kept, kept.get(questionnaire.derive[event]), today)
    countries = _countries(questionnaire, kept)[2]
    facts["exploited_in"] = sorted(countries) or [_missing(kept.get(questionnaire.derive["longest_country"]))]
    facts["duration_months"] = _duration(questionnaire, kept, today)
    return facts


def screening_facts(questionnaire: Questionnaire, answers: Answers) -> dict[str, str]:
    """The closed codes of the screening itself: how the person returned, and what was concluded.

    `country_of_exploitation` is where it lasted longest, `several` when that cannot be said.
    """
    kept = prune(questionnaire, answers)
    asked = reachable(questionnaire, kept)
    facts = {name: str(_fact(questionnaire.facts[name], asked, kept)) for name in SCREENING}
    facts["age_class"] = str(kept.get(questionnaire.derive["age"], NOT_COLLECTED))
    facts["citizenship_class"] = str(_fact(questionnaire.facts["citizenship_class"], asked, kept))
    longest, elsewhere, _ = _countries(questionnaire, kept)
    unsaid = SEVERAL if elsewhere == "many" else _missing(kept.get(questionnaire.derive["longest_country"]))
    facts["country_of_exploitation"] = longest or unsaid
    return facts


@lru_cache(maxsize=4096)
def _facts_of(question: Question) -> frozenset[str]:
    """The facts that its answer, or one of its options, can give."""
    given = {name for option in question.options for name, _ in option.gives}
    return frozenset(given | ({question.fact} if question.fact else set()))


def _fact(fact: Fact, asked: tuple[Question, ...], kept: Answers) -> str | list[str]:
    """The code or codes of one fact over every question that can give it."""
    codes: list[str] = []
    said: list[object] = []
    for question in asked:
        if question.id not in kept or fact.name not in _facts_of(question):
            continue
        value = kept[question.id]
        said.append(value)
        if question.kind == "country" and question.fact == fact.name and not is_unknown(value):
            codes.append(value)
        for option in question.options:
            if chosen(value, option.code):
                codes += [code for name, code in option.gives if name == fact.name]
    if codes:
        return sorted(set(codes)) if fact.many else codes[0]
    known = [value for value in said if not is_unknown(value)]
    if known:
        return [] if fact.many else ("no" if "no" in fact.codes else fact.not_collected)
    missing = {DOES_NOT_KNOW: fact.dont_know, PREFERS_NOT: fact.no_answer}.get(
        _missing(said[0] if said else None), fact.not_collected
    )
    return [missing] if fact.many else missing


def _missing(value: object) -> str:
    if chosen(value, "dont_know"):
        return DOES_NOT_KNOW
    return PREFERS_NOT if chosen(value, "no_answer") else NOT_COLLECTED


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28))


def _birth(questionnaire: Questionnaire, kept: Answers, today: date) -> tuple[date, date] | None:
    """The first and the last day the person can have been born."""
    birth = kept.get(questionnaire.derive["birth"])
    if birth is not None:
        return earliest(birth), latest(birth)
    stated = kept.get(questionnaire.derive["age_stated"])
    if stated is not None:
        return _years_before(today, stated + 1), _years_before(today, stated)
    return None


def _age_band(questionnaire: Questionnaire, kept: Answers, today: date) -> str:
    birth = _birth(questionnaire, kept, today)
    if birth is None:
        return NOT_COLLECTED
    # The middle of what is known: a year alone means the end of June.
    born = date.fromordinal((birth[0].toordinal() + birth[1].toordinal()) // 2)
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return age_band(age) if 0 <= age <= 120 else NOT_COLLECTED


def _majority_at(questionnaire: Questionnaire, kept: Answers, event: str | None, today: date) -> str:
    if event is None:
        return NOT_COLLECTED
    if kept.get(questionnaire.derive["age"]) == "child":
        return "child"
    birth = _birth(questionnaire, kept, today)
    if birth is None:
        return "unsure"
    if turns_adult(birth[1]) <= earliest(event):
        return "adult"
    return "child" if turns_adult(birth[0]) > latest(event) else "unsure"


def _duration(questionnaire: Questionnaire, kept: Answers, today: date) -> int | None:
    """Months from the beginning to the end, or to today when it goes on; a year alone counts from its middle."""
    began, ended = kept.get(questionnaire.derive["began"]), kept.get(questionnaire.derive["ended"])
    if began is None or (ended is None and kept.get(questionnaire.derive["still"]) != "yes"):
        return None
    start = date.fromordinal((earliest(began).toordinal() + latest(began).toordinal()) // 2)
    end = date.fromordinal((earliest(ended).toordinal() + latest(ended).toordinal()) // 2) if ended else today
    return min(1200, max(0, (end.year - start.year) * 12 + end.month - start.month))


def compartments(questionnaire: Questionnaire, answers: Answers) -> dict[str, dict[str, Any]]:
    """The answers by the compartment they are sealed in; those kept as facts are in none."""
    sealed: dict[str, dict[str, Any]] = {"hand_over": {}, "identity": {}, "story": {}}
    for name, value in prune(questionnaire, answers).items():
        compartment = questionnaire.questions[name].compartment
        if compartment != "fact":
            sealed[compartment][name] = value
    return sealed


def concluded(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """What the officer concluded, by the id of the question; empty where the urgent way asked none.

    No row in clear tells it of a case: it is sealed with the story, so that the receiver reads it (ADR 0251).
    """
    kept = prune(questionnaire, answers)
    return {name: kept[name] for name in _concluding(questionnaire) if name in kept}


def is_suspected(questionnaire: Questionnaire, story: Mapping[str, Any]) -> bool:
    """Whether the officer who was there concluded that there is suspicion: a joint interview is needed."""
    return any(story.get(name) == SUSPECTED for name in _concluding(questionnaire))


def _concluding(questionnaire: Questionnaire) -> list[str]:
    return [name for name, question in questionnaire.questions.items() if question.fact == ASSESSMENT]


def beside(questionnaire: Questionnaire, aside: Answers, consent: str) -> dict[str, dict[str, Any]]:
    """What was said on another way, as it is sent: who the person is as `identity`, all else as `story`.

    Not sent, and asked anew instead: consent, what the officer concluded, and which parties a child struck out.
    """
    sealed: dict[str, dict[str, Any]] = {"identity": {}, "story": {}}
    anew = decided_anew(questionnaire)
    for name, value in aside.items():
        question = questionnaire.questions[name]
        if name not in anew and (question.kind != "parties" or consent != "not_asked_child"):
            sealed["identity" if question.compartment == "identity" else "story"][name] = value
    return sealed


def refused_facts(questionnaire: Questionnaire, answers: Answers, *, today: date) -> Mapping[str, str]:
    """Everything that is kept of an adult who refused help: gender, citizenship class, the month and the reason."""
    kept = prune(questionnaire, answers)
    asked = reachable(questionnaire, kept)
    named = ("gender", "citizenship_class", "refusal_reason")
    facts = {name: str(_fact(questionnaire.facts[name], asked, kept)) for name in named}
    return {**facts, "month": f"{today:%Y-%m}"}
