"""Every package that the program installs is listed with its licence, and the program may be handed on with it."""

from __future__ import annotations

import re
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

ROOT = Path(__file__).parents[2]
# What may stand beside a work under the EUPL-1.2: its appendix names the GPL and the LGPL.
COMPATIBLE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0"),
    *("Zlib", "OFL-1.1", "LGPL-2.1-or-later", "LGPL-3.0-only", "GPL-3.0-only"),
}


def locked(name: str = "requirements-statistics.lock") -> set[str]:
    return set(re.findall(r"^([a-z0-9_.-]+)==", (ROOT / name).read_text(), re.MULTILINE))


def listed() -> list[tuple[str, str]]:
    """(package, licence) of each in the table."""
    rows = re.findall(
        r"^\| (?!licence)([^|-][^|]*) \| ([^|]+) \|$", (ROOT / "docs/licences.md").read_text(), re.MULTILINE
    )
    return [(package, licence) for licence, packages in rows for package in packages.split(", ")]


def test_every_package_of_the_lock_file_stands_in_the_table_once() -> None:
    assert Counter(package for package, _ in listed()) == Counter(locked())


def test_a_small_server_installs_less_and_nothing_else() -> None:
    small, whole = locked("requirements.lock"), locked()
    assert small < whole
    assert {"numpy", "highspy", "ortools", "pandas"} <= whole - small


@pytest.mark.parametrize("licence", sorted({licence for _, licence in listed()}))
def test_a_licence_is_one_of_spdx_and_may_stand_beside_ours(licence: str) -> None:
    assert canonicalize_license_expression(licence) == licence
    ways = [set(re.split(r" AND ", way)) for way in licence.split(" OR ")]
    assert any(way <= COMPATIBLE for way in ways), licence


@pytest.mark.parametrize(("package", "licence"), listed())
def test_a_package_says_the_same_of_itself(package: str, licence: str) -> None:
    try:
        about = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return  # for another kind of Python
    if own := about.get("License-Expression"):
        assert canonicalize_license_expression(own) == licence
        return
    said = " ".join([about.get("License", ""), *about.get_all("Classifier", [])])
    family = re.split(r"[-\d]", licence)[0]
    assert family in said.replace("Python Software Foundation", "PSF"), said[:200]
