"""A questionnaire's data file: every mistake is named by file and key."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.interviews import face_to_face
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire
from nrm.domain.interviews.questionnaires import parse_questionnaire
from tests.unit.domain.interviews.small_questionnaire import both, option, question, small


def item(data: dict[str, Any], part: str, identifier: str) -> dict[str, Any]:
    return next(each for each in data[part] if each.get("id") == identifier)


def message(data: dict[str, Any]) -> str:
    with pytest.raises(MalformedQuestionnaire) as caught:
        parse_questionnaire(data, file="q.toml")
    return str(caught.value)


def changed(part: str, identifier: str, **changes: Any) -> dict[str, Any]:
    data = small()
    item(data, part, identifier).update(changes)
    return data


def without(part: str, identifier: str, key: str) -> dict[str, Any]:
    data = small()
    del item(data, part, identifier)[key]
    return data


def test_the_small_questionnaire_is_read_whole() -> None:
    read = parse_questionnaire(small(), file="q.toml")
    assert (read.id, read.version, read.home.id) == ("small", 3, "start")
    assert [o.code for o in read.questions["still"].options] == ["yes", "no", "dont_know", "no_answer"]
    assert [o.code for o in read.questions["signs"].options] == ["hours", "pay", "none", "dont_know", "no_answer"]
    assert [o.code for o in read.questions["age"].options] == ["child", "adult"]
    assert read.questions["signs"].options[0].indicators[0].weight_source == "to be checked"
    assert read.questions["gender"].option("feminine").gives == (("gender", "feminine"),)  # type: ignore[union-attr]


LONG = "a" * 41
MISTAKES = [
    (
        changed("question", "years", kind="colour"),
        "question.years.kind: `colour` is none of country, language, long_text, "
        "number, one_of, partial_date, parties, place, short_text, some_of, yes_no",
    ),
    (
        changed("question", "years", compartment="drawer"),
        "question.years.compartment: `drawer` is none of fact, hand_over, identity, story",
    ),
    (
        changed("question", "years", compartment="fact"),
        "question.years.compartment: a number is not closed, so it cannot be a fact",
    ),
    (
        changed("question", "birth", fact="gender"),
        "question.birth.compartment: a partial_date is not closed, so it cannot be a fact",
    ),
    (
        changed("question", "gender", announced_by="colour"),
        "question.gender.announced_by: names the wording `colour`, which does not exist",
    ),
    (
        changed("question", "gender", fact="colour"),
        "question.gender.fact: names the fact `colour`, which does not exist",
    ),
    (
        changed("question", "still", compartment="fact"),
        "question.still.fact: a question kept as a fact must say which fact",
    ),
    (
        changed("question", "gender", options=[option("feminine"), option("other")]),
        "question.gender.options.other.gives: the fact `gender` has no code `other`",
    ),
    (changed("question", "years", text={"en": "Years"}), "question.years.text: has no text in sq"),
    (changed("question", "years", text={"sq": "Vite", "en": " "}), "question.years.text: has no text in en"),
    (without("question", "years", "text"), "question.years.text: must have a text in sq and en"),
    (changed("question", "years", hint={"sq": "Vite"}), "question.years.hint: has no text in en"),
    (
        changed("question", "age", options=[{"code": "child"}, option("adult")]),
        "question.age.options[1]: has no text in sq",
    ),
    (
        changed("question", "age", options=[option("child"), option("child")]),
        "question.age.options: has the code `child` twice",
    ),
    (changed("question", "age", options=[option("child")]), "question.age.options: a one_of needs options"),
    (
        changed("question", "age", options=[option("ch ild"), option("adult")]),
        "question.age.options[1].code: must be letters, digits, underscores and plus signs",
    ),
    (changed("question", "years", options=[option("one")]), "question.years.options: a number has no options"),
    (changed("question", "where", frequent=["XX"]), "question.where.frequent: `XX` has no name in countries"),
    (changed("question", "where", frequent=[]), "question.where.frequent: names no choice"),
    (
        changed("question", "where", options=[option("AL")]),
        "question.where.options: a country takes its choices from `frequent`",
    ),
    (changed("question", "years", colour="red"), "question.years.colour: is no key that is known here"),
    (changed("question", "years", by="robot"), "question.years.by: must be person or officer"),
    (changed("question", "years", required="yes"), "question.years.required: must be true or false"),
    (changed("question", "years", highest=-1), "question.years.highest: must be a whole number"),
    (changed("question", "years", id="Years"), "question.Years.id: must be small letters, digits and underscores"),
    (changed("question", "years", id=LONG), f"question.{LONG}.id: must be small letters, digits and underscores"),
    (changed("question", "years", when={"has": "age"}), "question.years.when: `has` takes a name and a value"),
    (
        changed("question", "birth", when={"eq": ["colour", "red"]}),
        "question.birth.when: names the question `colour`, which does not exist",
    ),
    (
        changed("question", "where", when={"eq": ["gender", "feminine"]}),
        "question.where.when: names `gender`, which the route `standard` asks later or not at all",
    ),
    (
        changed("question", "left", when={"eq": ["still", "yes"]}),
        "question.left.when: names `still`, which the route `child` asks later or not at all",
    ),
    (
        changed("question", "signs", when={"eq": ["where", "GR"]}),
        "question.signs.when: names `where` of the same page, which does not stand directly before it",
    ),
    (changed("question", "birth", when={"eq": ["age", "old"]}), "question.birth.when: `age` has no option `old`"),
    (
        changed("question", "birth", when={"has": ["age", "adult"]}),
        "question.birth.when: `has` does not fit `age`, which is a one_of",
    ),
    (
        changed("question", "birth", when={"lt": ["age", 3]}),
        "question.birth.when: `lt` needs a number, and `age` is a one_of",
    ),
    (
        changed("question", "birth", when={"and": [{"eq": ["age", "adult"]}, {"eq": ["age", "child"]}]}),
        "question.birth: can never be reached",
    ),
    (changed("question", "where", when={"eq": ["age", "child"]}), "question.where: can never be reached"),
    (
        changed("question", "still_why", under=["colour", "red"]),
        "question.still_why.under: `colour` does not stand before it on the page `second`",
    ),
    (
        changed("question", "still_why", under=["still", "maybe"]),
        "question.still_why.under: `still` has no option `maybe` to open under",
    ),
    (
        changed("question", "still_why", under=["still"]),
        "question.still_why.under: must be a question and one of its options",
    ),
    (
        changed("question", "still_why", kind="yes_no"),
        "question.still_why.under: only a plain field may open under an option, and a yes_no is none",
    ),
    (
        changed("question", "still_why", when={"eq": ["age", "adult"]}),
        "question.still_why.when: a question under an option has no other condition",
    ),
    (
        changed("question", "still", depends_on=["colour"]),
        "question.still.depends_on: names the question `colour`, which does not exist",
    ),
    (
        changed("page", "second", questions=["where", "colour"]),
        "page.second.questions: names the question `colour`, which does not exist",
    ),
    (changed("page", "first", questions=["age", "age"]), "page.first.questions: names the same code twice"),
    (
        changed("page", "first", wordings=["colour"]),
        "page.first.wordings: names the wording `colour`, which does not exist",
    ),
    (
        changed("page", "last", questions=["gender", "birth", "left", "years"]),
        "page.last.questions: asks `years` again, which `first` asked on this route",
    ),
    (changed("page", "second", when={"eq": ["left", "x"]}), "page.second.when: `left` has no option `x`"),
    (changed("page", "first", title=both("")), "page.first.title: has no text in en"),
    (
        changed("route", "child", pages=["first", "third"]),
        "route.child.pages: names the page `third`, which does not exist",
    ),
    (
        changed("route", "child", when={"eq": ["still", "yes"]}),
        "route.child.when: names `still`, which this route does not ask",
    ),
    (
        changed("route", "standard", when={"eq": ["age", "adult"]}),
        "route.standard.when: the last route is for everyone else and has no condition",
    ),
    (small(route=[]), "route: there is none"),
    (small(colour="red"), "colour: is no key that is known here"),
    (small(route=small()["route"] + small()["route"]), "route.child: is there twice"),
    (small(wording=small()["wording"] * 2), "wording.purpose: is there twice"),
    (small(fact=small()["fact"] * 2), "fact.gender: is there twice"),
    (small(dimension=small()["dimension"] * 2), "dimension.D1: is there twice"),
    (small(wording=[{**small()["wording"][0], "colour": 1}]), "wording.purpose.colour: is no key that is known here"),
    (small(home="nowhere"), "home: names the page `nowhere`, which does not exist"),
    (small(languages=[]), "languages: names no language"),
    (small(id=""), "id: must be a text that is not empty"),
    (small(question="none"), "question: must be a list of tables"),
    (small(answers={}), "answers.yes: must have a text in sq and en"),
    (small(title={"sq": "Vogël"}), "title: has no text in en"),
    (
        small(consent=[{"code": "perhaps", "when": {"eq": ["still", "yes"]}}]),
        "consent[1].code: `perhaps` is none of given, refused, not_asked_child, not_asked_urgent",
    ),
    (
        small(check=[{"question": "colour", "when": {"lt": ["years", 3]}, "text": both("Enter")}]),
        "check[1].question: names the question `colour`, which does not exist",
    ),
    (
        small(derive={**small()["derive"], "birth": "colour"}),
        "derive.birth: names the question `colour`, which does not exist",
    ),
    (small(derive={**small()["derive"], "birth": "age"}), "derive.birth: must name a partial_date, and `age` is none"),
    (small(derive={k: v for k, v in small()["derive"].items() if k != "still"}), "derive.still: is missing"),
    (small(derive={**small()["derive"], "colour": "age"}), "derive.colour: is nothing that is derived"),
]


@pytest.mark.parametrize(("data", "expected"), MISTAKES, ids=[expected.split(": ")[0] for _, expected in MISTAKES])
def test_a_mistake_is_named_by_file_key_and_reason(data: dict[str, Any], expected: str) -> None:
    assert message(data) == f"q.toml: {expected}"


def test_mistakes_in_several_places_are_all_found() -> None:
    data = changed("question", "years", kind="colour")
    item(data, "question", "still")["by"] = "robot"
    item(data, "page", "last")["title"] = both(" ")
    with pytest.raises(MalformedQuestionnaire) as caught:
        parse_questionnaire(data, file="q.toml")
    assert [finding.split(": ")[1] for finding in caught.value.findings] == [
        "question.years.kind",
        "question.still.by",
        "page.last.title",
    ]


def test_what_does_not_fit_together_is_found_wherever_it_is() -> None:
    data = changed("question", "birth", when={"eq": ["age", "old"]})
    item(data, "question", "left")["when"] = {"eq": ["colour", "red"]}
    data["route"][0]["when"] = {"eq": ["still", "yes"]}
    with pytest.raises(MalformedQuestionnaire) as caught:
        parse_questionnaire(data, file="q.toml")
    assert sorted(finding.split(": ")[1] for finding in caught.value.findings) == [
        "question.birth.when",
        "question.left.when",
        "route.child.when",
    ]


def test_two_questions_of_one_id_are_refused() -> None:
    data = small()
    data["question"].append(question("age", "number"))
    assert message(data) == "q.toml: question.age: is there twice"


def test_two_pages_of_one_id_are_refused() -> None:
    data = small()
    data["page"].append({"id": "last", "title": both("Again"), "questions": []})
    assert message(data) == "q.toml: page.last: is there twice"


def test_a_question_on_no_page_can_never_be_reached() -> None:
    data = small()
    data["question"].append(question("forgotten", "number"))
    assert message(data) == "q.toml: question.forgotten: can never be reached"


def test_a_page_on_no_route_is_refused() -> None:
    data = small()
    data["page"].append({"id": "attic", "title": both("Attic"), "questions": []})
    assert message(data) == "q.toml: page.attic: no route goes there"


def test_a_second_level_of_reveals_is_refused() -> None:
    data = small()
    data["question"].append(question("deep", "short_text", under=["still_why", "yes"]))
    item(data, "page", "second")["questions"].append("deep")
    assert message(data) == (
        "q.toml: question.deep.under: `still_why` is itself under an option; a second level is not allowed"
    )


def test_an_option_opens_only_one_field() -> None:
    data = small()
    data["question"].append(question("more", "short_text", under=["still", "yes"]))
    item(data, "page", "second")["questions"].append("more")
    assert message(data) == "q.toml: question.more.under: the option `yes` of `still` opens another field already"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            {"id": "D9.hours", "adult": "S", "child": "S"},
            "options.hours.indicator: names the dimension `D9`, which does not exist",
        ),
        (
            {"id": "hours", "adult": "S", "child": "S"},
            "options[1].indicator.id: `hours` must be a dimension, a dot and an item",
        ),
        (
            {"id": "D4.hours", "adult": "X", "child": "S"},
            "options[1].indicator: adult and child must each be S, M, W or -",
        ),
        ({"id": "D4.hours", "adult": "S"}, "options[1].indicator: adult and child must each be S, M, W or -"),
        ("D4", "options[1].indicator: must be a table with id, adult and child"),
    ],
)
def test_a_wrong_indicator_is_named(link: object, expected: str) -> None:
    data = changed("question", "signs", options=[option("hours", indicator=link)])
    assert message(data) == f"q.toml: question.signs.{expected}"


SPOKEN = {"language": {"el": {"status": "draft", "translator": "nobody yet"}}}


def test_texts_for_the_person_come_with_their_status() -> None:
    spoken = {**SPOKEN, "question": {"still": {"el": "Ακόμα;"}}, "wording": {"purpose": {"el": "Ακούστε"}}}
    read = parse_questionnaire(small(), file="q.toml", read_out=spoken, read_out_file="r.toml")
    assert read.reading == {"el": ("draft", "nobody yet")}
    assert read.questions["still"].reads == {"el": "Ακόμα;"}
    assert read.wordings["purpose"].text["el"] == "Ακούστε"


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (
            {"language": {"el": {"status": "good", "translator": "x"}}},
            "language.el.status: `good` is neither draft nor approved",
        ),
        ({**SPOKEN, "colour": {}}, "colour: is no key that is known here"),
        ({"language": {"el": {"status": "draft"}}}, "language.el.translator: must be a text that is not empty"),
        ({**SPOKEN, "question": {"colour": {"el": "x"}}}, "question.colour: is no question of the questionnaire"),
        (
            {**SPOKEN, "question": {"still": {"it": "x"}}},
            "question.still.it: is a language without status and translator",
        ),
        ({**SPOKEN, "question": {"still": {"el": ""}}}, "question.still.el: must be a text that is not empty"),
        ({**SPOKEN, "wording": {"colour": {"el": "x"}}}, "wording.colour: is no wording of the questionnaire"),
        (
            {**SPOKEN, "wording": {"purpose": {"sq": "x"}}},
            "wording.purpose.sq: is a language without status and translator",
        ),
    ],
)
def test_a_mistake_in_the_spoken_texts_names_their_own_file(spoken: dict[str, Any], expected: str) -> None:
    with pytest.raises(MalformedQuestionnaire) as caught:
        parse_questionnaire(small(), file="q.toml", read_out=spoken, read_out_file="r.toml")
    assert str(caught.value) == f"r.toml: {expected}"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(small())), value=JUNK)
def test_junk_under_any_key_is_refused_with_a_message_or_harmless(key: str, value: object) -> None:
    try:
        parse_questionnaire(small(**{key: value}), file="q.toml")
    except MalformedQuestionnaire as error:
        assert str(error).startswith("q.toml: ")  # noqa: PT017 - anything else but this error fails the test


@given(
    position=st.integers(0, 9),
    key=st.sampled_from(["options", "when", "under", "text", "frequent", "kind", "id", "fact"]),
    value=JUNK,
)
def test_junk_in_a_question_is_refused_with_a_message_or_harmless(position: int, key: str, value: object) -> None:
    data = small()
    data["question"][position][key] = value
    try:
        parse_questionnaire(data, file="q.toml")
    except MalformedQuestionnaire as error:
        assert str(error).startswith("q.toml: ")  # noqa: PT017 - anything else but this error fails the test


def by_telephone(**changes: Any) -> dict[str, Any]:
    """The small questionnaire with a question that is asked by telephone alone."""
    data = small()
    data["telephone"] = "by_telephone"
    data["question"] += [
        question("by_telephone", "yes_no", by="officer"),
        question("reach", "short_text", by="officer", when={"eq": ["by_telephone", "yes"]}),
    ]
    page = next(each for each in data["page"] if each["id"] != data["home"])
    page["questions"] = [*page["questions"], "reach"]
    for name, more in changes.items():
        item(data, "question", name).update(more)
    return data


def test_what_is_asked_by_telephone_alone_is_on_no_paper_and_nothing_else_depends_on_it() -> None:
    read = parse_questionnaire(by_telephone(), file="q.toml")
    on_paper = face_to_face(read)
    assert read.questions.keys() - on_paper.questions.keys() == {"by_telephone", "reach"}
    assert not any("reach" in page.questions for page in on_paper.pages.values())
    both_whens = {"and": [{"eq": ["by_telephone", "yes"]}, {"eq": ["age", "adult"]}]}
    assert "looks at `by_telephone`, so it must look at nothing else" in message(
        by_telephone(reach={"when": both_whens})
    )
    assert "is no question of the kind yes_no" in message({**small(), "telephone": "age"})
    asked = by_telephone()
    item(asked, "page", asked["home"])["questions"].append("by_telephone")
    assert "is asked on a page, and is answered by itself" in message(asked)
