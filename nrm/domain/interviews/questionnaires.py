"""Reading a questionnaire from its data file: every mistake is named by file and key.

`parse_questionnaire` takes the decoded TOML; `read_out` is the decoded file with the wordings for the person in further
languages, each with its status and translator, and `signs` the one that explains the signs. The sound result is checked
as a whole by `questionnaire_checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from nrm.domain import conditions
from nrm.domain.interviews.interviews import (
    ALONE,
    CLOSED_KINDS,
    COMPARTMENTS,
    KINDS,
    PLAIN_KINDS,
    UNKNOWN,
    AnswerWarning,
    AskedBy,
    Check,
    Dimension,
    Fact,
    GroupFacts,
    Help,
    Indicator,
    Option,
    Page,
    Question,
    Questionnaire,
    Route,
    Texts,
    Who,
    Wording,
)
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire, check_whole
from nrm.domain.interviews.short_screen import calm

Part = TypeVar("Part")
Named = TypeVar("Named", Question, Page, Wording, Fact, Dimension, Route, AnswerWarning)

STRENGTHS = ("S", "M", "W", "-")
# Pages write both without quotes.
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}")
CODE = re.compile(r"[A-Za-z0-9_+]{1,40}")
STATUSES = ("draft", "approved")
UNSURE = ("alone", "together")
ENDS = ("none", "not_asked")
NUMBERS = ("police", "ambulance", "helpline")
LONGEST = {"place": 200, "short_text": 200, "long_text": 15_000}
TEXT_KEYS = ("id", "kind", "text", "hint", "options", "when", "under", "compartment", "required", "by", "longest")
CODE_KEYS = (
    "fact",
    "routing",
    "border",
    "select",
    "frequent",
    "lowest",
    "highest",
    "depends_on",
    "none",
    "named",
    "named_for",
    "alarm",
    "alarm_unsure",
    "acts",
    "to_child",
    "announced_by",
)
QUESTION_KEYS = frozenset((*TEXT_KEYS, *CODE_KEYS))
OPTION_KEYS = frozenset(
    {"code", "indicator", "gives", "group", "source", "named", "named_for", "neutral", "weak", "means"}
)
TOP_KEYS = frozenset(
    (
        *("id", "version", "languages", "title", "home", "telephone", "answers", "language_names", "language_words"),
        *("countries", "indicators", "group", "warning"),
        *("dimension", "fact", "derive", "consent", "check", "wording", "route", "page", "question"),
    )
)
READ_OUT_KEYS = frozenset({"language", "question", "wording"})


def parse_questionnaire(
    data: Mapping[str, Any],
    *,
    file: str,
    read_out: Mapping[str, Any] | None = None,
    read_out_file: str = "",
    signs: Mapping[str, Any] | None = None,
    signs_file: str = "",
) -> Questionnaire:
    """The questionnaire in `data`; raises MalformedQuestionnaire with file, key and reason."""
    spoken, explained = _Reader(read_out or {}, read_out_file or file), _Reader(signs or {}, signs_file or file)
    return _Reader(data, file).questionnaire(spoken, explained)


class _Reader:
    """One data file being read; every helper takes the key it is at, for the message."""

    def __init__(self, data: Mapping[str, Any], file: str) -> None:
        self.data = data
        self.file = file
        self.languages: tuple[str, ...] = ()
        self.problems: list[str] = []

    def wrong(self, key: str, reason: str) -> MalformedQuestionnaire:
        return MalformedQuestionnaire(f"{self.file}: {key}: {reason}")

    # -- plain values

    def string(self, table: Mapping[str, Any], name: str, key: str) -> str:
        value = table.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{key}.{name}" if key else name, "must be a text that is not empty")
        return value

    def whole(self, table: Mapping[str, Any], name: str, key: str, default: int) -> int:
        value = table.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(f"{key}.{name}" if key else name, "must be a whole number")
        return value

    def flag(self, table: Mapping[str, Any], name: str, key: str, *, default: bool = False) -> bool:
        value = table.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key}.{name}", "must be true or false")
        return value

    def one_of(self, table: Mapping[str, Any], name: str, key: str, codes: tuple[str, ...]) -> Any:
        value = table.get(name, "")
        if name in table and value not in codes:
            raise self.wrong(f"{key}.{name}", f"`{value}` is none of {', '.join(codes)}")
        return value

    def strings(self, table: Mapping[str, Any], name: str, key: str) -> tuple[str, ...]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(f"{key}.{name}" if key else name, "must be a list of codes")
        if len(set(value)) != len(value):
            raise self.wrong(f"{key}.{name}" if key else name, "names the same code twice")
        return tuple(value)

    def table(self, table: Mapping[str, Any], name: str, key: str) -> Mapping[str, Any]:
        value = table.get(name, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key}.{name}" if key else name, "must be a table")
        return value

    def tables(self, name: str) -> list[tuple[str, Mapping[str, Any]]]:
        value = self.data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, "must be a list of tables")
        return [(f"{name}[{number}]", item) for number, item in enumerate(value, start=1)]

    def texts(self, value: object, key: str) -> Texts:
        if not isinstance(value, dict):
            raise self.wrong(key, f"must have a text in {' and '.join(self.languages)}")
        for language in self.languages:
            if not isinstance(value.get(language), str) or not value[language].strip():
                raise self.wrong(key, f"has no text in {language}")
        for language, text in value.items():
            if not isinstance(text, str):
                raise self.wrong(f"{key}.{language}", "must be a text")
        return MappingProxyType(dict(value))

    def known(self, table: Mapping[str, Any], allowed: Iterable[str], key: str) -> None:
        for name in table:
            if name not in allowed:
                raise self.wrong(f"{key}.{name}" if key else name, "is no key that is known here")

    def condition(self, table: Mapping[str, Any], key: str, *, said: bool = False) -> conditions.Condition:
        if "when" not in table:
            return conditions.ALWAYS
        try:
            return conditions.parse(table["when"], said=said)
        except conditions.MalformedCondition as error:
            raise self.wrong(f"{key}.when", str(error)) from error

    # -- parts

    def option(self, table: object, key: str, question: Mapping[str, Any]) -> Option:
        if not isinstance(table, dict):
            raise self.wrong(key, "must be a table")
        code = self.string(table, "code", key)
        if not CODE.fullmatch(code):
            raise self.wrong(f"{key}.code", "must be letters, digits, underscores and plus signs")
        self.known(table, OPTION_KEYS | {name for name in table if len(name) == 2}, key)
        text = self.texts({name: value for name, value in table.items() if name not in OPTION_KEYS}, key)
        links = table.get("indicator", [])
        indicators = tuple(
            self.indicator(link, f"{key}.indicator") for link in (links if isinstance(links, list) else [links])
        )
        gives = {name: str(given) for name, given in self.table(table, "gives", key).items()}
        fact = question.get("fact")
        means = self.string(table, "means", key) if "means" in table else code
        if isinstance(fact, str):
            gives.setdefault(fact, means)
        group = self.texts(table["group"], f"{key}.group") if "group" in table else None
        source = self.string(table, "source", key) if "source" in table else ""
        given = tuple((name, each) for name, each in gives.items() if each)
        neutral = self.flag(table, "neutral", key)
        named = self.named_for(table, key) or ("everybody" if self.flag(table, "named", key) else "")
        if neutral and (named or indicators):
            raise self.wrong(f"{key}.neutral", "what names something is not neutral")
        weak = self.flag(table, "weak", key)
        if weak and question.get("border") is not True:
            raise self.wrong(f"{key}.weak", "is for signs that are noticed (`border`)")
        return Option(code, text, indicators, given, group, source, named, neutral, weak, means=means)

    def named_for(self, table: Mapping[str, Any], key: str) -> Who:
        """Whom an answer names something of, beside everybody."""
        if "named_for" not in table:
            return ""
        if table["named_for"] != "child":
            raise self.wrong(f"{key}.named_for", "must be child")
        if "named" in table:
            raise self.wrong(f"{key}.named_for", "stands beside `named`, which is for everybody")
        return "child"

    def indicator(self, table: object, key: str) -> Indicator:
        if not isinstance(table, dict):
            raise self.wrong(key, "must be a table with id, adult and child")
        defaults = self.table(self.data, "indicators", "")
        identifier = self.string(table, "id", key)
        dimension, dot, item = identifier.partition(".")
        if not dot or not item:
            raise self.wrong(f"{key}.id", f"`{identifier}` must be a dimension, a dot and an item")
        strengths = [table.get("adult"), table.get("child")]
        if not all(strength in STRENGTHS for strength in strengths):
            raise self.wrong(key, "adult and child must each be S, M, W or -")
        merged = {**defaults, **table}
        return Indicator(
            identifier,
            dimension,
            table["adult"],
            table["child"],
            self.string(merged, "source", key),
            self.string(merged, "weight_source", key),
        )

    def question(self, key: str, table: Mapping[str, Any], common: Mapping[str, Texts]) -> Question:
        identifier = self.string(table, "id", key)
        key = f"question.{identifier}"
        if not IDENTIFIER.fullmatch(identifier):
            raise self.wrong(f"{key}.id", "must be small letters, digits and underscores")
        self.known(table, QUESTION_KEYS, key)
        kind = self.string(table, "kind", key)
        if kind not in KINDS:
            raise self.wrong(f"{key}.kind", f"`{kind}` is none of {', '.join(sorted(KINDS))}")
        compartment = self.string(table, "compartment", key)
        if compartment not in COMPARTMENTS:
            raise self.wrong(f"{key}.compartment", f"`{compartment}` is none of {', '.join(sorted(COMPARTMENTS))}")
        if kind not in CLOSED_KINDS and (compartment == "fact" or "fact" in table):
            raise self.wrong(f"{key}.compartment", f"a {kind} is not closed, so it cannot be a fact")
        by = table.get("by", "person")
        if by not in ("person", "officer"):
            raise self.wrong(f"{key}.by", "must be person or officer")
        options = self.options(key, kind, by, table, common)
        return Question(
            id=identifier,
            kind=kind,
            text=self.texts(table.get("text"), f"{key}.text"),
            compartment=compartment,  # type: ignore[arg-type]  # checked just above
            hint=self.texts(table["hint"], f"{key}.hint") if "hint" in table else None,
            options=options,
            when=self.condition(table, key),
            under=self.under(key, kind, table),
            required=self.flag(table, "required", key),
            by=by,
            fact=self.string(table, "fact", key) if "fact" in table else None,
            routing=self.string(table, "routing", key) if "routing" in table else None,
            border=self.flag(table, "border", key),
            select=self.flag(table, "select", key),
            frequent=self.strings(table, "frequent", key),
            lowest=self.whole(table, "lowest", key, 0),
            highest=self.whole(table, "highest", key, 1_000),
            longest=self.whole(table, "longest", key, LONGEST.get(kind, 0)),
            depends_on=frozenset(self.strings(table, "depends_on", key)),
            named=self.own_words(key, kind, table),
            alarm=frozenset(self.strings(table, "alarm", key)),
            alarm_unsure=self.one_of(table, "alarm_unsure", key, UNSURE),
            acts=self.acts(key, options, table),
            to_child=MappingProxyType(self.to_child(key, table)),
            announced_by=self.string(table, "announced_by", key) if "announced_by" in table else "",
        )

    def own_words(self, key: str, kind: str, table: Mapping[str, Any]) -> Who:
        """`named_for` of a text; options say it of themselves, and `named` lists them where they have no text."""
        if "named" in table and kind != "yes_no":
            raise self.wrong(f"{key}.named", f"is for a yes_no; a {kind} says it at each option")
        if "named_for" in table and kind not in ("short_text", "long_text"):
            raise self.wrong(f"{key}.named_for", f"is for texts; a {kind} says it at each option")
        return self.named_for(table, key)

    def to_child(self, key: str, table: Mapping[str, Any]) -> dict[str, str]:
        texts = self.table(table, "to_child", key)
        for language in texts:
            if language not in self.languages:
                raise self.wrong(f"{key}.to_child.{language}", f"must be {' or '.join(self.languages)}")
        return {language: self.string(texts, language, f"{key}.to_child") for language in texts}

    def acts(self, key: str, options: tuple[Option, ...], table: Mapping[str, Any]) -> frozenset[str]:
        """The answers that stand for an act of trafficking; `true` means each that is not neutral."""
        if table.get("acts") is True:
            return frozenset(each.code for each in options if not each.neutral and each.code not in ALONE)
        codes = self.strings(table, "acts", key)
        for code in codes:
            if code not in {each.code for each in options}:
                raise self.wrong(f"{key}.acts", f"the question has no option `{code}`")
        return frozenset(codes)

    def under(self, key: str, kind: str, table: Mapping[str, Any]) -> tuple[str, str] | None:
        if "under" not in table:
            return None
        pair = self.strings(table, "under", key)
        if len(pair) != 2:
            raise self.wrong(f"{key}.under", "must be a question and one of its options")
        if kind not in PLAIN_KINDS:
            raise self.wrong(f"{key}.under", f"only a plain field may open under an option, and a {kind} is none")
        return pair[0], pair[1]

    def options(
        self, key: str, kind: str, by: str, table: Mapping[str, Any], common: Mapping[str, Texts]
    ) -> tuple[Option, ...]:
        given = table.get("options", [])
        if kind not in CLOSED_KINDS:
            if given:
                raise self.wrong(f"{key}.options", f"a {kind} has no options")
            return ()
        if not isinstance(given, list):
            raise self.wrong(f"{key}.options", "must be a list of tables")
        codes = [item.get("code") if isinstance(item, dict) else None for item in given]
        listed = [self.option(item, f"{key}.options[{number}]", table) for number, item in enumerate(given, start=1)]
        if kind in ("one_of", "some_of") and len(listed) < (2 if kind == "one_of" else 1):
            raise self.wrong(f"{key}.options", f"a {kind} needs options")
        if kind in ("country", "language") and listed:
            raise self.wrong(f"{key}.options", f"a {kind} takes its choices from `frequent`")
        if kind in ("country", "language"):
            called = self.names(kind)
            for code in self.strings(table, "frequent", key):
                if code not in called:
                    raise self.wrong(
                        f"{key}.frequent",
                        f"`{code}` has no name in {'countries' if kind == 'country' else 'language_names'}",
                    )
                listed.append(Option(code, called[code]))
            if not listed:
                raise self.wrong(f"{key}.frequent", "names no choice")
        added = ["yes", "no"] if kind == "yes_no" else []
        if kind == "some_of" and self.flag(table, "none", key, default=True):
            added.append("none")
        # What an officer sees or decides cannot be unknown to the person or refused by them.
        # Under an option a country is one text field, which says so by staying empty.
        added += UNKNOWN if by == "person" and "under" not in table else ()
        names = self.strings(table, "named", key) if kind == "yes_no" else ()
        if not set(names) <= {"yes", "no"}:
            raise self.wrong(f"{key}.named", "must be yes, no or both")
        for code in added:
            if code not in codes:
                fact = table.get("fact")
                gives = ((fact, code),) if isinstance(fact, str) and code in ("yes", "no") else ()
                who: Who = "everybody" if code in names else ""
                quiet = bool(names) and code in ("yes", "no") and not who
                listed.append(Option(code, common[code], gives=gives, named=who, neutral=quiet))
        seen: set[str] = set()
        for option in listed:
            if option.code in seen:
                raise self.wrong(f"{key}.options", f"has the code `{option.code}` twice")
            seen.add(option.code)
        return tuple(sorted(listed, key=lambda option: _place(option.code, kind)))

    def names(self, kind: str) -> Mapping[str, Texts]:
        if kind == "country":
            table = self.table(self.data, "countries", "")
            return {code: self.texts(names, f"countries.{code}") for code, names in table.items()}
        words = self.language_words()
        return {
            code: words.get(code) or MappingProxyType(dict.fromkeys(self.languages, name))
            for code, name in self.language_names().items()
        }

    def language_names(self) -> Mapping[str, str]:
        table = self.table(self.data, "language_names", "")
        return {code: self.string(table, code, "language_names") for code in table}

    def language_words(self) -> Mapping[str, Texts]:
        table = self.table(self.data, "language_words", "")
        for code in table:
            if code not in self.language_names():
                raise self.wrong(f"language_words.{code}", "has no name of its own in language_names")
        return {code: self.texts(words, f"language_words.{code}") for code, words in table.items()}

    # -- the whole

    def questionnaire(self, read_out: _Reader, signs: _Reader) -> Questionnaire:
        identifier = self.string(self.data, "id", "")
        self.languages = self.strings(self.data, "languages", "")
        if not self.languages:
            raise self.wrong("languages", "names no language")
        self.known(self.data, TOP_KEYS, "")
        answers = self.table(self.data, "answers", "")
        common = {code: self.texts(answers.get(code), f"answers.{code}") for code in ("yes", "no", "none", *UNKNOWN)}
        questions = self.keyed("question", lambda key, table: self.question(key, table, common))
        pages = self.keyed("page", self.page)
        wordings = self.keyed("wording", self.wording)
        facts = self.keyed("fact", self.fact)
        dimensions = self.keyed("dimension", self.dimension)
        routes = self.keyed("route", self.route)
        checks = self.every("check", self.check)
        warnings = self.keyed("warning", self.warning)
        consent = self.every("consent", self.consent)
        if self.problems:
            raise MalformedQuestionnaire(*self.problems)
        home = self.string(self.data, "home", "")
        if home not in pages:
            raise self.wrong("home", f"names the page `{home}`, which does not exist")
        read_out.known(read_out.data, READ_OUT_KEYS, "")
        questions, wordings = read_out.readings(questions, wordings, self.languages)
        questions = signs.explained(questions, self.languages)
        derive = self.table(self.data, "derive", "")
        result = Questionnaire(
            id=identifier,
            version=self.whole(self.data, "version", "", 1),
            title=self.texts(self.data.get("title"), "title"),
            languages=self.languages,
            questions=MappingProxyType(questions),
            pages=MappingProxyType(pages),
            routes=tuple(routes.values()),
            home=pages[home],
            wordings=MappingProxyType(wordings),
            facts=MappingProxyType(facts),
            checks=tuple(checks),
            warnings=tuple(warnings.values()),
            dimensions=MappingProxyType(dimensions),
            derive=MappingProxyType({name: self.string(derive, name, "derive") for name in derive}),
            consent=tuple(consent),
            countries=MappingProxyType(dict(self.names("country"))),
            language_names=MappingProxyType(dict(self.language_names())),
            language_words=MappingProxyType(dict(self.language_words())),
            reading=MappingProxyType(read_out.statuses()),
            group=self.group_facts(),
            telephone=self.string(self.data, "telephone", "") if "telephone" in self.data else "",
        )
        check_whole(result, self.file)
        return replace(result, routes=tuple(calm(result, route) for route in result.routes))

    def group_facts(self) -> GroupFacts:
        table = self.table(self.data, "group", "")
        self.known(table, ("questions", "title"), "group")
        return GroupFacts(self.strings(table, "questions", "group"), self.strings(table, "title", "group"))

    def every(self, name: str, read: Callable[[str, Mapping[str, Any]], Part]) -> list[Part]:
        """The tables of a list as they are read; what is wrong with one is kept, and the next one is read."""
        found = []
        for key, table in self.tables(name):
            try:
                found.append(read(key, table))
            except MalformedQuestionnaire as error:
                self.problems.extend(error.findings)
        return found

    def keyed(self, name: str, read: Callable[[str, Mapping[str, Any]], Named]) -> dict[str, Named]:
        """As `every`, by id; an id that occurs twice is a problem too."""
        found: dict[str, Named] = {}
        for each in self.every(name, read):
            identifier = each.name if isinstance(each, Fact) else each.id
            if identifier in found:
                self.problems.append(f"{self.file}: {name}.{identifier}: is there twice")
            found[identifier] = each
        return found

    def page(self, key: str, table: Mapping[str, Any]) -> Page:
        identifier = self.string(table, "id", key)
        key = f"page.{identifier}"
        known = ("id", "title", "questions", "when", "wordings", "asked_by", "summary", "after_yes", "row", "repeat")
        self.known(table, known, key)
        asked_by: AskedBy = self.one_of(table, "asked_by", key, ("post", "receiver")) or "post"
        repeat = self.whole(table, "repeat", key, 0)
        if bool(repeat) != ("row" in table) or (repeat and asked_by != "receiver"):
            raise self.wrong(f"{key}.repeat", "needs `row`, and is for a page that is asked by the receiver")
        return Page(
            identifier,
            self.texts(table.get("title"), f"{key}.title"),
            self.strings(table, "questions", key),
            self.condition(table, key),
            self.strings(table, "wordings", key),
            asked_by,
            self.flag(table, "summary", key),
            self.flag(table, "after_yes", key),
            self.texts(table["row"], f"{key}.row") if repeat else {},
            repeat,
        )

    def route(self, key: str, table: Mapping[str, Any]) -> Route:
        identifier = self.string(table, "id", key)
        key = f"route.{identifier}"
        self.known(table, ("id", "when", "pages", "ends"), key)
        pages = self.strings(table, "pages", key)
        return Route(identifier, self.condition(table, key), pages, self.one_of(table, "ends", key, ENDS))

    def wording(self, key: str, table: Mapping[str, Any]) -> Wording:
        identifier = self.string(table, "id", key)
        key = f"wording.{identifier}"
        self.known(table, ("id", "version", "when", "title", "text"), key)
        title = self.texts(table.get("title"), f"{key}.title")
        text = self.texts(table.get("text"), f"{key}.text")
        return Wording(identifier, self.whole(table, "version", key, 1), self.condition(table, key), title, text)

    def fact(self, key: str, table: Mapping[str, Any]) -> Fact:
        name = self.string(table, "name", key)
        key = f"fact.{name}"
        self.known(table, ("name", "many", "codes", "dont_know", "no_answer", "not_collected", "source"), key)
        missing = {part: str(table[part]) for part in ("dont_know", "no_answer", "not_collected") if part in table}
        source = self.string(table, "source", key) if "source" in table else ""
        codes = frozenset(self.strings(table, "codes", key))
        return Fact(name, self.flag(table, "many", key), codes, **missing, source=source)

    def consent(self, key: str, table: Mapping[str, Any]) -> tuple[str, conditions.Condition]:
        return self.string(table, "code", key), self.condition(table, key)

    def check(self, key: str, table: Mapping[str, Any]) -> Check:
        text = self.texts(table.get("text"), f"{key}.text")
        return Check(self.string(table, "question", key), self.condition(table, key), text)

    def warning(self, key: str, table: Mapping[str, Any]) -> AnswerWarning:
        identifier = self.string(table, "id", key)
        key = f"warning.{identifier}"
        if not IDENTIFIER.fullmatch(identifier):
            raise self.wrong(f"{key}.id", "must be small letters, digits and underscores")
        self.known(table, ("id", "version", "question", "when", "text", "at_once", "numbers", "urgent"), key)
        numbers = self.strings(table, "numbers", key)
        for name in numbers:
            if name not in NUMBERS:
                raise self.wrong(f"{key}.numbers", f"`{name}` is none of {', '.join(NUMBERS)}")
        if "when" not in table:
            raise self.wrong(f"{key}.when", "is missing")
        return AnswerWarning(
            identifier,
            self.whole(table, "version", key, 1),
            self.string(table, "question", key),
            self.condition(table, key, said=True),
            self.texts(table.get("text"), f"{key}.text"),
            at_once=self.flag(table, "at_once", key),
            numbers=numbers,
            urgent=self.flag(table, "urgent", key),
        )

    def dimension(self, key: str, table: Mapping[str, Any]) -> Dimension:
        identifier = self.string(table, "id", key)
        return Dimension(identifier, self.texts(table.get("text"), f"dimension.{identifier}.text"))

    # -- what is read out in further languages

    def statuses(self) -> dict[str, tuple[str, str]]:
        found = {}
        for language, table in self.table(self.data, "language", "").items():
            key = f"language.{language}"
            status = self.string(table, "status", key)
            if status not in STATUSES:
                raise self.wrong(f"{key}.status", f"`{status}` is neither draft nor approved")
            found[language] = (status, self.string(table, "translator", key))
        return found

    def readings(
        self, questions: dict[str, Question], wordings: dict[str, Wording], staff: tuple[str, ...]
    ) -> tuple[dict[str, Question], dict[str, Wording]]:
        languages = self.statuses()
        read = dict(questions)
        for name, table in self.table(self.data, "question", "").items():
            if name not in questions:
                raise self.wrong(f"question.{name}", "is no question of the questionnaire")
            self.spoken(table, languages, f"question.{name}")
            read[name] = replace(questions[name], reads=MappingProxyType(dict(table)))
        spoken = dict(wordings)
        for name, table in self.table(self.data, "wording", "").items():
            if name not in wordings:
                raise self.wrong(f"wording.{name}", "is no wording of the questionnaire")
            self.spoken(table, languages, f"wording.{name}")
            if set(table) & set(staff):
                raise self.wrong(f"wording.{name}", "repeats a staff language")
            spoken[name] = replace(wordings[name], text=MappingProxyType({**wordings[name].text, **table}))
        return read, spoken

    def explained(self, questions: dict[str, Question], staff: tuple[str, ...]) -> dict[str, Question]:
        """The questions with the help of the file of signs at their options."""
        self.languages = staff
        self.known(self.data, ("sign",), "")
        read = dict(questions)
        for name in self.table(self.data, "sign", ""):
            if name not in questions or not questions[name].border:
                raise self.wrong(f"sign.{name}", "is no question about signs (`border`)")
            signs = self.table(self.table(self.data, "sign", ""), name, "sign")
            helps = {code: self.help(each, f"sign.{name}.{code}") for code, each in signs.items()}
            for code in helps:
                if questions[name].option(code) is None:
                    raise self.wrong(f"sign.{name}.{code}", "is no option of the question")
            options = tuple(replace(each, help=helps.get(each.code)) for each in questions[name].options)
            read[name] = replace(questions[name], options=options)
        return read

    def help(self, table: object, key: str) -> Help:
        if not isinstance(table, dict):
            raise self.wrong(key, "must be a table with looks and proves_not")
        self.known(table, ("looks", "proves_not"), key)
        return Help(*(self.texts(table.get(part), f"{key}.{part}") for part in ("looks", "proves_not")))

    def spoken(self, table: object, languages: Mapping[str, Any], key: str) -> None:
        if not isinstance(table, dict):
            raise self.wrong(key, "must be a table of texts by language")
        for language in table:
            if language not in languages:
                raise self.wrong(f"{key}.{language}", "is a language without status and translator")
            self.string(table, language, key)


def _place(code: str, kind: str) -> int:
    """Options keep their order; the answers every question has come last, yes before no."""
    last = {"none": 1, "dont_know": 2, "no_answer": 3}
    if kind == "yes_no" and code in ("yes", "no"):
        return -2 if code == "yes" else -1
    return last.get(code, 0)
