"""A path, a setting or a file of the instance that is wrong: what is to be looked at first, before anything is made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config import MisConfigured, load_config
from nrm.cli import nrm
from nrm.cli.refusals import Refused


def said(folder: Path, **settings: str) -> str:
    with pytest.raises(MisConfigured) as caught:
        load_config({"NRM_DIR": str(folder), **settings})
    return str(caught.value)


@pytest.fixture
def copied(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "instance")
    return tmp_path / "instance"


def test_a_folder_that_is_not_there_may_be_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    line = said(tmp_path / "nosuch")
    assert f"{tmp_path}/nosuch (or --dir) is not there; is the path right, and its disk mounted? Only where" in line
    assert "(or --dir) holds no instance; is the path right" in said(tmp_path)


def test_a_settings_file_that_was_changed_says_which_line_and_how_lines_are(copied: Path) -> None:
    file = copied / "instance.toml"
    file.write_text(file.read_text("utf-8") + "rubbish [[[\n", "utf-8")
    line = said(copied)
    assert f"{file} was changed, and line " in line
    assert 'each line is as `country = "CODE"`' in line
    assert "key/value" not in line


def test_a_folder_of_keys_that_is_not_there_does_not_send_anybody_to_the_safe(copied: Path, tmp_path: Path) -> None:
    line = said(copied, NRM_KEYS=str(tmp_path / "keys2"))
    assert f"there is no folder {tmp_path}/keys2; is the setting right" in line
    assert "safe" not in line


def test_a_key_of_a_keeper_is_never_written_over(tmp_path: Path) -> None:
    words = ["backup-key", "--out", str(tmp_path / "judge")]
    nrm.main(words, standalone_mode=False)
    kept = (tmp_path / "judge").read_bytes(), (tmp_path / "judge.pub").read_bytes()
    with pytest.raises(Refused, match="judge is there already, and is kept; name another file"):
        nrm.main(words, standalone_mode=False)
    (tmp_path / "judge").unlink()
    with pytest.raises(Refused, match=r"judge\.pub is there already"):
        nrm.main(words, standalone_mode=False)
    assert not (tmp_path / "judge").exists()
    assert (tmp_path / "judge.pub").read_bytes() == kept[1]
