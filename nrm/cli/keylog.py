"""The key log from the command line: whose keys there are, and who vouched for them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from click.core import ParameterSource
from sqlalchemy.exc import SQLAlchemyError

from nrm.actions.accounts import key_log as actions
from nrm.cli.places.files import write_once
from nrm.cli.refusals import Refused
from nrm.cli.said.kinds import Whole
from nrm.cli.telling import answer, json_option, remark
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.db import disconnect
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import EntryRefused
from nrm.domain.accounts.words import NoOccasion, WrongWords
from nrm.domain.agreement.parties import PartyRefused

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def keylog() -> None:
    """The key log: which keys there are, and who vouched for them."""


@keylog.command()
@instance_option
@click.option("--out", type=_FILE, help="A new file; else standard output.")
def export(directory: Path, out: Path | None) -> None:
    """Write the key log, a line an entry. It holds ids, public keys and digests: no name, no secret."""
    with application(directory).app_context():
        try:
            lines = actions.export()
        except SQLAlchemyError:
            raise Refused(f"--dir: the key log of {directory} cannot be read") from None
        finally:
            disconnect()
    if out is None:
        for line in lines:
            click.echo(line, nl=False)
        return
    try:
        write_once(out, "".join(lines).encode("ascii"), 0o666)
    except FileExistsError:
        raise Refused(f"--out: {out} is there already; name a new file") from None
    except OSError as error:
        raise Refused(f"--out: {out} cannot be written: {error.strerror}") from None


@keylog.command(short_help="Verify a file of the key log from its first entry.")
@click.argument("copies", nargs=-1, type=_FILE, metavar="FILE...")
@click.option("--dir", "directory", envvar="NRM_DIR", type=click.Path(path_type=Path, file_okay=False))
@json_option("entries", "findings", "mended_by", "end")
@click.pass_context
def verify(context: click.Context, copies: tuple[Path, ...], directory: Path | None) -> None:
    """Verify a file of the key log from its first entry; it needs nothing but the file.

    Without FILE, or with --dir: the log of the instance, from nothing, held against its second database, its file
    keylog.log and the files given. `entry N: what` and exit 1 for what is wrong, and which copy mends it.
    """
    named = context.get_parameter_source("directory") == ParameterSource.COMMANDLINE
    if directory is None or (copies and not named):  # NRM_DIR alone does not turn a file into a copy
        if len(copies) != 1:
            raise Refused("FILE: name one file of the key log, or an instance with --dir")
        _verify_file(context, copies[0])
        return
    with application(directory).app_context():
        try:
            verdict = actions.verify(copies)
        except SQLAlchemyError:
            raise Refused(f"--dir: the key log of {directory} cannot be read") from None
        finally:
            disconnect()
    findings = [str(each) for each in verdict.findings]
    lines = [*findings]
    if verdict.mended_by is not None:
        lines.append(f"{verdict.mended_by} is whole; put it back with: nrm keylog mend {verdict.mended_by}")
    if not findings:
        lines.append(f"whole: {verdict.entries} entries")
    mended_by = str(verdict.mended_by) if verdict.mended_by is not None else None
    answer(lines, entries=verdict.entries, findings=findings, mended_by=mended_by, end=None)
    if findings:
        context.exit(1)


def _verify_file(context: click.Context, file: Path) -> None:
    try:
        state = actions.check_file(file)
    except OSError as error:
        raise Refused(f"FILE: {file} cannot be read: {error.strerror}") from None
    except actions.NoKeyLog as error:
        raise Refused(f"FILE: {file}: line {error} is none of a key log") from None
    except actions.WrongCopy as wrong:
        finding = f"entry {wrong.number}: {actions.REASONS[wrong.reason]}"
        answer([finding], entries=None, findings=[finding], mended_by=None, end=None)
        context.exit(1)
    answer([_told(state)], entries=state.number, findings=[], mended_by=None, end=state.digest.hex())


def _told(state: State) -> str:
    standing = Counter(
        "left" if each.left else "suspended" if each.suspended else "there" for each in state.members.values()
    )
    return (
        f"whole: {state.number} entries; {len(state.organisations)} organisations, {standing['there']} members, "
        f"{standing['left']} left, {standing['suspended']} suspended; {len(state.proposals)} proposals; "
        f"end {state.digest.hex()}"
    )


@keylog.command()
@click.argument("file", type=_FILE)
@json_option("entries")
@instance_option
def mend(file: Path, directory: Path) -> None:
    """Put a whole copy in the place of a key log that is wrong. Nothing is signed: each entry in it was."""
    with application(directory).app_context():
        try:
            number = actions.mend(file)
        except OSError as error:
            raise Refused(f"FILE: {file} cannot be read: {error.strerror}") from None
        except actions.NoKeyLog as error:
            raise Refused(f"FILE: {file}: line {error} is none of a key log") from None
        except actions.WrongCopy as wrong:
            raise Refused(f"FILE: {file}: entry {wrong.number} is wrong; take another copy") from None
        except actions.OtherLog:
            raise Refused(f"FILE: {file} is of another instance, or lacks what the second database knows") from None
        finally:
            disconnect()
    answer([f"put back: {number} entries"], entries=number)


@keylog.command(short_help="What waits in the key log for somebody's hand.")
@json_option("proposals")
@instance_option
@login_option
def proposals(directory: Path, login: str) -> None:
    """What waits in the key log for somebody's hand: digest, what it is, how many signed, whether you can agree."""
    with signed_in(application(directory), login) as by:
        lines, values = [], []
        for each in actions.waiting(by=by):
            mine = "yours is wanted" if each.wanted else "not by you"
            lines.append(f"{each.digest.hex()} {each.kind} {each.what}: {each.signed} signed, {mine}")
            value = {"digest": each.digest.hex(), "kind": str(each.kind), "what": str(each.what)}
            values.append({**value, "signed": each.signed, "wanted": each.wanted})
    answer(lines, proposals=values)


@keylog.command()
@click.argument("digest")
@click.option("--words", nargs=2, multiple=True, metavar="LOGIN WORDS", help="A founder and the words of their sheet.")
@json_option("holds")
@instance_option
@login_option
def agree(digest: str, words: tuple[tuple[str, str], ...], directory: Path, login: str) -> None:
    """Agree to what somebody proposed, with your own key. First compare what it says with the sheet they signed: who
    attests a founding types the words of each founder (--words, once for each)."""
    with signed_in(application(directory), login) as by:
        try:
            proposal = bytes.fromhex(digest)
            if all(each.digest != proposal for each in actions.waiting(by=by)):
                raise Refused("DIGEST: no proposal that waits has this digest; see nrm keylog proposals")
            holds = actions.agree(proposal=proposal, typed=actions.by_login(words), by=by)
        except (WrongWords, NoOccasion):
            said = (
                "these are not the words of the founders' sheets for the keys in the rows"
                if words
                else ("give each founder's sign-in name and the words of their accession sheet, --words once for each")
            )
            raise Refused(f"--words: {said}") from None
        except NotPermitted as refused:
            raise Refused(f"DIGEST: {refused}") from None
        except TooSoon:
            raise Refused("--words: ten wrong entries within an hour; wait some minutes") from None
        except ValueError:
            raise Refused("DIGEST: give the digest as `nrm keylog proposals` shows it") from None
        except EntryRefused as refused:
            raise Refused(f"DIGEST: {actions.REASONS[refused.reason]}") from None
        except PartyRefused:
            raise Refused("DIGEST: the organisation has open cases or is asked for somebody; they come first") from None
        except actions.CannotOpen:
            raise Refused("--dir: the key log is wrong; see nrm keylog verify --dir") from None
    answer(["holds now" if holds else "agreed; others have to agree too"], holds=holds)


@keylog.command(short_help="Propose that the log was put back from a copy.")
@click.argument("number", type=Whole(1))
@json_option("digest")
@instance_option
@login_option
def restored(number: int, directory: Path, login: str) -> None:
    """Propose that the log was put back from a copy although an entry NUMBER is known; prints the digest to agree to.

    Until somebody of another organisation agrees, nobody joins, begins anew or makes a keyring. Only when no longer
    copy is left: `nrm restore` takes up the longest by itself.
    """
    with signed_in(application(directory), login) as by:
        try:
            digest = actions.propose_restored(number=number, by=by)
        except actions.NothingLost:
            raise Refused(
                "NUMBER: nobody signed in with a browser that knows such an entry; ask them to sign in first"
            ) from None
        except EntryRefused as refused:
            raise Refused(f"NUMBER: {actions.REASONS[refused.reason]}") from None
        except actions.CannotOpen:
            raise Refused("--dir: the key log is wrong; see nrm keylog verify --dir") from None
    answer([digest.hex()], digest=digest.hex())


@keylog.command(short_help="Propose that two of you found your organisation.")
@click.option("--with", "other", default="", help="The sign-in name of the other founder; none where you are alone.")
@click.option("--begin-with", "further", nargs=2, help="For the first entry: the two founders of another organisation.")
@click.option(
    "--words",
    multiple=True,
    help="For the first entry: the words of the accession sheet of --with; then those of the first of --begin-with.",
)
@json_option("digest")
@instance_option
@login_option
def found(other: str, further: tuple[str, str] | None, words: tuple[str, ...], directory: Path, login: str) -> None:
    """Propose that your organisation is founded by you and a colleague; prints the digest to agree to. An office that
    holds no keys, and in which you are alone, is founded by you.

    The very first entry is of the Responsible Authority: it names two people of another organisation, too, with
    --begin-with A B, or begins alone. Each of the four types the words of the colleague and of one of the other
    organisation, crosswise: you those of --with and of A here (--words twice), the others when they agree. The words
    stand on the accession sheet, page Key log.
    """
    with signed_in(application(directory), login) as by:
        try:
            typed = actions.by_login(list(zip([other, *(further or ())[:1]], words, strict=False))) if other else {}
            digest = actions.found(other=other, further=further or (), typed=typed, by=by)
        except (WrongWords, NoOccasion):
            raise Refused(
                "--words: give the four words of the accession sheet of --with, and once more those of the first of "
                "--begin-with; they open it on the page Key log"
                if further
                else "--words: give the four words of the accession sheet of --with, who opens it on the page Key log"
            ) from None
        except TooSoon:
            raise Refused("--words: ten wrong entries within an hour; wait some minutes") from None
        except (NotVisible, NotPermitted):
            raise Refused("--with, --begin-with: each must be an active member, two of one organisation") from None
        except EntryRefused as refused:
            raise Refused(f"--with: {actions.REASONS[refused.reason]}") from None
        except actions.CannotOpen:
            raise Refused("--with: they have no keys yet, or have not signed in since the upgrade") from None
    answer([digest.hex()], digest=digest.hex())
    remark("The others agree on the page Key log, or with: nrm keylog agree DIGEST --as LOGIN")
