"""The configuration is a pure function of the environment, documented and complete."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest

from config import KEY_FILES, SETTINGS, MisConfigured, Site, load_config

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    for name in KEY_FILES:
        (tmp_path / "keys" / name).write_bytes(secrets.token_bytes(32))
        (tmp_path / "keys" / name).chmod(0o400)
    (tmp_path / "instance.toml").write_text('country = "albania"\nlanguage = "sq"\n')
    return tmp_path


def test_every_setting_that_is_read_is_documented_and_every_documented_one_is_read() -> None:
    read = set(re.findall(r'"(NRM_[A-Z0-9_]+)"', (TOP / "config.py").read_text("utf-8")))
    documented = set(re.findall(r"^\| `(NRM_[A-Z0-9_]+)`", (TOP / "docs" / "operator.md").read_text("utf-8"), re.M))
    assert read == set(SETTINGS) == documented


def test_the_folder_alone_is_enough(folder: Path) -> None:
    config = load_config({"NRM_DIR": str(folder)})
    assert config.database == f"sqlite:///{folder}/main.db"
    assert config.shred_database == f"sqlite:///{folder}/shred.db"
    assert (config.country, config.language) == ("albania", "sq")


def test_a_setting_that_is_set_wins(folder: Path) -> None:
    config = load_config(
        {"NRM_DIR": str(folder), "NRM_DATABASE": "postgresql://db/main", "NRM_LANGUAGE": "en", "NRM_PROXIES": "1"}
    )
    assert config.database == "postgresql+psycopg://db/main"
    assert (config.language, config.proxies) == ("en", 1)


def test_no_secret_is_printed(folder: Path) -> None:
    config = load_config({"NRM_DIR": str(folder)})
    for name in KEY_FILES:
        secret = (folder / "keys" / name).read_bytes()
        assert repr(secret)[2:-1] not in repr(config)
    assert "<hidden>" in repr(config)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("NRM_DIR", ""),
        ("NRM_DIR", "/nowhere/at/all"),
        ("NRM_DATABASE", "mysql://db/main"),
        ("NRM_SHRED_DATABASE", "ftp://db/main"),
        ("NRM_KEYS", "/nowhere/at/all"),
        ("NRM_LANGUAGE", "Shqip"),
        ("NRM_PROXIES", "-1"),
        ("NRM_PROXIES", "9999"),
        ("NRM_PROXIES", "one"),
        ("NRM_ARGON2_KIB", "19455"),
        ("NRM_ARGON2_PASSES", "1"),
        ("NRM_TLS_CERTIFICATE", "/nowhere.pem"),
        ("NRM_ACCESS_LOG", "/nowhere/at/all.log"),
        ("NRM_ACCESS_LOG", "/"),
        ("NRM_ADDRESS", "nrm.example.al"),
        ("NRM_ADDRESS", "http://nrm.example.al/"),
        ("NRM_ADDRESS", "http://localhost.example.al/"),
        ("NRM_ADDRESS", "https://a:b:c/"),
        ("NRM_ADDRESS", "https://nrm.example.al:port/"),
        ("NRM_ADDRESS", "https://fjalë.al/"),
        ("NRM_PASSKEYS", "always"),
        ("NRM_PASSKEYS", "demanded"),  # without an address
    ],
)
def test_a_bad_setting_is_named(folder: Path, setting: str, value: str) -> None:
    with pytest.raises(MisConfigured, match=f"^{setting}: "):
        load_config({"NRM_DIR": str(folder), setting: value})


@pytest.mark.parametrize("name", KEY_FILES)
def test_a_key_file_that_is_missing_short_or_open_to_others_is_named(folder: Path, name: str) -> None:
    path = folder / "keys" / name
    path.chmod(0o640)
    with pytest.raises(MisConfigured, match=f"NRM_KEYS: .*{name} can be read by others"):
        load_config({"NRM_DIR": str(folder)})
    path.unlink()
    with pytest.raises(MisConfigured, match=f"NRM_KEYS: .*{name} cannot be read"):
        load_config({"NRM_DIR": str(folder)})
    path.touch(0o400)
    with pytest.raises(MisConfigured, match=f"NRM_KEYS: .*{name} must hold exactly 32 bytes"):
        load_config({"NRM_DIR": str(folder)})


def test_a_broken_instance_file_is_named(folder: Path) -> None:
    (folder / "instance.toml").write_text("country = ")
    with pytest.raises(MisConfigured, match=r"instance\.toml"):
        load_config({"NRM_DIR": str(folder)})
    (folder / "instance.toml").write_text("")
    with pytest.raises(MisConfigured, match="NRM_COUNTRY"):
        load_config({"NRM_DIR": str(folder)})


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://nrm.example.al", Site("nrm.example.al", "https://nrm.example.al")),
        ("https://NRM.example.al:443/", Site("nrm.example.al", "https://nrm.example.al")),
        ("https://nrm.example.al:8443/", Site("nrm.example.al", "https://nrm.example.al:8443")),
        ("http://localhost:5000/", Site("localhost", "http://localhost:5000")),
        ("", None),
        ("http://127.0.0.1:5000/", None),
        ("https://192.0.2.1/", None),
        ("https://[2001:db8::1]/", None),
    ],
)
def test_passkeys_belong_to_the_name_of_a_host(folder: Path, address: str, site: Site | None) -> None:
    given = {"NRM_DIR": str(folder), "NRM_ADDRESS": address}
    assert load_config(given).site == site
    if site is not None:
        assert load_config({**given, "NRM_PASSKEYS": "demanded"}).passkeys == "demanded"
        return
    with pytest.raises(MisConfigured, match=r"^NRM_PASSKEYS: .* NRM_ADDRESS"):
        load_config({**given, "NRM_PASSKEYS": "demanded"})


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost.example.al/",
        "https://a:b:c/",
        "https://nrm.example.al:port/",
        "https://fjalë.al/",
        "https://x.al/home",
    ],
)
def test_an_address_that_browsers_would_not_send_as_it_stands_is_refused(folder: Path, address: str) -> None:
    with pytest.raises(MisConfigured, match="NRM_ADDRESS: "):
        load_config({"NRM_DIR": str(folder), "NRM_ADDRESS": address})
