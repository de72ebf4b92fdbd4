"""Recording what the country's files say from a day on (ADR 0136).

Nothing is taken away that records hold, no text of the agreement is changed, and what was recorded before keeps its
words: the new files have every code of the old ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock, countries
from nrm.countries import Country, CountryError, checking, texts
from nrm.countries.comparing import Difference, differences
from nrm.countries.keeping import broken
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.announced_returns import AnnouncedReturnStatus
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.countries import CountryVersion
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.steps import countries as steps
from nrm.steps.interviews.drafts import UNSENT
from nrm.store.countries import country
from nrm.store.rows import countries as rows
from nrm.store.rows.countries import Line
from nrm.vault.rows import country_version_mark


class Past(Exception):
    """The day is over: what was recorded since was recorded under the files of then."""


class OtherCountry(Exception):
    """The folder is of another country than the instance; the argument is its code."""


class OwnFolder(Exception):
    """The instance reads this very folder, and nothing else was recorded: what it said before is not known."""


class Stale(Exception):
    """Somebody recorded another version since this one was looked at."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What recording these files from that day on means.

    `changes`: every difference to what is in force on that day; `findings`: what has to be mended first, each
    `FILE: KEY: what to do`; `notes`: what is in use, and what stays as it is. `replaces`: the version recorded for the
    same day before. `seen`: how many versions were recorded when it was looked at. `whole` is None with findings.
    """

    files: Mapping[str, str]
    digest: str
    starts_on: date
    changes: tuple[Difference, ...]
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    replaces: Line | None
    seen: int
    whole: Country | None


def look(files: Mapping[str, str], starts_on: date, *, read_from: Path) -> Outlook:
    """Check the files of a folder, and compare them with what is in force on that day.

    Raises Past, OwnFolder, OtherCountry, CountryError.
    """
    if starts_on < clock.today(country().timezone):
        raise Past
    seen = rows.newest(db.session())
    known = steps.genuine()
    before = steps.in_force(starts_on)
    if before.line is None and read_from.resolve() == steps.folder().resolve():
        raise OwnFolder
    digest = texts.digest(files)
    there = steps.files_of(before.line)
    findings, whole = _read(files, [name for name, text in there.items() if files.get(name) == text])
    changes: list[Difference] = []
    notes: tuple[str, ...] = ()
    if whole is not None:
        documents = texts.parsed(files)
        changes = differences(texts.parsed(there), documents)
        findings = [*_taken_away(documents, known, starts_on), *_unlike_the_agreements(whole, starts_on)]
        notes = (*_notes(before.country, whole, changes, starts_on), *_later(documents, known, starts_on))
    replaces = next((line for line in known if line.starts_on == starts_on), None)
    return Outlook(
        files,
        digest,
        starts_on,
        tuple(changes),
        tuple(dict.fromkeys(findings)),
        notes,
        replaces,
        seen,
        whole if not findings else None,
    )


def _read(files: Mapping[str, str], unchanged: Collection[str]) -> tuple[list[str], Country | None]:
    """What is wrong with the files by themselves; the country if nothing is. Raises OtherCountry, CountryError.

    What is found in an agreement that stays as it is is no reason: no file may change it, and one that was signed may
    lack a language of the country (ADR 0139).
    """
    signed = tuple(f"{name}: " for name in unchanged if fnmatch(name, countries.AGREEMENTS))
    with texts.written(files) as folder:
        code, _ = countries.place_of(str(folder))
        if code != steps.of_folder().code:
            raise OtherCountry(code)
        found = [each for each in checking.check(folder).findings if not each.startswith(signed)]
        return found, None if found else countries.load(code, folder)


def _taken_away(documents: Mapping[str, Mapping[str, object]], known: list[Line], starts_on: date) -> list[str]:
    """What was there before and is not in these files; and what these have that a version after them has not."""
    found: list[str] = []
    for line in (None, *known):
        if line is not None and line.starts_on == starts_on and starts_on > clock.today(country().timezone):
            continue  # it never was in force
        try:
            other = texts.parsed(steps.files_of(line))
        except CountryError:
            continue  # what no longer fits was said by `in_force`
        if line is None or line.starts_on <= starts_on:
            found += broken(differences(other, documents))
        else:
            found += (
                f"{each} (in the version that begins on {line.starts_on}: record that one anew with it, or take it out)"
                for each in broken(differences(documents, other))
            )
    return found


def _unlike_the_agreements(whole: Country, starts_on: date) -> Iterator[str]:
    """Where a version of the agreement that was signed here does not fit these files: it would bind nobody then."""
    for agreement in country().agreements:
        if agreement.version in whole.texts or (agreement.ends_on is not None and agreement.ends_on < starts_on):
            continue
        for wrong in countries.mismatches(agreement, whole):
            yield f"agreement {agreement.version}, signed here: {wrong}"
    signed = [each for each in country().agreements if each.version not in whole.texts]
    yield from countries.disagreements(whole.with_versions(signed))


def _notes(before: Country, after: Country, changes: list[Difference], starts_on: date) -> Iterator[str]:
    """What is in use at a post that closes, and what these files alone do not change."""
    for code, day in after.closed["crossing_point"].items():
        if before.closed["crossing_point"].get(code) != day:
            in_use = ", ".join(_in_use(code, day))
            yield (
                f"crossing point {code} is closed from {day}"
                + (f" and has {in_use}: they stay, and its people finish them" if in_use else ": nothing is under way")
            )
    known = [each for each in country().agreements if each.ends_on is None or each.ends_on >= starts_on]
    for code in after.crossing_points:
        without = [each.version for each in known if code not in each.facts["entry_point"]]
        if code not in before.crossing_points and without:
            yield (
                f"crossing point {code} is not in the agreement ({', '.join(without)}): who comes there is sent on as "
                "from `other`, until a version that names it is signed"
            )
    for each in changes:
        if each.key.startswith("organisation[") and each.key.endswith("].on_call"):
            code = each.key[len("organisation[") : -len("].on_call")]
            party = known[-1].parties.get(after.party_of(code)) if known else None
            if party is not None and party.on_call != each.after:
                yield (
                    f"the directory shows {party.on_call} for {code}, as the agreement {known[-1].version} says: its "
                    "parties change that by a new version"
                )


def _in_use(point: str, day: date) -> Iterator[str]:
    """What is under way at a crossing point, as `3 cases`."""
    here = select(Organisation.id).where(Organisation.crossing_point == point).scalar_subquery()

    def count(*wanted: ColumnElement[bool]) -> int:
        return db.session.scalar(select(func.count()).where(*wanted)) or 0

    open_referral = Referral.status.in_([str(each) for each in ReferralStatus if each.is_open])
    expected = (AnnouncedReturn.status == AnnouncedReturnStatus.ANNOUNCED) & (AnnouncedReturn.expected_on >= day)
    for number, one, many in (
        (count(Interview.organisation_id == here, Interview.status.in_(UNSENT)), "open interview", "open interviews"),
        (count(Referral.sender_id == here, open_referral), "open referral", "open referrals"),
        (count(Case.opened_by_id == here, Case.status != "closed"), "open case", "open cases"),
        (count(AnnouncedReturn.post_id == here, expected), "return announced for later", "returns announced for later"),
        (count(Member.organisation_id == here, Member.status != "disabled"), "account", "accounts"),
    ):
        if number:
            yield f"{number} {one if number == 1 else many}"


def _later(documents: Mapping[str, Mapping[str, object]], known: list[Line], starts_on: date) -> Iterator[str]:
    for line in known:
        if line.starts_on > starts_on:
            differing = differences(documents, texts.parsed(steps.files_of(line)))
            yield (
                f"on {line.starts_on} the version recorded on {line.recorded_at:%Y-%m-%d} takes its place, with "
                f"{len(differing)} differences: record that one anew if it shall keep what changes now"
            )


def record(outlook: Outlook, *, by: Actor, account: int) -> None:
    """Keep the files; they count from their day on. `account`: of whoever runs the machine, as a number.

    Raises NotPermitted, Stale.
    """
    if by.member_id is not None:
        by.must(Permission.ORGANISATION_FOUND)
    assert not outlook.findings
    row = CountryVersion(
        id=uuid.uuid4(),
        position=outlook.seen + 1,
        starts_on=outlook.starts_on,
        files=dict(outlook.files),
        digest=outlook.digest,
        recorded_at=clock.now(),
        recorded_by=by.member_id,
    )
    row.mark = country_version_mark(row)
    try:
        with transaction() as session:
            if rows.newest(session) != outlook.seen:
                raise Stale
            session.add(row)
            session.flush()
            audit.append(
                session,
                audit.Event.COUNTRY_CHANGED,
                by=by,
                version_id=row.id,
                starts_on=row.starts_on.isoformat(),
                digest=row.digest,
                account=account,
            )
    except IntegrityError:
        raise Stale from None


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts today: the country; `kept`: where its files differ from those that came with the program, each
    `FILE: KEY: what`; `unread`: where the folder differs from a recorded version that counts; `unfit`: recorded
    versions that this program cannot use."""

    country: Country
    kept: tuple[str, ...]
    unread: tuple[str, ...]
    unfit: tuple[str, ...]


def standing() -> Standing:
    """What counts today, and what does not. Raises CountryError for a folder that cannot be read."""
    found = steps.in_force()
    ours = texts.parsed(steps.files_of(found.line))
    shipped = countries.FOLDER / found.country.code
    kept: list[str] = []
    if shipped.is_dir():
        theirs = texts.parsed(texts.of_folder(shipped))
        kept = [each.against("the program ships") for each in differences(theirs, ours)]
    unread: list[str] = []
    if found.line is not None:
        in_folder = texts.parsed(texts.of_folder(steps.folder()))
        unread = [str(each) for each in differences(ours, in_folder)] if steps.folder() != shipped else []
    unfit = [f"the version that was recorded from {line.starts_on} on: {why}" for line, why in found.left_out]
    return Standing(found.country, tuple(kept), tuple(unread), tuple(unfit))


def files_on(day: date) -> dict[str, str]:
    """The files that count on a day, also where this program cannot use them. Raises CountryError."""
    begun = [line for line in steps.genuine() if line.starts_on <= day]
    return steps.files_of(begun[-1] if begun else None)
