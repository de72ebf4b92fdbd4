"""`make vulnerabilities`: whether a hole is known in what the lock files install.

    python deploy/vulnerabilities.py [--data FILE] LOCK...

FILE are advisories in the format of OSV: one JSON file of one or of a list, or a zip of such files, as it is
given out for a machine without network. Without it `pip-audit` asks its service.

Exit code: 0 nothing is known; 1 something is; 2 bad usage, or a file that cannot be read; 3 there was no data, so
nothing was checked.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

CLEAN, FOUND, USAGE, NO_DATA = 0, 1, 2, 3
ECOSYSTEM = "PyPI"
SECONDS = 600


class Unreadable(Exception):
    """A file that is not what it should be."""


class NoData(Exception):
    """Nothing was learned; the message says why."""


def pins(lock: Path) -> set[tuple[str, str]]:
    """(name, version) of each package of a lock file. Raises Unreadable."""
    try:
        found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text("utf-8"), re.M)
    except (OSError, UnicodeDecodeError):
        raise Unreadable(f"{lock}: it cannot be read") from None
    if not found:
        raise Unreadable(f"{lock}: it pins no package")
    return {(canonicalize_name(name), version) for name, version in found}


def advisories(data: Path) -> Iterator[dict[str, Any]]:
    """Each advisory of the file. Raises Unreadable."""
    try:
        if zipfile.is_zipfile(data):
            with zipfile.ZipFile(data) as packed:
                texts = [packed.read(name) for name in packed.namelist() if name.endswith(".json")]
        else:
            texts = [data.read_bytes()]
        for text in texts:
            told = json.loads(text)
            for each in told if isinstance(told, list) else [told]:
                if not isinstance(each, dict) or not isinstance(each.get("id"), str):
                    raise Unreadable(f"{data}: an advisory without an id")
                yield each
    except (OSError, ValueError, zipfile.BadZipFile):
        raise Unreadable(f"{data}: it is no JSON of advisories, and no zip of them") from None


def concerns(affected: dict[str, Any], version: str) -> bool:
    """Whether a version is one of those that an entry of `affected` names, by list or by range."""
    if version in affected.get("versions", ()):
        return True
    try:
        at = Version(version)
        return any(
            _within(each.get("events", ()), at)
            for each in affected.get("ranges", ())
            if each.get("type") == "ECOSYSTEM"
        )
    except InvalidVersion:
        return True  # rather one that somebody looks at than one that nobody does


def _within(events: Iterable[dict[str, str]], at: Version) -> bool:
    inside = False
    for event in sorted(events, key=lambda each: Version(next(iter(each.values())))):
        if "introduced" in event and at >= Version(event["introduced"]):
            inside = True
        elif ("fixed" in event and at >= Version(event["fixed"])) or (
            "last_affected" in event and at > Version(event["last_affected"])
        ):
            inside = False
    return inside


def known(pinned: set[tuple[str, str]], data: Path) -> list[str]:
    """What the advisories of a file say of the packages, a line each. Raises Unreadable, NoData."""
    found, looked = set(), 0
    for each in advisories(data):
        for affected in each.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem") != ECOSYSTEM:
                continue
            looked += 1
            name = canonicalize_name(package.get("name", ""))
            if each.get("withdrawn"):
                continue
            for pinned_name, version in pinned:
                if name == pinned_name and concerns(affected, version):
                    found.add(f"{name} {version}: {each['id']} {each.get('summary', '')}".rstrip())
    if not looked:
        raise NoData(f"{data} holds no advisory on a package of Python")
    return sorted(found)


def asked(locks: list[Path]) -> list[str]:
    """What the service of pip-audit says, a line each. Raises NoData."""
    words = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--no-deps", "--disable-pip"]
    words += [word for lock in locks for word in ("-r", str(lock))]
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=SECONDS, env=dict(os.environ))
        told = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        raise NoData(f"the service gave no answer within {SECONDS} seconds") from None
    except (ValueError, KeyError, TypeError):
        raise NoData("the service of pip-audit was not reached") from None
    left_out = [each["name"] for each in told if "skip_reason" in each]
    if left_out or not told:
        raise NoData(f"the service of pip-audit does not tell about {', '.join(left_out) or 'anything'}")
    return sorted(f"{each['name']} {each['version']}: {hole['id']}" for each in told for hole in each["vulns"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="vulnerabilities")
    parser.add_argument("--data", type=Path, help="advisories in the format of OSV: JSON, or a zip of it")
    parser.add_argument("locks", nargs="+", type=Path, metavar="LOCK")
    given = parser.parse_args()
    try:
        pinned = set().union(*(pins(lock) for lock in given.locks))
        found = known(pinned, given.data) if given.data is not None else asked(given.locks)
    except Unreadable as error:
        print(f"vulnerabilities: {error}", file=sys.stderr)
        return USAGE
    except NoData as error:
        print(f"vulnerabilities: NO DATA: {error}. Nothing was checked.", file=sys.stderr)
        return NO_DATA
    for line in found:
        print(line)
    print(f"{len(pinned)} packages, {len(found)} known holes")
    return FOUND if found else CLEAN


if __name__ == "__main__":
    sys.exit(main())
