"""Reading the tables of a data file strictly: every error names the key and says what is wrong.

Keys in messages are written as in `organisation[3].names.sq`: dots for tables, positions in brackets counted from 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, NoReturn

from nrm.domain.words import N_, NP_, Phrase

Words = Mapping[str, str]
"""Language code -> text."""


class MalformedDocument(ValueError):
    """The text is `KEY: reason`, without the file; as a phrase (`said`) it can be read in another language."""


def keyed(key: str, reason: str) -> Phrase:
    """`KEY: reason`, of which a page says the reason in the reader's language."""
    return Phrase("%(key)s: %(reason)s", {"key": key, "reason": reason})


def said(error: Exception) -> str:
    """What an error says, as the phrase that it was made with if it was."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Phrase) else str(error)


@dataclass(slots=True)
class Table:
    """One table of a document. A key that was read once is known; `close` refuses all others.

    `languages`: in which its words are; none for a text that may be older than a language of the country.
    """

    data: Mapping[str, Any]
    key: str = ""
    error: type[ValueError] = MalformedDocument
    languages: tuple[str, ...] = ()
    _known: set[str] = field(default_factory=set)

    def place(self, name: str) -> str:
        """The full key of `name` inside this table."""
        return f"{self.key}.{name}" if self.key else name

    def wrong(self, name: str, reason: str) -> NoReturn:
        """Raise the document's error about `name` (empty: about the table itself)."""
        raise self.error(keyed(self.place(name) if name else self.key, reason))

    def has(self, name: str) -> bool:
        """Whether the key is there."""
        return name in self.data

    def value(self, name: str) -> Any:
        """The raw value; a missing key is an error."""
        self._known.add(name)
        if name not in self.data:
            self.wrong(name, NP_("a key of a file", "missing"))
        return self.data[name]

    def text(self, name: str, default: str | None = None) -> str:
        """Text that is not blank; with a default the key may be absent."""
        self._known.add(name)
        if name not in self.data and default is not None:
            return default
        value = self.value(name)
        if not isinstance(value, str) or not value.strip():
            self.wrong(name, N_("must be text"))
        return value

    def one_of(self, name: str, codes: Collection[str], default: str | None = None) -> str:
        """A text that is one of `codes`."""
        value = self.text(name, default)
        if value not in codes:
            self.wrong(name, N_("`%(code)s` is none of %(codes)s", code=value, codes=", ".join(sorted(codes))))
        return value

    def number(self, name: str, *, least: int = 0, default: int | None = None) -> int:
        """A whole number of at least `least`."""
        self._known.add(name)
        if name not in self.data and default is not None:
            return default
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.wrong(name, N_("must be a whole number, %(least)s or more", least=least))
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """true or false."""
        self._known.add(name)
        if name not in self.data and default is not None:
            return default
        value = self.value(name)
        if not isinstance(value, bool):
            self.wrong(name, N_("must be true or false"))
        return value

    def day(self, name: str, *, optional: bool = False) -> date | None:
        """A TOML date without a time."""
        self._known.add(name)
        if name not in self.data and optional:
            return None
        value = self.value(name)
        if type(value) is not date:
            self.wrong(name, N_("must be a date such as 2005-07-18"))
        return value

    def texts(self, name: str, *, codes: Collection[str] | None = None, optional: bool = False) -> tuple[str, ...]:
        """A list of different texts, each one of `codes` when given."""
        self._known.add(name)
        if name not in self.data and optional:
            return ()
        value = self.value(name)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.wrong(name, N_("must be a list of texts"))
        seen: set[str] = set()
        for item in value:
            if item in seen:
                self.wrong(name, N_("`%(code)s` stands twice", code=item))
            if codes is not None and item not in codes:
                self.wrong(name, N_("`%(code)s` is none of %(codes)s", code=item, codes=", ".join(sorted(codes))))
            seen.add(item)
        return tuple(value)

    def words(self, name: str) -> Words:
        """A table with one text for every language of the document, and no other; in some language if it names none."""
        table = self.table(name)
        if not table.data:
            self.wrong(name, N_("needs a text in some language"))
        read = {language: table.text(language) for language in self.languages or table.data}
        table.close()
        return MappingProxyType(read)

    def table(self, name: str) -> Table:
        """A table inside this one."""
        value = self.value(name)
        if not isinstance(value, dict):
            self.wrong(name, N_("must be a table"))
        return Table(value, self.place(name), self.error, self.languages)

    def tables(self, name: str, *, optional: bool = False) -> list[Table]:
        """A list of tables (`[[name]]`), at least one unless optional."""
        self._known.add(name)
        if name not in self.data and optional:
            return []
        value = self.value(name)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            self.wrong(name, N_("must be a list of tables"))
        return [
            Table(item, f"{self.place(name)}[{position}]", self.error, self.languages)
            for position, item in enumerate(value, start=1)
        ]

    def close(self) -> None:
        """Refuse keys that nobody has read: they are spelling mistakes."""
        for name in self.data:
            if name not in self._known:
                self.wrong(name, N_("is not a key of this table"))
