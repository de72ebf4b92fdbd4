"""A path, a setting or a file of the instance that is wrong: what is to be looked at first, before anything is made."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from config import UNFINISHED_DEMO, MisConfigured, load_config, missing_database
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


@pytest.mark.parametrize("command", [["doctor"], ["report", "keys"], ["upgrade"]])
def test_a_folder_that_is_not_there_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    gone = str(tmp_path / "nosuch")
    monkeypatch.delenv("NRM_DIR", raising=False)
    with pytest.raises(Refused) as caught:
        nrm.main([*command, "--dir", gone], standalone_mode=False)
    assert str(caught.value).startswith(f"--dir: {gone} ")
    assert "NRM_DIR" not in str(caught.value)
    monkeypatch.setenv("NRM_DIR", gone)
    with pytest.raises(Refused) as caught:
        nrm.main(command, standalone_mode=False)
    assert "--dir: " not in str(caught.value) or command == ["upgrade"]


def test_the_other_half_of_a_backup_key_is_told_and_no_new_key_is_advised(copied: Path, tmp_path: Path) -> None:
    for name in ("judge", "minister"):
        nrm.main(["backup-key", "--out", str(tmp_path / name)], standalone_mode=False)
    judge, minister = tmp_path / "judge", tmp_path / "minister"
    (tmp_path / "letter").write_text("no key")

    def said(*words: object) -> str:
        with pytest.raises(Refused) as caught:
            nrm.main(list(map(str, words)), standalone_mode=False)
        return str(caught.value)

    drill = ("drill", "--dir", copied, "--to", tmp_path, "--key", judge, "--key")
    assert said(*drill, f"{minister}.pub") == (
        f"--key: {minister}.pub is the public half of a key: name the other one, its private key file"
    )
    assert "a new key opens no old backup" in said(*drill, tmp_path / "letter")
    backup = ("backup", "--dir", copied, "--to", tmp_path, "--recipient", f"{judge}.pub", "--recipient")
    assert said(*backup, minister).endswith(f"which its keeper locks away: name {minister}.pub")
    assert "name FILE.pub" in said(*backup, tmp_path / "letter")


def test_a_code_that_nobody_can_type_is_one_line_that_names_the_setting(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nrm.actions.instances.nature", lambda: (True, True))  # a code is asked
    monkeypatch.setenv("NRM_PASSWORD", "a password of nobody")
    monkeypatch.delenv("NRM_TOTP", raising=False)
    words = ["keys", "rotate", "--dir", str(copied), "--organisation", "VATRA", "--as", "vatra.case_worker"]
    for typed, line in (
        ("", "no terminal to ask for the code from your telephone: put it into NRM_TOTP"),
        ("123456\n", "--as: the sign-in name and the password and the code do not belong together"),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(Refused) as caught:
            nrm.main(words, standalone_mode=False)
        assert (caught.value.code, str(caught.value)) == (2, line)
        assert capsys.readouterr() == ("", "")


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


def test_a_database_that_a_setting_names_is_asked_for_by_that_setting_before_a_backup(copied: Path) -> None:
    """In a shell without the settings the doctor advised to put back a backup of an instance that was well."""
    file, folder = copied / "main.db", copied
    unset = missing_database({}, "NRM_DATABASE", file, folder)
    assert unset.startswith(f"{file} is not there, and NRM_DATABASE is not set here: was it set when")
    assert missing_database({"NRM_DATABASE": str(file)}, "NRM_DATABASE", file, folder) == (
        f"{file} is not there; is its disk mounted? Else put back a backup"
    )
    file.unlink()
    with pytest.raises(Refused) as caught:
        nrm.main(["report", "keys", "--dir", str(folder)], standalone_mode=False)
    assert "NRM_DATABASE is not set here" in str(caught.value)
    (folder / "shred.db").unlink()
    with pytest.raises(Refused) as caught:
        nrm.main(["upgrade", "--dir", str(folder)], standalone_mode=False)
    assert "are NRM_DATABASE and NRM_SHRED_DATABASE set as when it was made" in str(caught.value)


def test_a_demo_country_that_is_not_finished_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED_DEMO).touch()
    line = said(tmp_path)
    assert "holds an unfinished demo country: call the same `nrm demo` again" in line
    assert "nrm init" not in line
