"""`nrm questionnaire check`, `diff` and `profile`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nrm.cli.questionnaires import questionnaire
from nrm.cli.refusals import Refused
from nrm.parsing import WORDS
from tests.unit.domain.interviews.small_questionnaire import ALBANIA

NAME = "questionnaire-returnee-1"
VERSION, *_ = re.findall(r"^version = \d+$", (ALBANIA / f"{NAME}.toml").read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """The shipped questionnaire with the files beside it, under another name, with `changes` (old text -> new)."""

    def write(name: str, **changes: tuple[str, str]) -> Path:
        for ending in (".toml", ".read-out.toml", ".signs.toml"):
            text = (ALBANIA / f"{NAME}{ending}").read_text("utf-8")
            for before, after in changes.values():
                text = text.replace(before, after, 1)
            (tmp_path / f"{name}{ending}").write_text(text, "utf-8")
        return tmp_path / f"{name}.toml"

    return write


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(questionnaire, [str(each) for each in arguments])


def test_the_shipped_questionnaire_has_no_finding_and_says_what_is_a_draft() -> None:
    result = run("check", ALBANIA / f"{NAME}.toml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert re.search(r"no finding in \d+ questions; read out as a draft: el, it, ro, ru, sr, tr\n$", result.stderr)


def test_every_finding_stands_on_a_line_of_its_own(edited: Callable[..., Path]) -> None:
    file = edited(
        "q",
        kind=('kind = "number"', 'kind = "figure"'),
        by=('by = "officer"', 'by = "robot"'),
        sq=('sq = "Seksi', 'xx = "'),
    )
    result = run("check", file)
    assert result.exit_code == 1
    assert [line.split(": ")[1] for line in result.stdout.splitlines()] == [
        "question.urgent.by",
        "question.age_stated.kind",
        "question.sex.text",
    ]


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ('[question.hurt]\nel = "Είστε τραυματισμένοι ή άρρωστοι τώρα;"\n', "[question.hurt]\n",
         "question.hurt: has no text to read out in el"),
        ('[wording.consent]\nel = "', '[wording.consent]\n#', "wording.consent: has no text to read out in el"),
        ('en = "Injuries", source = "UK first responder toolkit 2026"', 'en = "Injuries"',
         "question.noticed.options.injury.source: is missing"),
        ('source = "IOM HTCDS 2.0"\n', "", "fact.gender.source: is missing"),
        ("[sign.noticed.fear]", "[sign.noticed_child.none]",
         "question.noticed.options.fear: is not explained in the file of signs"),
        ('en = "Forced marriage or adoption, being sold", indicator = { id = "D2.abduction", adult = "M"',
         'en = "Forced marriage or adoption, being sold", indicator = { id = "D2.abduction", adult = "S"',
         "question.start.options.sold.indicator: `D2.abduction` has other strengths elsewhere"),
    ],
)  # fmt: skip
def test_what_a_finished_questionnaire_lacks_is_a_finding(
    edited: Callable[..., Path], before: str, after: str, finding: str
) -> None:
    result = run("check", edited("q", change=(before, after)))
    assert (result.exit_code, result.stdout) == (1, f"q.toml: {finding}\n")


@pytest.mark.parametrize("command", ["check", "diff"])
def test_a_file_that_is_not_there_is_one_line_and_exit_2(tmp_path: Path, command: str) -> None:
    files = [tmp_path / "nothing.toml"] * (1 if command == "check" else 2)
    result = run(command, *files)
    assert isinstance(result.exception, Refused)
    assert (result.exception.code, result.stdout) == (2, "")
    assert str(result.exception) == f"{files[0]}: No such file or directory"


def test_a_broken_file_is_a_finding_of_check_and_nothing_to_compare(tmp_path: Path) -> None:
    broken, deep = tmp_path / "broken.toml", tmp_path / "deep.toml"
    broken.write_text("id = ", "utf-8")
    deep.write_text(f"id = {'[' * 100_000}", "utf-8")
    assert run("check", broken).stdout.startswith("broken.toml: file: is not TOML: ")
    assert (run("check", deep).exit_code, run("check", deep).stdout[:16]) == (1, "deep.toml: file:")
    refused = run("diff", broken, ALBANIA / f"{NAME}.toml").exception
    assert isinstance(refused, Refused)
    assert str(refused).startswith("broken.toml: file: is not TOML: ")


def test_nothing_different_is_nothing_said(edited: Callable[..., Path]) -> None:
    result = run("diff", ALBANIA / f"{NAME}.toml", edited("other"))
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("Kush përkthen?", "Kush do të përkthejë?", ["question interpreter changes: text (sq)"]),
        ('en = "An interpreter by telephone"', 'en = "By telephone"',
         ["option interpreter.telephone changes: text (en)"]),
        ('id = "D5.documents", adult = "S"', 'id = "D5.documents", adult = "M"',
         ["indicator D5.documents changes: adult S -> M"]),
        ('  { code = "film",', '  { code = "movies",', ["option work.film is gone", "option work.movies is new"]),
        ('when = { eq = ["age", "adult"] }\nquestions = ["consent_urgent",',
         'when = { in = ["age", ["adult"]] }\nquestions = ["consent_urgent",',
         ["page urgent_consent changes: gate"]),
        ('id = "urgent"\nwhen = { eq = ["urgent", "yes"] }', 'id = "urgent"\nwhen = { in = ["urgent", ["yes", "no"]] }',
         ["route urgent changes: gate"]),
        ('[question.hurt]\nel = "Είστε', '[question.hurt]\nel = "Μήπως είστε',
         ["question hurt changes: read out (el)"]),
        ("Askush nuk ju akuzon.", "Askush s’ju akuzon.", ["wording purpose changes: text (sq)"]),
        ('id = "danger"\nkind = "yes_no"\nrequired = true', 'id = "danger"\nkind = "yes_no"',
         ["question danger changes: required"]),
        (VERSION, f"{VERSION}0", ["questionnaire returnee-1 changes: version"]),
    ],
)  # fmt: skip
def test_each_change_is_a_line_that_names_what_and_where(
    edited: Callable[..., Path], before: str, after: str, lines: list[str]
) -> None:
    result = run("diff", ALBANIA / f"{NAME}.toml", edited("new", change=(before, after)))
    assert (result.exit_code, result.stdout.splitlines()) == (0, lines)


def test_a_question_that_goes_takes_its_options_and_its_place_on_the_page(edited: Callable[..., Path]) -> None:
    new = edited(
        "new",
        page=('"parties", "consent_services"', '"consent_services"'),
        more=('"parties", "leaflet", "leaflet_read"]', '"leaflet", "leaflet_read"]'),
    )
    text = new.read_text("utf-8")
    start = text.index('[[question]]\nid = "parties"')
    new.write_text(text[:start] + text[text.index("[[question]]", start + 5) :], "utf-8")
    assert run("diff", ALBANIA / f"{NAME}.toml", new).stdout.splitlines() == [
        "page consent changes: questions",
        "page urgent_send changes: questions",
        "question parties is gone",
    ]


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        (
            'en = "Work as a child", named = true }', 'en = "Work as a child" }',
            "question.forms.options.child_labour: must say what it means: indicator, named, named_for or neutral",
        ),
        (
            'en = "A debt to be worked off", named = true }', 'en = "A debt to be worked off" }',
            "question.paid_by.options.loan: must say what it means: indicator, named, named_for or neutral",
        ),
        (
            'en = "Agriculture", gives = { labour = "agriculture" }, neutral = true }',
            'en = "Agriculture", gives = { labour = "agriculture" }, neutral = true, named = true }',
            "question.work.options[1].neutral: what names something is not neutral",
        ),
        (
            'gives = { sexual = "prostitution" }, named_for = "child" }',
            'gives = { sexual = "prostitution" }, named_for = "adult" }',
            "question.work.options[14].named_for: must be child",
        ),
        ('named = ["yes"]', 'named = ["maybe"]', "question.danger.named: must be yes, no or both"),
        ('named_for = "child"\nhint', 'named = ["yes"]\nhint', "question.unasked.named: is for a yes_no; a long_text"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_say_what_it_means_is_a_finding(
    edited: Callable[..., Path], before: str, after: str, finding: str
) -> None:
    result = run("check", edited("q", change=(before, after)))
    assert result.exit_code == 1
    assert finding in result.stdout


def profiled(tmp_path: Path, data: object, *more: str) -> Result:
    file = tmp_path / "answers.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    return run("profile", "--answers", file, *more)


def test_the_profile_of_answers_is_json_with_outcome_named_and_dimensions(tmp_path: Path) -> None:
    answers = {"control": ["papers", "lie", "bank"], "forms": ["sexual_exploitation"], "conditions": ["none"]}
    result = profiled(tmp_path, answers, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    read = json.loads(result.stdout)
    assert list(read) == ["outcome", "named", "dimensions"]
    assert (read["outcome"], read["named"]) == ("suspected", ["forms.sexual_exploitation", "control.bank"])
    never = {"positive": False, "strong": None, "medium": None, "weak": None, "asked": False}
    assert read["dimensions"] == {
        "D1": never,
        "D2": never,
        "D3": never,
        "D4": {"positive": False, "strong": 0, "medium": 0, "weak": 0, "asked": True},
        "D5": {"positive": True, "strong": 1, "medium": 1, "weak": 0, "asked": True},
        "D6": never,
    }


@pytest.mark.parametrize(
    ("age", "outcome", "strong"),
    [
        ({}, "none", 0), ({"age": "adult"}, "none", 0),
        ({"age": "child"}, "suspected", 1), ({"age": "unsure"}, "suspected", 1),
    ],
)  # fmt: skip
def test_the_age_in_the_file_chooses_the_weights_and_without_it_they_are_those_of_adults(
    tmp_path: Path, age: dict[str, str], outcome: str, strong: int
) -> None:
    read = json.loads(profiled(tmp_path, {**age, "work": ["mine"]}, "--json").stdout)
    assert (read["outcome"], read["named"]) == (outcome, ["work.mine"] if outcome == "suspected" else [])
    threats = json.loads(profiled(tmp_path, {**age, "control": ["threats"]}, "--json").stdout)
    assert threats["dimensions"]["D5"]["strong"] == strong


def test_the_profile_in_words_begins_with_the_outcome_and_what_was_named(tmp_path: Path) -> None:
    result = profiled(tmp_path, {"age": "child", "forms": ["forced_begging"], "relation": "family"})
    lines = result.stdout.splitlines()
    assert lines[:2] == ["possible", "- It was named: What were you made to do? Begging."]
    assert lines[2].startswith("- A form of exploitation and an act ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "--answers: FILE: is not JSON"),
        ("[]", "--answers: must be a JSON object of question and answer"),
        ("[" * 100_000, f"--answers: FILE: {WORDS['depth']}"),
        ('{"age": "child", "age": "adult"}', "--answers: FILE: `age` stands twice"),
        ({"colour": "red"}, "--answers: `colour` is no question of returnee-1"),
        ({"forms": "sexual_exploitation"},
         "--answers: `forms`: Choose one of the answers in the list: What were you made to do?"),
        ({"control": ["none", "papers"]},
         "--answers: `control`: Choose either the answers that apply or only the last one: How did they control you?"),
        ({"age": None}, "--answers: `age`: Choose one of the answers in the list: How old is the person?"),
        ({"story": "a\u0000b"},
         "--answers: `story`: Enter the text again without invisible characters: What happened, in your own words?"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_read_are_one_line_and_exit_2(tmp_path: Path, data: object, message: str) -> None:
    result = profiled(tmp_path, data, "--json")
    assert isinstance(result.exception, Refused)
    assert (result.exception.code, result.stdout) == (2, "")
    assert str(result.exception).replace(str(tmp_path / "answers.json"), "FILE") == message


def test_answers_that_are_not_there_are_one_line_and_exit_2(tmp_path: Path) -> None:
    refused = run("profile", "--answers", tmp_path / "nothing.json").exception
    assert isinstance(refused, Refused)
    assert str(refused) == f"--answers: {tmp_path / 'nothing.json'}: No such file or directory"
    assert run("profile").exit_code == 2


@pytest.mark.parametrize("question", ["forms", "work", "paid_by", "documents_held", "companions", "control"])
def test_a_question_of_which_no_option_says_what_it_means_is_refused_too(tmp_path: Path, question: str) -> None:
    text = (ALBANIA / f"{NAME}.toml").read_text("utf-8")
    start = text.index(f'[[question]]\nid = "{question}"')
    end = text.index("[[question]]", start + 5)
    block = re.sub(r', (named|neutral) = true|, named_for = "child"|, indicator = \{.*?\}', "", text[start:end])
    file = tmp_path / "q.toml"
    file.write_text(text[:start] + block + text[end:], "utf-8")
    codes = re.findall(r'code = "(\w+)"', block)
    result = run("check", file)
    lines = [line for line in result.stdout.splitlines() if f".{question}." in line]
    assert result.exit_code == 1
    assert lines == [
        f"q.toml: question.{question}.options.{code}: must say what it means: indicator, named, named_for or neutral"
        for code in codes
        if code != "none"
    ]


@pytest.mark.parametrize("question", ["danger", "still", "official"])
def test_a_yes_or_no_that_says_nothing_of_its_answers_is_refused_too(tmp_path: Path, question: str) -> None:
    text = (ALBANIA / f"{NAME}.toml").read_text("utf-8")
    start = text.index(f'[[question]]\nid = "{question}"')
    file = tmp_path / "q.toml"
    file.write_text(text[:start] + text[start:].replace('named = ["yes"]\n', "", 1), "utf-8")
    result = run("check", file)
    assert result.exit_code == 1
    for code in ("yes", "no"):
        line = f"question.{question}.options.{code}: must say what it means: indicator, named, named_for or neutral"
        assert f"q.toml: {line}\n" in result.stdout


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ('en = "Transportation", ', 'en = "Transportation", weak = true, ',
         "question.work.options[11].weak: is for signs that are noticed (`border`)"),
        ('acts = ["other", "loan"]', 'acts = ["other", "lone"]',
         "question.paid_by.acts: the question has no option `lone`"),
        ('acts = ["yes"]', "acts = false", "question.still.acts: must be a list of codes"),
        ('to_child = { sq = "Sa vjeç je?" }', 'to_child = { it = "Quanti anni hai?" }',
         "question.age_stated.to_child.it: must be sq or en"),
        ('to_child = { sq = "Sa vjeç je?" }', 'to_child = { sq = " " }',
         "question.age_stated.to_child.sq: must be a text that is not empty"),
    ],
)  # fmt: skip
def test_a_wrong_mark_of_weakness_of_an_act_or_of_a_child_s_text_is_named(
    edited: Callable[..., Path], before: str, after: str, finding: str
) -> None:
    result = run("check", edited("q", change=(before, after)))
    assert (result.exit_code, result.stdout) == (1, f"q.toml: {finding}\n")


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("[sign.noticed.fear]", "[sign.noticed.colour]", "sign.noticed.colour: is no option of the question"),
        ("[sign.noticed.address]", "[sign.forms.other]", "sign.forms: is no question about signs (`border`)"),
        ("[sign.noticed.fear]\nlooks", "[sign.noticed.fear]\nlook",
         "sign.noticed.fear.look: is no key that is known here"),
        ("[sign.noticed.fear]\nlooks = { sq", "[sign.noticed.fear]\nlooks = { xx",
         "sign.noticed.fear.looks: has no text in sq"),
        ("[sign.noticed.fear]", "[colour]\n[sign.noticed.fear]", "colour: is no key that is known here"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_of_signs_names_that_file(
    edited: Callable[..., Path], before: str, after: str, finding: str
) -> None:
    result = run("check", edited("q", change=(before, after)))
    assert (result.exit_code, result.stdout) == (1, f"q.signs.toml: {finding}\n")


def test_a_questionnaire_without_a_file_of_signs_explains_none_and_has_no_finding(edited: Callable[..., Path]) -> None:
    file = edited("q")
    file.with_name("q.signs.toml").unlink()
    result = run("check", file)
    assert (result.exit_code, result.stdout) == (0, "")
