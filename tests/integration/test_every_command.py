"""Every command, by the tree of commands: a new one is in it by itself.

What cannot be read, is not there, is of another kind, is not what it should be, or cannot be written, is one line on
standard error and exit 2, or findings and exit 1; never a traceback, and nothing is left half-made.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import pytest

from nrm.cli import leaves
from nrm.cli.telling import json_keys
from nrm.steps import health
from tests import factories
from tests.rights import of_an_ordinary_user, on_a_full_disk, only_read

Typed = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
ALBANIA = ROOT / "nrm" / "countries" / "albania"
NO_END = {"serve"}  # runs until it is stopped; here it is refused
NOT_HERE = {"serve", "demo", "init"}  # take seconds: their own tests call them with relative folders, too
LONG = {
    "country new",
    "country check",
    "mou check",
    "mou diff",
    "translations lacking",
}  # what they answer takes seconds
WITHOUT_JSON = {
    *("serve", "interviews template", "stays template", "country schema", "translations template"),
    *("translations catalogue", "keylog export", "audit checkpoint"),
}


LEAVES = {" ".join(path): command for path, command in leaves()}
ALIKE = {command.callback.__code__: name for name, command in LEAVES.items() if command.callback}
"""Of commands that share their code, as those of the sealed reports, one stands for all where an instance is opened."""
ONE_OF_EACH = sorted(ALIKE.values())


def paths_of(command: click.Command) -> list[click.Parameter]:
    return [each for each in command.params if isinstance(each.type, click.Path)]


def is_made(name: str, param: click.Parameter) -> bool:
    """Whether what the parameter names is made by the command."""
    return param.name in ("out", "output", "target") or (
        name in ("init", "demo", "restore") and param.name == "directory"
    )


@pytest.fixture(scope="module")
def begun(world_template: tuple[Path, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an instance and with a file of each kind, to be copied."""
    place = tmp_path_factory.mktemp("every-command")
    shutil.copytree(world_template[0], place / "inst")
    (place / "backups").mkdir()
    (place / "releases").mkdir()
    shutil.copytree(ALBANIA, place / "country")
    shutil.copy(ALBANIA / "mou-2005.toml", place / "text.toml")
    shutil.copy(ALBANIA / "questionnaire-returnee-1.toml", place / "questions.toml")
    (place / "answers.json").write_text("{}")
    (place / "people.csv").write_text("given,family\nAna,Hoxha\n")
    (place / "links.csv").write_text("a,b\n0,0\n")
    (place / "plain.csv").write_text("s\nf\n")
    (place / "tables.toml").write_text('[dimension.s]\ncodes = ["f", "m"]\n[[table]]\nname = "t"\ndimensions = ["s"]\n')
    (place / "lines.jsonl").write_text("{}\n")
    return place


FILES: Mapping[str, str] = {
    "mou check file": "text.toml",
    "mou diff old": "text.toml",
    "mou diff new": "text.toml",
    "mou simulate draft": "text.toml",
    "questionnaire check file": "questions.toml",
    "questionnaire diff old": "questions.toml",
    "questionnaire diff new": "questions.toml",
    "questionnaire profile file": "answers.json",
    "mou route file": "answers.json",
    "match evaluate known": "people.csv",
    "match evaluate arriving": "people.csv",
    "match evaluate truth": "links.csv",
    "protect microdata": "plain.csv",
    "protect spec": "tables.toml",
    "protect history": "releases",
    "protect compare": "releases",
    "interviews import file": "lines.jsonl",
    "stays import file": "people.csv",
    "country check folder": "country",
    "country apply folder": "country",
    "backup to": "backups",
    "drill to": "backups",
}
VALUES: Mapping[str, str] = {
    "--country": "albania",
    "--as": "vatra.case_worker",
    "--on": "2026-03-04",
    "--from": "2026-01-01",
    "--to": "2026-03-31",
    "--quarter": "2026Q1",
    "--organisation": "VATRA",
    "quarter": "2026Q1",
    "digest": "00" * 32,
    "number": "1",
    "code": "elsewhere",
    "language": "sq",
}


def good(name: str, param: click.Parameter) -> str:
    """What the parameter may be, as somebody types it in the folder."""
    if is_made(name, param):
        return "made"
    if param.name == "directory":
        return "inst"
    if isinstance(param.type, click.Path):
        return FILES.get(f"{name} {param.name}", "answers.json")
    return VALUES[param.opts[0]]


def words(name: str, command: click.Command, **changed: str) -> list[str]:
    """The command with all that it needs, and what is changed."""
    said = name.split()
    if name == "demo":
        said += ["--until", "2999-01-01"]  # refused: to make one takes too long here
    if name == "country new":
        changed = {"source": str(ALBANIA), **changed}
    for param in command.params:
        if not param.required and param.name not in changed:
            continue
        value = changed.get(param.name or "") or good(name, param)
        times = 2 if param.multiple and param.name in ("recipients", "keys") else 1
        said += ([param.opts[0], value] if isinstance(param, click.Option) else [value]) * times
    return said


def one_line(done: subprocess.CompletedProcess[str], what: object, *codes: int) -> None:
    """It was refused, in a line that begins with the program's name."""
    said = done.stderr.strip().splitlines()
    assert done.returncode in codes, (what, done.returncode, done.stdout[-500:], done.stderr[-2000:])
    assert "Traceback" not in done.stderr, what
    assert "nrm: unexpected" not in done.stderr, (what, done.stderr[:3000])
    if done.returncode == 2:
        assert len(said) == 1, (what, done.stderr[:3000])
        assert said[0].startswith("nrm: "), (what, said)


def test_what_nobody_expected_and_a_traceback_are_seen(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests of this file would pass whatever goes wrong."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("nrm.cli.serving.application", broken)
    done = typed("tend", "--dir", "inst")
    assert done.returncode == 1
    with pytest.raises(AssertionError, match="unexpected ZeroDivisionError"):
        one_line(done, "tend", 0, 1, 2)
    for line in ("Traceback (most recent call last):", "nrm: one\nnrm: two", "stopped"):
        with pytest.raises(AssertionError):
            one_line(subprocess.CompletedProcess(["nrm"], 2, "", line), "invented", 2)


def names(place: Path) -> set[str]:
    """All that lies there, without locks and what SQLite keeps beside a database that is open."""
    return {
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.suffix != ".lock" and not path.name.endswith(("-wal", "-shm", "-journal"))
    }


@pytest.fixture
def place(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which somebody types."""
    place = tmp_path / "place"
    shutil.copytree(begun, place)
    monkeypatch.chdir(place)
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    monkeypatch.setattr(health, "FIGURES", "FIGURES_OF_A_TEST")  # the library would count in files from then on
    return place


WRONG = ("missing", "folder", "empty", "binary", "huge", "closed")


@pytest.fixture
def wrong(place: Path) -> dict[str, str]:
    """By what is wrong with it: something that no command can use."""
    (place / "empty").touch()
    (place / "binary").write_bytes(bytes(range(256)) * 20)
    with (place / "huge").open("wb") as file:
        file.truncate(257 << 20)  # takes no room on the disk
    (place / "closed").write_text("{}")
    (place / "closed").chmod(0)
    return {"missing": "nowhere/at-all", "folder": "backups", **{each: each for each in WRONG[2:]}}


@pytest.mark.slow  # some hundred commands
@pytest.mark.parametrize("name", [name for name in ONE_OF_EACH if paths_of(LEAVES[name])])
def test_a_file_or_folder_that_is_not_what_it_should_be_is_one_line(
    name: str, place: Path, wrong: dict[str, str], typed: Typed
) -> None:
    command, before = LEAVES[name], names(place)
    for param in paths_of(command):
        if is_made(name, param) or param.name == "directory":
            continue
        for what in WRONG:
            path = wrong[what]
            if param.type.exists and not param.type.file_okay and what == "folder":  # type: ignore[attr-defined]
                continue
            with of_an_ordinary_user():
                done = typed(*words(name, command, **{param.name or "": path}))
            one_line(done, (param.name, what), 1, 2)
    assert names(place) == before


OPENS = [name for name in ONE_OF_EACH if any(each.name == "directory" for each in LEAVES[name].params)]
OPENS = [name for name in OPENS if not is_made(name, LEAVES[name].params[0]) or name == "demo"]
BYTES = bytes(range(256)) * 40
SPOILED: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "no second database": ("shred.db", Path.unlink),
    "keys closed": ("keys", lambda path: (path / "store").chmod(0)),
    "main database damaged": ("main.db", lambda path: path.write_bytes(BYTES)),
    "main database empty": ("main.db", lambda path: path.write_bytes(b"")),
    "main database closed": ("main.db", lambda path: path.chmod(0)),
    "second database damaged": ("shred.db", lambda path: path.write_bytes(BYTES)),
    "second database closed": ("shred.db", lambda path: path.chmod(0)),
    "no instance.toml": ("instance.toml", Path.unlink),
    "instance.toml damaged": ("instance.toml", lambda path: path.write_bytes(BYTES)),
    "no keys": ("keys", shutil.rmtree),
}
SEVERELY = {"tend", "upgrade", "serve", "doctor", "erase-expired", "backup"}
"""All commands open an instance by the same functions: these try everything, the others the first three."""


@pytest.mark.slow  # some hundred commands
@pytest.mark.parametrize("name", OPENS)
def test_an_instance_that_cannot_be_opened_is_one_line(name: str, place: Path, begun: Path, typed: Typed) -> None:
    command, inst = LEAVES[name], place / "inst"
    for path in ("nowhere", "answers.json", "backups"):
        before = names(place)
        one_line(typed(*words(name, command, directory=path)), path, 1, 2)
        assert names(place) == before, path
    for what, (part, spoil) in list(SPOILED.items())[: None if name in SEVERELY else 3]:
        spoil(inst / part)
        before = names(place)
        with of_an_ordinary_user():
            done = typed(*words(name, command))
        one_line(done, what, 1, 2)
        assert names(place) == before, what
        put_back(begun / "inst" / part, inst / part)


def put_back(kept: Path, to: Path) -> None:
    if kept.is_dir():
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(kept, to)
    else:
        to.unlink(missing_ok=True)
        shutil.copy(kept, to)


@pytest.mark.slow  # each command that opens an instance, twice
@pytest.mark.parametrize("name", [name for name in OPENS if name not in NO_END])
def test_an_instance_that_cannot_be_written_is_one_line(name: str, place: Path, typed: Typed) -> None:
    """What reads alone may answer all the same."""
    command = LEAVES[name]
    before = names(place)
    with only_read(place / "inst"):
        one_line(typed(*words(name, command)), "only read", 0, 1, 2, 3)
    assert names(place) - {"made"} == before
    with on_a_full_disk():
        one_line(typed(*words(name, command)), "full", 0, 1, 2, 3)
    assert {each for each in names(place) if not each.startswith("made")} == before


@pytest.mark.slow  # each command that makes something, in four places
@pytest.mark.parametrize("name", [name for name in ONE_OF_EACH if any(is_made(name, p) for p in LEAVES[name].params)])
def test_where_nothing_can_be_written_nothing_is_left(name: str, place: Path, typed: Typed) -> None:
    command = LEAVES[name]
    (param,) = [each for each in command.params if is_made(name, each)]
    (place / "read-only").mkdir(mode=0o500)
    before = names(place)
    with of_an_ordinary_user():
        for path in ("read-only/new", "answers.json/new", "inst"):
            one_line(typed(*words(name, command, **{param.name or "": path})), path, 2)
            assert names(place) == before, path
        if param.name != "output":  # its help says that it writes over what is there
            one_line(typed(*words(name, command, **{param.name or "": "lines.jsonl"})), "of somebody", 2)
            assert names(place) == before, name
            assert (place / "lines.jsonl").read_text() == "{}\n", name
    with on_a_full_disk():
        one_line(typed(*words(name, command, **{param.name or "": "made"})), "full", 2)
    assert names(place) == before


@pytest.mark.slow  # most commands, twice
@pytest.mark.parametrize(
    "name", [name for name in ONE_OF_EACH if paths_of(LEAVES[name]) and name not in NOT_HERE | {"country new"}]
)
def test_relative_paths_from_another_folder_do_what_absolute_ones_do(
    name: str, place: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = LEAVES[name]
    needed = [each for each in paths_of(command) if each.required]
    absolute = {each.name or "": str(place / good(name, each)) for each in needed}
    (place / "inside").mkdir()
    monkeypatch.chdir(place / "inside")
    relative = {key: f"../{Path(path).relative_to(place)}" for key, path in absolute.items()}
    first = typed(*words(name, command, **absolute))
    for path in place.glob("made*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    second = typed(*words(name, command, **relative))
    said = first.stderr.replace(f"{place}/", "../")
    assert (second.returncode, len(second.stderr.splitlines())) == (first.returncode, len(said.splitlines())), said
    if first.returncode == 2:
        assert second.stderr.replace(f"{place}/", "../") == said


@pytest.mark.slow  # most commands, once
def test_json_is_alone_on_standard_output_with_the_documented_keys_and_quiet_says_no_more(
    place: Path, typed: Typed
) -> None:
    answered = set()
    for name, command in LEAVES.items():
        keys = json_keys(command)
        if keys is None:
            assert name in WITHOUT_JSON or "--format" in [each.opts[0] for each in command.params], name
            continue
        if name in NOT_HERE | LONG:
            continue
        done = typed(*words(name, command), "--json", "--quiet")
        one_line(done, name, 0, 1, 2, 3)
        if done.returncode == 0:
            assert done.stderr == "", name
        if done.stdout:
            value = json.loads(done.stdout.splitlines()[0] if name.endswith(" import") else done.stdout)
            answered.add(name)
            if all(re.fullmatch("[a-z_0-9]+", each) for each in keys):
                assert set(value) <= set(keys), name
        for path in place.glob("made*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert len(answered) > 15, answered


def test_an_answer_for_which_there_is_no_room_and_one_that_nobody_reads() -> None:
    """On a pipe that was closed a command is as silent as others."""
    program = [Path(sys.executable).with_name("nrm"), "--help"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "the disk is full" in done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as closed:
        done = subprocess.run(program, stdout=closed, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (141, "")


CLOSED: Mapping[str, tuple[str, int, str]] = {
    # by what a shell closes: the command, its exit code, what stands on standard error
    "an answer that goes nowhere": ("country schema >&-", 2, "nrm: standard output: is closed\n"),
    "help that goes nowhere": ("--help >&-", 2, "nrm: standard output: is closed\n"),
    "a refusal without output": ("tend --dir nowhere >&-", 2, "nrm: --dir: "),
    "nothing to say it on": ("tend --dir nowhere 2>&-", 2, ""),
    "an answer, and no remarks": ("country check albania 2>&-", 0, ""),
    "neither of the two": ("country schema >&- 2>&-", 2, ""),
    "no input": ("country check albania <&-", 0, "0 findings"),
    "nothing at all": ("tend --dir nowhere <&- >&- 2>&-", 2, ""),
}


@pytest.mark.slow  # a process each
@pytest.mark.parametrize("how", CLOSED)
def test_a_stream_that_is_closed_is_no_traceback(how: str, tmp_path: Path) -> None:
    called, code, said = CLOSED[how]
    program = Path(sys.executable).with_name("nrm")
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        line = f"{shlex.quote(str(program))} {called}"
        done = subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, stdout=out, stderr=err, check=False, timeout=60)
    written = (tmp_path / "err").read_text()
    assert (done.returncode, written.startswith(said), "Traceback" in written) == (code, True, False), written
    assert said or written == ""
    assert written.count("\n") <= 1


@pytest.mark.slow  # a process of its own
def test_what_is_opened_later_never_takes_the_place_of_a_stream_that_was_closed(tmp_path: Path) -> None:
    """A library that prints would write into a database."""
    program = (
        "import os, sys\nfrom nrm.cli import open_what_is_closed\nopen_what_is_closed()\n"
        "open('found', 'w').write(str([os.readlink(f'/proc/self/fd/{each}') for each in (0, 1, 2)]))"
    )
    line = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(program)} <&- >&- 2>&-"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, check=False, timeout=60)
    assert (done.returncode, (tmp_path / "found").read_text()) == (0, str([os.devnull] * 3))


@pytest.mark.parametrize(("no_color", "shown"), [("", "\x1b[31m"), ("1", "nrm: ")])
def test_colours_are_on_a_terminal_alone_and_not_if_nobody_wants_them(
    monkeypatch: pytest.MonkeyPatch, typed: Typed, no_color: str, shown: str
) -> None:
    assert typed("tend", "--dir", "/nowhere").stderr.startswith("nrm: ")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    assert typed("tend", "--dir", "/nowhere").stderr.startswith(shown)
