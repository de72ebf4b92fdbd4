"""What a command writes in the place of what is there: whole, with the mode that it had, and where a link leads to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nrm.cli import nrm
from nrm.cli.places.files import new_folder, write_template
from nrm.cli.refusals import Refused
from tests.rights import on_a_full_disk


def made(output: Path) -> str:
    found = CliRunner().invoke(nrm, ["stays", "template", "--output", str(output)])
    assert found.exit_code == 0, found.output
    return output.read_text("utf-8")


@pytest.mark.parametrize("command", [["stays", "template"], ["interviews", "template", "--format", "csv"]])
def test_a_template_is_not_written_over_what_somebody_typed(command: list[str], tmp_path: Path) -> None:
    """The names of twelve residents were gone: the guide says to make the template first, and it was made twice."""
    output = tmp_path / "residents.csv"
    for _ in range(2):  # the same once more takes nothing away
        assert CliRunner().invoke(nrm, [*command, "--output", str(output)]).exit_code == 0
    output.write_text("twelve names")
    found = CliRunner().invoke(nrm, [*command, "--output", str(output)], standalone_mode=False)
    assert isinstance(found.exception, Refused)
    assert "may hold what somebody typed: name another file" in str(found.exception)
    assert output.read_text() == "twelve names"


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    real, link = tmp_path / "shared" / "lines.csv", tmp_path / "link.csv"
    link.symlink_to("shared/lines.csv")
    text = made(link)
    assert os.readlink(link) == "shared/lines.csv"
    assert real.read_text("utf-8") == text != ""
    assert [each.name for each in real.parent.iterdir()] == ["lines.csv"]


def test_of_what_cannot_be_written_whole_nothing_is_left(tmp_path: Path) -> None:
    with on_a_full_disk(), pytest.raises(Refused, match="too large"):
        write_template(tmp_path / "lines.csv", b"new")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow  # a process of its own
def test_standard_output_by_its_name_is_written_and_never_replaced() -> None:
    program = [Path(sys.executable).with_name("nrm"), "stays", "template", "--output", "/dev/stdout"]
    before = os.readlink("/dev/stdout")
    done = subprocess.run(program, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\r\n") == 3  # what each column is called, holds, and an example
    assert os.readlink("/dev/stdout") == before


@pytest.mark.parametrize("there", ["file", "full", "link"])
def test_a_new_folder_takes_nothing_away_that_was_there(there: str, tmp_path: Path) -> None:
    target = tmp_path / "there"
    if there == "file":
        target.write_text("of somebody")
    elif there == "full":
        target.mkdir()
        (target / "of somebody").touch()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(Refused, match="is not an empty folder"), new_folder(target):
        pytest.fail("nothing is made")
    assert os.path.lexists(target)
    assert there != "full" or (target / "of somebody").is_file()
