"""A questionnaire as small as one can be that has every feature, and the parsed one shipped for Albania."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nrm.countries
from nrm.countries.questionnaires import load_questionnaires
from nrm.domain.interviews.interviews import Questionnaire

ALBANIA = Path(nrm.countries.__file__).parent / "albania"


@cache
def returnee() -> Questionnaire:
    """The standardized returnee questionnaire."""
    return replace(load_questionnaires(ALBANIA)["returnee-1"], home_country="AL")


def both(text: str) -> dict[str, str]:
    """One text for both staff languages."""
    return {"sq": f"{text} sq", "en": text}


def option(code: str, **more: Any) -> dict[str, Any]:
    """An option with a text."""
    return {"code": code, **both(code), **more}


def question(identifier: str, kind: str, **more: Any) -> dict[str, Any]:
    """A question sealed in the story."""
    return {"id": identifier, "kind": kind, "compartment": "story", "text": both(identifier), **more}


SMALL: dict[str, Any] = {
    "id": "small",
    "version": 3,
    "languages": ["sq", "en"],
    "title": both("Small"),
    "home": "start",
    "answers": {code: both(code) for code in ("yes", "no", "none", "dont_know", "no_answer")},
    "countries": {"AL": both("Albania"), "GR": both("Greece")},
    "language_names": {"sq": "Shqip"},
    "indicators": {"source": "a source", "weight_source": "to be checked"},
    "dimension": [{"id": f"D{number}", "text": both(f"Dimension {number}")} for number in range(1, 7)],
    "fact": [{"name": "gender", "codes": ["feminine", "masculine"]}],
    "derive": {
        "age": "age",
        "age_stated": "years",
        "birth": "birth",
        "left": "left",
        "began": "left",
        "ended": "left",
        "still": "still",
        "longest_country": "where",
        "elsewhere": "age",
        "second_country": "where",
        "consent_statistics": "still",
        "danger": "still",
    },
    "consent": [{"code": "given", "when": {"eq": ["still", "yes"]}}],
    "check": [{"question": "years", "when": {"lt": ["years", 3]}, "text": both("Enter more")}],
    "wording": [{"id": "purpose", "version": 2, "title": both("Read"), "text": both("Listen")}],
    "route": [
        {"id": "child", "when": {"eq": ["age", "child"]}, "pages": ["first", "last"]},
        {"id": "standard", "pages": ["first", "second", "last"]},
    ],
    "page": [
        {"id": "start", "title": both("Start"), "questions": ["urgent"]},
        {"id": "first", "title": both("First"), "questions": ["age", "years"], "wordings": ["purpose"]},
        {"id": "second", "title": both("Second"), "questions": ["where", "still", "still_why", "signs"]},
        {"id": "last", "title": both("Last"), "questions": ["gender", "birth", "left"]},
    ],
    "question": [
        question("urgent", "yes_no", by="officer"),
        question("age", "one_of", by="officer", required=True, options=[option("child"), option("adult")]),
        question("years", "number", highest=120),
        question("where", "country", frequent=["AL", "GR"]),
        question("still", "yes_no", depends_on=["age"]),
        question("still_why", "short_text", under=["still", "yes"]),
        question(
            "signs",
            "some_of",
            options=[option("hours", indicator={"id": "D4.hours", "adult": "S", "child": "M"}), option("pay")],
        ),
        question("gender", "one_of", fact="gender", options=[option("feminine"), option("masculine")]),
        question("birth", "partial_date", when={"eq": ["age", "adult"]}),
        question("left", "partial_date"),
    ],
}


def small(**changes: Any) -> dict[str, Any]:
    """A fresh copy of the small one, with whole keys replaced."""
    return {**copy.deepcopy(SMALL), **changes}
