"""The whole configuration: a pure function of the environment.

Every setting is described in docs/operator.md; a test compares the two.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

SETTINGS = (
    "NRM_DIR",
    "NRM_DATABASE",
    "NRM_SHRED_DATABASE",
    "NRM_RELEASE_DATABASE",
    "NRM_KEYS",
    "NRM_PEPPER",
    "NRM_BACKUPS",
    "NRM_DRILL_DATABASE",
    "NRM_DRILL_SHRED_DATABASE",
    "NRM_COUNTRY",
    "NRM_COUNTRY_FOLDER",
    "NRM_LANGUAGE",
    "NRM_TLS_CERTIFICATE",
    "NRM_TLS_KEY",
    "NRM_PROXIES",
    "NRM_ARGON2_KIB",
    "NRM_ARGON2_PASSES",
    "NRM_ACCESS_LOG",
    "NRM_LOG_FORMAT",
    "NRM_ADDRESS",
    "NRM_PASSKEYS",
    "NRM_SMTP_HOST",
    "NRM_SMTP_PORT",
    "NRM_SMTP_TLS",
    "NRM_SMTP_USER",
    "NRM_SMTP_PASSWORD_FILE",
    "NRM_SMTP_FROM",
    "NRM_METRICS_TOKEN_FILE",
    "NRM_SECURITY_CONTACT",
    "NRM_SECURITY_KEY",
)
SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4}){0,2}")
_HOST = re.compile(r"[a-z0-9.:-]+")
PASSKEYS = ("offered", "demanded")
LOG_FORMATS = ("text", "json")
_SITE_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
ARGON2_FLOOR_KIB, ARGON2_FLOOR_PASSES = 19 * 1024, 2
ARGON2_MOST_KIB, ARGON2_MOST_PASSES = 1024 * 1024, 100
PROXIES_MOST = 9
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_TELEPHONE = re.compile(r"\+[0-9]{6,15}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")  # RFC 6750
_PAGE = re.compile(r"https://[!-~]+")
KEY_FILES = ("pepper", "store", "release", "match")


class MisConfigured(Exception):
    """A setting is missing or cannot be used; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys of the installation, 32 bytes each. Never in the database, never printed."""

    pepper: bytes = field(repr=False)
    store: bytes = field(repr=False)
    release: bytes = field(repr=False)
    match: bytes = field(repr=False)  # what encodings of names lie under in the database

    def __repr__(self) -> str:
        return "<hidden>"


@dataclass(frozen=True, slots=True)
class Smtp:
    """The server that carries e-mail. `tls`: `starttls`, `tls`, or `none` for one on this machine."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    sender: str = ""
    home: str = ""  # the address of the home page, the one link in a message


@dataclass(frozen=True, slots=True)
class Site:
    """The address as browsers bind a passkey to it: the host by its name, and scheme, host and port in one."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Config:
    """What the program needs to know before it starts."""

    directory: Path
    database: str
    shred_database: str
    release_database: str | None
    secrets: Secrets
    backups: Path | None
    country: str
    country_folder: Path | None
    language: str  # of pages, until a reader chooses; empty: the country's first
    tls_certificate: Path | None
    tls_key: Path | None
    proxies: int
    argon2_kib: int
    argon2_passes: int
    address: str  # of the home page, `https://...` without a slash at the end; empty: reached on this machine alone
    access_log: str  # a file, `-` for standard error, empty for none
    log_format: str = "text"  # or `json`
    smtp: Smtp | None = None  # None: no e-mail is sent
    drill_database: str | None = None  # None: a drill makes databases of its own
    drill_shred_database: str | None = None
    passkeys: str = "offered"  # or `demanded`
    metrics_token: str = ""  # whoever sends it may read /metrics from another machine; empty: nobody may
    security_contact: str = ""  # `mailto:`, `tel:` or `https:`; empty: nobody is named
    security_key: str = ""  # `https:` or `openpgp4fpr:`

    @property
    def site(self) -> Site | None:
        """Where passkeys belong; None without an address, or with one for which browsers make none."""
        return _site(self.address)


def _beside(directory: Path, folder: str | None) -> str | None:
    """The folder that `instance.toml` names: one without a place of its own lies in that of the instance."""
    return str(directory / folder) if folder else None


def load_config(env: Mapping[str, str]) -> Config:
    """Read the configuration, or raise MisConfigured naming the setting."""
    if not env.get("NRM_DIR"):
        raise MisConfigured(
            "NRM_DIR: set it to the folder of the instance (made by `nrm init --dir DIR --country COUNTRY`)"
        )
    directory = Path(env["NRM_DIR"]).absolute()
    instance = _instance(directory)
    country = env.get("NRM_COUNTRY") or instance.get("country", "")
    if not country:
        raise MisConfigured('NRM_COUNTRY: set it, or write country = "..." into DIR/instance.toml')
    language = env.get("NRM_LANGUAGE") or instance.get("language", "")
    if language and not _LANGUAGE.fullmatch(language):
        raise MisConfigured(f"NRM_LANGUAGE: {language!r} is no code of a language such as sq or en")
    folder = env.get("NRM_COUNTRY_FOLDER") or _beside(directory, instance.get("country_folder"))
    certificate, key = _tls(env)
    database, shred_database = database_addresses(env, directory)
    drill, drill_shred = (_postgresql(env, f"NRM_DRILL_{name}DATABASE") for name in ("", "SHRED_"))
    if drill and drill == drill_shred:
        raise MisConfigured("NRM_DRILL_SHRED_DATABASE: name another database than NRM_DRILL_DATABASE")
    return Config(
        directory=directory,
        database=database,
        shred_database=shred_database,
        release_database=_postgresql(env, "NRM_RELEASE_DATABASE"),
        secrets=_secrets(key_files(env, directory)),
        backups=Path(env["NRM_BACKUPS"]).absolute() if env.get("NRM_BACKUPS") else None,
        country=country,
        country_folder=Path(folder) if folder else None,
        language=language,
        tls_certificate=certificate,
        tls_key=key,
        proxies=_number(env, "NRM_PROXIES", 0, 0, PROXIES_MOST),
        argon2_kib=_number(env, "NRM_ARGON2_KIB", 64 * 1024, ARGON2_FLOOR_KIB, ARGON2_MOST_KIB),
        argon2_passes=_number(env, "NRM_ARGON2_PASSES", 3, ARGON2_FLOOR_PASSES, ARGON2_MOST_PASSES),
        address=_home(env),
        access_log=_access_log(env),
        log_format=_one_of(env, "NRM_LOG_FORMAT", LOG_FORMATS),
        smtp=_smtp(env),
        drill_database=drill,
        drill_shred_database=drill_shred,
        passkeys=_passkeys(env),
        metrics_token=_metrics_token(env),
        security_contact=_security_contact(env),
        security_key=_security_key(env),
    )


UNFINISHED_DEMO = ".nrm-demo-unfinished"
"""The file that says so, in the folder of a demo country that is being made."""


def _instance(directory: Path) -> dict[str, str]:
    path = directory / "instance.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if (directory / UNFINISHED_DEMO).exists():
            raise MisConfigured(
                f"NRM_DIR: {directory} (or --dir) holds an unfinished demo country: call the same `nrm demo` again, "
                "which begins it anew"
            ) from None
        found = "holds no instance" if directory.is_dir() else "is not there"
        raise MisConfigured(
            f"NRM_DIR: {directory} (or --dir) {found}; is the path right, and its disk mounted? "
            f"Only where there never was one: `nrm init --dir {directory} --country COUNTRY`"
        ) from None
    except OSError as error:
        raise MisConfigured(f"NRM_DIR: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        line = re.search(r"line \d+", str(error))
        at = line[0] if line else "some line"
        raise MisConfigured(
            f'NRM_DIR: {path} was changed, and {at} of it says nothing: each line is as `country = "CODE"`; mend '
            "it, or copy the file from where you keep it"
        ) from None
    return {key: value for key, value in data.items() if isinstance(value, str)}


def database_addresses(env: Mapping[str, str], directory: Path) -> tuple[str, str]:
    """Where the main and the second database lie, or are to be made."""
    main, shred = env.get("NRM_DATABASE"), env.get("NRM_SHRED_DATABASE")
    return (
        _url("NRM_DATABASE", main or str(directory / "main.db")),
        _url("NRM_SHRED_DATABASE", shred or str(directory / "shred.db")),
    )


def missing_database(env: Mapping[str, str], setting: str, file: Path, directory: Path) -> str:
    """What is to be said of a database's file that is not there; first that the setting is not set here, as the
    database may lie well where it was set to be."""
    if file.parent == directory and not env.get(setting):
        return (
            f"{file} is not there, and {setting} is not set here: was it set when the instance was made? Then set it "
            "to the same again. Else is its disk mounted? Last of all put back a backup"
        )
    return f"{file} is not there; is its disk mounted? Else put back a backup"


def _url(setting: str, value: str) -> str:
    """A path becomes an SQLite address; an address of SQLite or PostgreSQL stays."""
    if value.startswith(("postgresql://", "postgresql+psycopg://")):
        return "postgresql+psycopg://" + value.split("://", 1)[1]
    if value.startswith("sqlite:///"):
        return value
    if "://" in value:
        raise MisConfigured(f"{setting}: give a file, or an address that starts with postgresql://")
    return f"sqlite:///{Path(value).absolute()}"


def _postgresql(env: Mapping[str, str], setting: str) -> str | None:
    """A database on PostgreSQL, if one is named: the main one as a role that reads releases alone, those of drills."""
    value = env.get(setting)
    if not value:
        return None
    if not value.startswith(("postgresql://", "postgresql+psycopg://")):
        raise MisConfigured(f"{setting}: give an address that starts with postgresql://, or leave it out")
    return _url(setting, value)


def key_files(env: Mapping[str, str], directory: Path) -> dict[str, Path]:
    """Where each of `KEY_FILES` lies, or is to be made: in the folder of the keys, and the pepper where it is named."""
    folder = Path(env.get("NRM_KEYS") or directory / "keys").absolute()
    found = {name: folder / name for name in KEY_FILES}
    return {**found, "pepper": Path(env["NRM_PEPPER"]).absolute()} if env.get("NRM_PEPPER") else found


def account_name(number: int) -> str:
    """The name of an account of the machine, or its number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"the account {number}"


def _secrets(files: Mapping[str, Path]) -> Secrets:
    keys = {}
    for name, path in files.items():
        setting = "NRM_PEPPER" if path.parent != files["store"].parent else "NRM_KEYS"
        try:
            found = path.stat()
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise MisConfigured(f"{setting}: {path} can be read by others; chmod 0400 it")
            if found.st_uid not in (0, os.geteuid(), path.parent.stat().st_uid):
                raise MisConfigured(
                    f"{setting}: {path} belongs to {account_name(found.st_uid)}, who can read and change it whatever "
                    f"its mode; chown it to {account_name(path.parent.stat().st_uid)}, whose its folder is"
                )
            keys[name] = path.read_bytes()
        except PermissionError:
            raise MisConfigured(
                f"{setting}: {account_name(os.geteuid())} may not read the key file {path}, which may well be there: "
                "run it as the user of the service, or look whose the file and its folders are (chown)"
            ) from None
        except OSError:
            if not path.parent.is_dir():
                raise MisConfigured(
                    f"{setting}: there is no folder {path.parent}; is the setting right, and its disk mounted?"
                ) from None
            missing = "; copy it from the safe"
            if name == "match" and not path.exists():
                missing += " (an instance from before there was this key: nrm upgrade makes it)"
            raise MisConfigured(f"{setting}: the key file {path} cannot be read{missing}") from None
        if len(keys[name]) != 32:
            raise MisConfigured(f"{setting}: {path} must hold exactly 32 bytes")
    return Secrets(**keys)


def key_problem(env: Mapping[str, str], directory: Path) -> str:
    """What is wrong with the first key file that cannot be used; nothing if all can."""
    try:
        _secrets(key_files(env, directory))
    except MisConfigured as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True)
class Together:
    """Parts of an instance that one thief of one place would have together: their names and their settings."""

    parts: tuple[str, ...]
    settings: tuple[str, ...]


def lying_together(env: Mapping[str, str], directory: Path) -> Together | None:
    """Which of keys, main and second database lie in one folder, or on one server; None if each has a place of its own.

    Whoever has the main database alone, the second alone or the key files alone opens nothing and makes no mark.
    """
    directory = directory.absolute()
    places = {
        ("key files", "NRM_KEYS"): key_files(env, directory)["store"].parent,
        ("main database", "NRM_DATABASE"): _place(env.get("NRM_DATABASE") or str(directory / "main.db")),
        ("second database", "NRM_SHRED_DATABASE"): _place(env.get("NRM_SHRED_DATABASE") or str(directory / "shred.db")),
    }
    found = [
        part for part, place in places.items() if any(_is_one(place, at) for of, at in places.items() if of != part)
    ]
    return Together(tuple(name for name, _ in found), tuple(setting for _, setting in found)) if found else None


def _place(database: str) -> Path | str:
    """The folder of a database, or the server it lies on."""
    url = _url("NRM_DATABASE", database)
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///")).absolute().parent
    return urlsplit(url).netloc.rpartition("@")[2].casefold()


def _is_one(left: Path | str, right: Path | str) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return left == right
    left, right = left.resolve(), right.resolve()
    return left == right or left in right.parents or right in left.parents


def _tls(env: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    certificate, key = env.get("NRM_TLS_CERTIFICATE"), env.get("NRM_TLS_KEY")
    if bool(certificate) != bool(key):
        raise MisConfigured("NRM_TLS_CERTIFICATE: set it together with NRM_TLS_KEY, or neither")
    for setting, path in (("NRM_TLS_CERTIFICATE", certificate), ("NRM_TLS_KEY", key)):
        if path and not Path(path).is_file():
            raise MisConfigured(f"{setting}: there is no file {path}")
    return (Path(certificate) if certificate else None), (Path(key) if key else None)


def _site(address: str) -> Site | None:
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if not _SITE_HOST.fullmatch(host) or (parts.scheme != "https" and host != "localhost"):
        return None
    try:
        ip_address(host)
    except ValueError:
        shown = "" if port in (None, {"https": 443, "http": 80}[parts.scheme]) else f":{port}"
        return Site(host, f"{parts.scheme}://{host}{shown}")
    return None  # browsers make no passkey for a number


def _passkeys(env: Mapping[str, str]) -> str:
    asked = _one_of(env, "NRM_PASSKEYS", PASSKEYS)
    if asked == "demanded" and _site(_home(env)) is None:
        raise MisConfigured("NRM_PASSKEYS: a passkey belongs to the name of a host; set NRM_ADDRESS to https://NAME/")
    return asked


def _one_of(env: Mapping[str, str], setting: str, words: tuple[str, ...]) -> str:
    """What is set; the first of the words if nothing is."""
    asked = env.get(setting) or words[0]
    if asked not in words:
        raise MisConfigured(f"{setting}: {asked!r} is not one of {', '.join(words)}")
    return asked


def _smtp(env: Mapping[str, str]) -> Smtp | None:
    host = env.get("NRM_SMTP_HOST") or ""
    if not host:
        return None
    tls = env.get("NRM_SMTP_TLS") or "starttls"
    if tls not in SMTP_PORTS:
        raise MisConfigured(f"NRM_SMTP_TLS: {tls!r} is not one of {', '.join(SMTP_PORTS)}")
    if tls == "none" and host not in LOOPBACK:
        raise MisConfigured("NRM_SMTP_TLS: `none` is for a server on this machine; set starttls or tls")
    user, sender, home = env.get("NRM_SMTP_USER") or "", env.get("NRM_SMTP_FROM") or "", _home(env)
    if not _ADDRESS.fullmatch(sender):
        raise MisConfigured("NRM_SMTP_FROM: set it to the e-mail address that messages come from")
    if not home:
        raise MisConfigured("NRM_ADDRESS: set it to the address of the home page, https://...")
    file = env.get("NRM_SMTP_PASSWORD_FILE")
    if bool(user) != bool(file):
        raise MisConfigured("NRM_SMTP_USER: set it together with NRM_SMTP_PASSWORD_FILE, or neither")
    if user and tls == "none":
        raise MisConfigured("NRM_SMTP_TLS: a password is sent under TLS only; set starttls or tls")
    password = _password("NRM_SMTP_PASSWORD_FILE", file) if file else ""
    return Smtp(host, _number(env, "NRM_SMTP_PORT", SMTP_PORTS[tls], 1), tls, user, password, sender, f"{home}/")


def _home(env: Mapping[str, str]) -> str:
    """The address that people open, without the slash at its end; plain HTTP is for a demo country on this machine."""
    text = env.get("NRM_ADDRESS") or ""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        bare = f"{parts.scheme}://{parts.netloc}".casefold()
        usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
        named = parts.hostname or ""
    except ValueError:
        named = ""
    safe = (
        named and _HOST.fullmatch(named) and (parts.scheme == "https" or (parts.scheme == "http" and named in LOOPBACK))
    )
    if not safe or parts.username is not None or text.casefold() not in (bare, f"{bare}/"):
        raise MisConfigured("NRM_ADDRESS: set it to the address of the home page, https://...")
    host = f"[{named}]" if ":" in named else named
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{parts.port}"


def _security_contact(env: Mapping[str, str]) -> str:
    """Whom to tell of a hole, as an address of RFC 9116; empty if nobody is named."""
    text = env.get("NRM_SECURITY_CONTACT") or ""
    if not text or _PAGE.fullmatch(text):
        return text
    bare = text.removeprefix("mailto:").removeprefix("tel:")
    for scheme, rule in (("mailto", _ADDRESS), ("tel", _TELEPHONE)):
        if rule.fullmatch(bare):
            return f"{scheme}:{bare}"
    raise MisConfigured("NRM_SECURITY_CONTACT: set it to an e-mail address, a number like +355..., or https://...")


def _security_key(env: Mapping[str, str]) -> str:
    """Where the key for such a message is, as an address of RFC 9116."""
    text = env.get("NRM_SECURITY_KEY") or ""
    if text and not env.get("NRM_SECURITY_CONTACT"):
        raise MisConfigured("NRM_SECURITY_CONTACT: set it together with NRM_SECURITY_KEY")
    if not text or _PAGE.fullmatch(text):
        return text
    fingerprint = text.removeprefix("openpgp4fpr:").replace(" ", "")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise MisConfigured("NRM_SECURITY_KEY: set it to the fingerprint of an OpenPGP key, or to https://...")
    return f"openpgp4fpr:{fingerprint.lower()}"


def _metrics_token(env: Mapping[str, str]) -> str:
    file = env.get("NRM_METRICS_TOKEN_FILE")
    token = _password("NRM_METRICS_TOKEN_FILE", file) if file else ""
    if file and not _TOKEN.fullmatch(token):
        raise MisConfigured(f"NRM_METRICS_TOKEN_FILE: write 32 letters and digits or more into {file}, as one line")
    return token


def _password(setting: str, file: str) -> str:
    path = Path(file)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise MisConfigured(f"{setting}: {path} can be read by others; chmod 0400 it")
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        raise MisConfigured(f"{setting}: {path} cannot be read") from None


def _access_log(env: Mapping[str, str]) -> str:
    target = env.get("NRM_ACCESS_LOG") or ""
    if target not in ("", "-") and (Path(target).is_dir() or not Path(target).absolute().parent.is_dir()):
        raise MisConfigured(f"NRM_ACCESS_LOG: {target} is not a file in a folder that is there; or set it to -")
    return target


def _number(env: Mapping[str, str], setting: str, default: int, least: int = 0, most: int | None = None) -> int:
    text = env.get(setting) or str(default)
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise MisConfigured(f"{setting}: enter a whole number of at least {least}")
    if most is not None and int(text) > most:
        raise MisConfigured(f"{setting}: enter a whole number of at most {most}")
    return int(text)
