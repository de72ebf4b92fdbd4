"""Profiles worked out by hand from what is published: adults and children, what is a suspicion and what is not.

Every case is *adapted*: it is put together, in words of our own, from items of the list or examples that the source
names, and speaks of no real person. "Counter-example" marks a case that has no item of the list in it, or only such as
are not enough. None is quoted, and none of the sources gives an outcome of ours: outcomes are worked out here by the
weights, which are S strong, M medium, W weak, in the order adult then child where they differ.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from nrm.domain.interviews.indicators import Profile, profile, profile_of_answered
from tests.unit.domain.interviews.small_questionnaire import returnee
from tests.unit.domain.interviews.test_indicators import EVERYTHING

Q = returnee()
ILO_EC = "ILO and European Commission, Operational indicators of trafficking in human beings, 2009 (revised September)"
ILO_2012 = "ILO Special Action Programme to Combat Forced Labour, ILO indicators of forced labour, 2012"
UNODC = "UNODC, Toolkit to Combat Trafficking in Persons, 2008, tool 6.4, indicators of trafficking"
UNODC_SMUGGLING = "UNODC, Toolkit to Combat Trafficking in Persons, 2008, chapter 1, trafficking and smuggling"
UK_GUIDANCE = "UK Home Office, Modern slavery: statutory guidance for England and Wales, 2024"
UK_TOOLKIT = "UK Home Office, toolkit for first responders, 2026, chapter 9"

SILENT = {name: ["no_answer"] for name in ("promised", "start", "before", "conditions", "control", "depend")}


class Case(NamedTuple):
    """What happened; where it is from; what was answered beside "none"; what is positive by which rule; the outcome.

    `named`: what is named without a weight. `sum`: the arithmetic.
    """

    story: str
    source: str
    section: str
    answers: dict[str, Any]
    positive: dict[str, str]
    outcome: str
    named: list[str]
    sum: str


ADULTS = [
    Case("A waitress’s job abroad was a brothel; passport kept, beaten, a debt that grew, hardly any of the money",
         ILO_EC, "adults, sexual exploitation",
         {"promised": ["job", "pay"], "conditions": ["hours", "pay"],
          "control": ["papers", "debt", "violence", "money"], "forms": ["sexual_exploitation"], "work": ["sex"]},
         {"D1": "1S+1", "D4": "1S+1", "D5": "2S"}, "possible", ["forms.sexual_exploitation"],
         "D1 S+M; D4 S+M; D5 S+S+S+M; deceived, exploited and held"),
    Case("A builder with no contract, half the wage and a container to sleep in; papers kept, “or the police”",
         ILO_EC, "adults, labour exploitation",
         {"promised": ["pay", "contract", "housing"], "conditions": ["hours", "cuts", "living"],
          "control": ["papers", "police"], "forms": ["forced_labour"], "work": ["build"]},
         {"D1": "3M", "D4": "1S+1", "D5": "1S+1"}, "possible", ["forms.forced_labour"], "D1 M+M+M; D4 S+M+M; D5 S+M"),
    Case("A housekeeper who knew the job: no day off, no pay, a mat in the kitchen, never out alone",
         UNODC, "domestic servitude",
         {"before": ["poverty"], "conditions": ["hours", "pay", "living"], "control": ["locked", "worse"],
          "forms": ["servitude"], "work": ["home"]},
         {"D4": "1S+1", "D5": "1S+1"}, "suspected", ["forms.servitude"],
         "D3 M, not enough; D4 S+M+M; D5 S+M; neither deceived nor forced to leave"),
    Case("A man with one leg who is put at a crossing to beg, and hit when he brings too little",
         UNODC, "begging and petty crime",
         {"conditions": ["pay"], "control": ["violence", "money"], "forms": ["forced_begging"], "work": ["beg"]},
         {"D5": "1S+1"}, "suspected", ["forms.forced_begging"], "D4 M, not enough; D5 S+M"),
    Case("Tomato pickers: little pay, no contract kept, a hut; they could leave, and did",
         ILO_EC, "adults, labour exploitation: exploitative conditions alone",
         {"conditions": ["pay", "living", "law"], "work": ["farm"]},
         {"D4": "3M"}, "suspected", [], "D4 M+M+M"),
    Case("A woman who sold sex on her own account and kept the money", ILO_EC,
         "adults, sexual exploitation: counter-example",
         {"work": ["sex", "private"], "forms": ["none"], "still": "no"}, {}, "none", [], "nothing"),
    Case("He paid a stranger to bring him over the border, with a false passport, and was free afterwards",
         UNODC_SMUGGLING, "counter-example",
         {"travel_by": "stranger", "paid_by": "self", "documents": ["not_own"], "documents_held": "self"},
         {}, "none", [], "nothing: smuggled is not trafficked"),
    Case("The journey was lent to her and is to be worked off; she says no more", ILO_2012, "debt bondage",
         {"paid_by": "loan"}, {}, "suspected", ["paid_by.loan"], "named"),
    Case("The employer held the passports of all, in a safe", ILO_2012, "retention of identity documents",
         {"documents_held": "employer"}, {}, "suspected", ["documents_held.employer"], "named"),
    Case("The police officer who escorted the deportation held the papers", ILO_2012,
         "retention of identity documents: counter-example",
         {"documents_held": "escort", "return_manner": "deported"}, {}, "none", [], "nothing"),
    Case("No wage for four months, and “go to the police, you have no permit”", ILO_2012,
         "withholding of wages; intimidation and threats",
         {"conditions": ["pay"], "control": ["money", "police"]}, {}, "suspected", [],
         "D4 M and D5 M+M, not enough, and touched"),
    Case("Married off for money by force, then locked in, raped, and worked in the house and the field",
         UK_GUIDANCE, "forms of modern slavery: forced marriage",
         {"start": ["violence", "sold"], "conditions": ["hours", "pay"], "control": ["locked", "abuse"],
          "forms": ["forced_marriage"]},
         {"D2": "1S+1", "D4": "1S+1", "D5": "2S"}, "possible", ["forms.forced_marriage"], "D2 S+M; D4 S+M; D5 S+S"),
    Case("Two years on a fishing boat that never came into port; other pay, other work, no contract",
         ILO_2012, "isolation",
         {"promised": ["pay", "work", "contract"], "conditions": ["hours", "pay", "risky"],
          "control": ["locked", "papers"], "work": ["fish"]},
         {"D1": "3M", "D4": "1S+1", "D5": "2S"}, "possible", [], "D1 M+M+M; D4 S+M+M; D5 S+S"),
    Case("Told it was decorating; locked in a house to water cannabis until a debt is paid", UK_GUIDANCE,
         "forms of modern slavery: criminal exploitation",
         {"promised": ["job", "pay"], "start": ["debt"], "conditions": ["living", "bad", "law"],
          "control": ["debt", "crime"], "forms": ["forced_criminality"], "work": ["illicit"]},
         {"D1": "1S+1", "D4": "3M", "D5": "1S+1"}, "possible", ["forms.forced_criminality"],
         "D1 S+M; D2 M, not enough; D4 M+M+M; D5 S+M"),
    Case("Poor, a broken home, four years of school; nobody lied to her, forced or used her", ILO_EC,
         "adults: recruitment by abuse of vulnerability alone: counter-example",
         {"before": ["poverty", "home", "school"]}, {"D3": "3M"}, "none", [], "D3 M+M+M: vulnerable"),
    Case("No permit, no language, no money, and nobody she knew in the town", ILO_EC,
         "adults: abuse of vulnerability at destination alone: counter-example",
         {"before": ["illegal", "poverty", "school"], "depend": ["unknown", "poverty", "authority"]},
         {"D3": "3M", "D6": "3M"}, "none", [], "D3 M+M+M; D6 M+M+M: vulnerable"),
    Case("He trusts no uniform and says so", UK_TOOLKIT, "counter-example: one weak sign",
         {"noticed": ["distrust"]}, {}, "none", [], "one weak sign"),
    Case("She knows neither the address nor the work that waits for her", UK_TOOLKIT,
         "what can be seen on a journey", {"noticed": ["address", "work"]}, {}, "suspected", [], "two weak signs"),
    Case("The man beside her speaks for her and hands over her passport", UK_TOOLKIT,
         "what can be seen on a journey", {"noticed": ["speaks", "documents"]}, {}, "suspected", [], "two signs"),
    Case("She will not answer anything", UNODC, "general indicators: afraid, does not trust, tells nothing",
         {**SILENT}, {}, "suspected", [], "six of six met with silence"),
    Case("A kidney for the money that was promised; he got none", UK_GUIDANCE, "forms of modern slavery: organ removal",
         {"promised": ["pay"], "forms": ["organ_removal"]}, {}, "suspected", ["forms.organ_removal"],
         "D1 M, not enough; named"),
    Case("Her boyfriend promised marriage and a job abroad, then sent her to clients and hit her", UK_TOOLKIT,
         "sexual exploitation by a partner",
         {"relation": "intimate_partner", "promised": ["job", "marriage"], "conditions": ["hours", "pay"],
          "control": ["sway", "violence", "money"], "forms": ["sexual_exploitation"]},
         {"D1": "1S+1", "D4": "1S+1", "D5": "1S+1"}, "possible", ["forms.sexual_exploitation"],
         "D1 S+M; D4 S+M; D5 S+M+M"),
    Case("Somebody still decides where she goes; she says no more",
         UNODC, "general indicators: movements are controlled",
         {"still": "yes"}, {}, "suspected", ["still.yes"], "named"),
    Case("A border policeman was paid to look away", UK_GUIDANCE, "indicators: afraid of authorities, with reason",
         {"official": "yes"}, {}, "suspected", ["official.yes"], "named"),
    Case("She may not see a doctor", UNODC, "general indicators: no access to medical care",
         {"control": ["doctor"]}, {}, "suspected", ["control.doctor"], "named"),
]  # fmt: skip

CHILDREN = [
    Case("An uncle takes a boy along to beg in the street and takes the coins", ILO_EC, "children, labour exploitation",
         {"relation": "family", "conditions": ["pay", "school"], "forms": ["forced_begging"], "work": ["beg"]},
         {}, "possible", ["forms.forced_begging", "work.beg"],
         "D4 M+M, not enough; a form and recruiting"),
    Case("A girl met him on a social network; he sells her to others", ILO_EC, "children, sexual exploitation",
         {"method": "online_social_network", "forms": ["sexual_exploitation"], "work": ["sex"]},
         {}, "possible", ["forms.sexual_exploitation", "work.sex"], "a form and recruiting"),
    Case("A boy carries drugs because he was told that he owes for a parcel that was stolen", UK_GUIDANCE,
         "criminal exploitation of children",
         {"control": ["debt", "crime"], "forms": ["forced_criminality"], "work": ["illicit"]},
         {"D5": "2S"}, "possible", ["forms.forced_criminality", "work.illicit"], "D5 S+S; a form and keeping"),
    Case("A girl of thirteen keeps a house from morning to night and goes to no school",
         UNODC, "children; domestic servitude",
         {"conditions": ["hours", "school"], "work": ["home"]},
         {"D4": "1S+1"}, "possible", [], "D4 S+M; a child needs no more"),
    Case("Promised a school in the city, put to work in a workshop", ILO_EC,
         "children: deceptive recruitment, access to education",
         {"promised": ["school", "job"], "forms": ["child_labour"], "work": ["plant"]},
         {"D1": "2S"}, "possible", ["forms.child_labour"], "D1 S+S; a form and recruiting"),
    Case("A football trial that never was, and nobody to go back with", ILO_EC, "children: deceptive recruitment",
         {"promised": ["job", "travel"]}, {"D1": "1S+1"}, "suspected", [], "D1 S+M; nothing was done to him yet"),
    Case("A girl sold into a marriage", UK_GUIDANCE, "forms of modern slavery: forced marriage",
         {"start": ["sold"], "forms": ["forced_marriage"]}, {}, "possible", ["forms.forced_marriage"],
         "D2 S alone; a form and recruiting"),
    Case("A boy who worked in a mine and says no more", ILO_EC, "children, labour exploitation: hazardous work",
         {"work": ["mine"]}, {}, "suspected", ["work.mine"], "named for a child"),
    Case("A girl who says that she was made to work, and not by whom or how", ILO_EC, "children, labour exploitation",
         {"forms": ["forced_labour"]}, {}, "suspected", ["forms.forced_labour"], "a form without an act"),
    Case("Perhaps seventeen: her journey is to be worked off, and she was made to work", UK_GUIDANCE,
         "age in doubt: as a child until it is known",
         {"age": "unsure", "paid_by": "loan", "forms": ["forced_labour"]}, {}, "possible",
         ["paid_by.loan", "forms.forced_labour"], "a form and transporting"),
    Case("A boy picked grapes with his parents in the holidays", ILO_EC,
         "children, labour exploitation: counter-example",
         {"work": ["farm"], "forms": ["none"]}, {}, "none", [], "nothing"),
    Case("A poor family and hard times, and nobody who used the child", ILO_EC,
         "children: recruitment by abuse of vulnerability alone: counter-example",
         {"before": ["poverty", "home", "kin"]}, {"D3": "3M"}, "none", [], "D3 M+M+M: vulnerable"),
]  # fmt: skip

AT_THE_POST = [
    Case("A child who travels without a grown-up", UK_TOOLKIT, "children: what can be seen on a journey",
         {"noticed_child": ["alone"]}, {}, "suspected", [], "a sign"),
    Case("A child with its own parents; nothing was noticed", UK_TOOLKIT, "children: counter-example",
         {"companions": ["parent"]}, {}, "none", [], "nothing"),
    Case("A child who is afraid of somebody", UNODC, "children; general indicators: fear",
         {"fears": "the man with the van"}, {}, "suspected", ["fears.said"], "own words of a child"),
    Case("A child who is nervous at the desk", UK_TOOLKIT, "children: counter-example: one weak sign",
         {"noticed": ["fear"]}, {}, "none", [], "one weak sign"),
    Case("A child who looks at the companion before every word, and is afraid", UNODC, "children",
         {"noticed": ["watches", "fear"], "noticed_child": ["intimidated"]}, {}, "suspected", [], "three signs"),
]  # fmt: skip


def naming_nothing() -> dict[str, Any]:
    """A whole interview in which everything was asked and nothing named."""
    quiet: dict[str, Any] = {"urgent": "no"}
    for question in Q.questions.values():
        if question.border or any(option.declared for option in question.options):
            neutral = [option.code for option in question.options if option.neutral]
            quiet[question.id] = ["none"] if question.kind == "some_of" else neutral[0]
    return quiet


def fits(found: Profile, case: Case) -> None:
    positive = {finding.dimension: finding.rule for finding in found.findings if finding.rule}
    worked = (positive, found.outcome, sorted(found.codes))
    assert worked == (case.positive, case.outcome, sorted(case.named)), f"{case.story} ({case.sum})"
    for code in case.named:
        name, answer = code.split(".")
        option = Q.questions[name].option(answer)
        shown = option.text["en"] if option is not None else Q.questions[name].text["en"]
        assert shown in found.sentences["en"][0], case.story


@pytest.mark.parametrize("case", ADULTS, ids=range(1, len(ADULTS) + 1))
def test_an_adult_s_case_is_worked_out_by_hand(case: Case) -> None:
    fits(profile(EVERYTHING, {**naming_nothing(), "age": "adult", **case.answers}, child=False), case)


@pytest.mark.parametrize("case", CHILDREN, ids=range(1, len(CHILDREN) + 1))
def test_a_child_s_case_is_worked_out_by_hand(case: Case) -> None:
    fits(profile_of_answered(Q, {**naming_nothing(), "age": "child", **case.answers}, child=True), case)


@pytest.mark.parametrize("case", AT_THE_POST, ids=range(1, len(AT_THE_POST) + 1))
def test_a_child_s_case_at_the_post_is_worked_out_by_hand(case: Case) -> None:
    fits(profile(Q, {**naming_nothing(), "age": "child", **case.answers}, child=True), case)


def test_there_are_enough_cases_and_each_says_where_it_is_from() -> None:
    assert len(ADULTS) >= 20
    assert len(CHILDREN) >= 10
    for case in (*ADULTS, *CHILDREN, *AT_THE_POST):
        assert case.story
        assert case.section
        assert case.source in (ILO_EC, ILO_2012, UNODC, UNODC_SMUGGLING, UK_GUIDANCE, UK_TOOLKIT)
    assert {case.outcome for case in ADULTS} == {case.outcome for case in CHILDREN} == {"possible", "suspected", "none"}
