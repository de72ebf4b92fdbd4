"""Reading the questionnaires of a country's folder: `questionnaire-ID.toml`, beside it what is read out
(`questionnaire-ID.read-out.toml`) and what explains the signs (`questionnaire-ID.signs.toml`)."""

from __future__ import annotations

import errno
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from nrm import parsing
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire
from nrm.domain.interviews.questionnaires import parse_questionnaire
from nrm.domain.unseen import disturbing

READ_OUT = ".read-out.toml"
SIGNS = ".signs.toml"
_ACCEPTED: ContextVar[bool] = ContextVar("accepted", default=False)
_SHIPPED = Path(__file__).resolve().parent


def load_questionnaires(folder: Path) -> dict[str, Questionnaire]:
    """Every questionnaire of the folder by its id, such as `returnee-1`; raises MalformedQuestionnaire."""
    read: dict[str, Questionnaire] = {}
    for file in sorted(folder.glob("questionnaire-*.toml")):
        if file.name.endswith((READ_OUT, SIGNS)):
            continue
        questionnaire = read_questionnaire(file)
        if file.stem != f"questionnaire-{questionnaire.id}":
            raise MalformedQuestionnaire(f"{file.name}: id: `{questionnaire.id}` is not the file's name")
        read[questionnaire.id] = questionnaire
    return read


def read_questionnaire(file: Path) -> Questionnaire:
    """The questionnaire of one file, whatever it is called, with the read-out texts and the signs beside it.

    Raises MalformedQuestionnaire, OSError.
    """
    spoken, signs = file.with_name(file.stem + READ_OUT), file.with_name(file.stem + SIGNS)
    return parse_questionnaire(
        _toml(file),
        file=file.name,
        read_out=_toml(spoken) if spoken.is_file() else None,
        read_out_file=spoken.name,
        signs=_toml(signs) if signs.is_file() else None,
        signs_file=signs.name,
    )


def _toml(file: Path) -> dict[str, Any]:
    try:
        document = read_toml(file)
        for fault in faults_of_texts(document):
            raise MalformedQuestionnaire(f"{file.name}: {fault}")
        return document
    except (parsing.Damaged, UnicodeDecodeError) as error:
        raise MalformedQuestionnaire(f"{file.name}: file: is not TOML: {error}") from error
    except parsing.BeyondLimits as error:
        raise MalformedQuestionnaire(f"{file.name}: file: {error}") from None


def texts_in(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(KEY, text) of every text of a document."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from texts_in(each, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for position, each in enumerate(value, start=1):
            yield from texts_in(each, f"{key}[{position}]")
    elif isinstance(value, str):
        yield key, value


def faults_of_texts(document: dict[str, Any]) -> Iterator[str]:
    """`KEY: reason` of every text that a reader would read otherwise than it stands there."""
    for key, text in texts_in(document):
        if found := disturbing(text):
            yield f"{key}: has a character that nobody sees (U+{ord(found):04X})"


@contextmanager
def accepted_before() -> Iterator[None]:
    """Files that are read meanwhile were read within the limits before and not changed since: no process is needed."""
    token = _ACCEPTED.set(True)
    try:
        yield
    finally:
        _ACCEPTED.reset(token)


def read_toml(file: Path) -> dict[str, Any]:
    """A file of TOML: those shipped with the program as they are, all others within the limits of `nrm.parsing`.

    Raises parsing.BeyondLimits, parsing.Damaged, UnicodeDecodeError, OSError.
    """
    if stat.S_ISFIFO(file.stat().st_mode):
        raise OSError(errno.ENXIO, "is a pipe, which nobody may ever write into")
    with file.open("rb") as stream:
        content = stream.read(parsing.LARGEST_DOCUMENT + 1)
    if len(content) > parsing.LARGEST_DOCUMENT:
        raise parsing.BeyondLimits(parsing.FileLimit.SIZE)
    text = content.decode("utf-8").replace("\r\n", "\n")
    if _ACCEPTED.get() or file.resolve().is_relative_to(_SHIPPED):
        return tomllib.loads(text)
    return parsing.toml(text)
