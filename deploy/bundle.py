"""A bundle for a machine without network, from a folder of wheels: hashes, a list of parts (CycloneDX), a signature.

`make bundle` calls it; `install.sh` in the bundle installs from it.
"""

from __future__ import annotations

import email
import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (  # what it refers to, and what an office asks for before it begins
    *("docs/operator.md", "docs/commands.md", "docs/failures.md"),
    *("docs/data-protection.md", "docs/data-protection.sq.md", "docs/threat-model.md", "docs/access.md"),
    "docs/release-reader.sql",
)
BESIDE = ("deploy/install.sh", "deploy/nrm", "deploy/nrm.env", "deploy/Containerfile", *GUIDE, "LICENSE")
FOLDERS = ("deploy/systemd", "deploy/nginx", "deploy/caddy", "deploy/podman")
PROGRAM = "nrm"
EXTRA = "statistics"  # which `install.sh --small` leaves out
SUMS = "SHA256SUMS"
NAMESPACE = "nrm-bundle"  # of the signature: the same key signs other things, too


class Refused(Exception):
    """No bundle is made; the message says why."""


@dataclass(frozen=True)
class Wheel:
    """A wheel of the bundle, and what it says of itself."""

    path: Path
    metadata: Message
    sha256: str

    @property
    def name(self) -> str:
        return canonicalize_name(self.metadata["Name"])

    @property
    def version(self) -> str:
        return str(self.metadata["Version"])


def wheels_in(folder: Path) -> dict[str, Wheel]:
    """Every wheel of a folder by its name. Raises Refused."""
    found: dict[str, Wheel] = {}
    for path in sorted(folder.iterdir()):
        try:
            with zipfile.ZipFile(path) as packed:
                (inside,) = (name for name in packed.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
                metadata = email.message_from_bytes(packed.read(inside))
        except (ValueError, OSError, zipfile.BadZipFile):
            raise Refused(f"{path} is no wheel") from None
        wheel = Wheel(path, metadata, digest(path))
        if wheel.name in found:
            raise Refused(f"{path} and {found[wheel.name].path}: one of them is too many")
        found[wheel.name] = wheel
    if PROGRAM not in found:
        raise Refused(f"{folder} holds no wheel of {PROGRAM}")
    return found


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def made_for() -> str:
    """As `install.sh` asks the Python of the machine."""
    return f"Python {sys.version_info[0]}.{sys.version_info[1]} on {platform.machine()}"


def requirements(wheels: dict[str, Wheel], only: Collection[str] | None = None) -> str:
    chosen = [each for each in wheels.values() if only is None or each.name in only]
    lines = [f"{each.name}=={each.version} --hash=sha256:{each.sha256}" for each in chosen]
    return "\n".join([f"# for {made_for()}", *lines, ""])


def of_a_small_server(wheels: dict[str, Wheel]) -> set[str]:
    """The wheels that the program needs without its extra."""
    needed, found, left = needs(wheels, extra=""), {PROGRAM}, [PROGRAM]
    while left:
        more = needed[left.pop()] - found
        found |= more
        left += more
    return found


def needs(wheels: dict[str, Wheel], extra: str = EXTRA) -> dict[str, set[str]]:
    """Which wheels each one needs here, with the extras that another one asks for; the program with its `extra`. Raises
    Refused for one not there."""
    extras: dict[str, set[str]] = defaultdict(lambda: {""})
    extras[PROGRAM] = {"", extra}
    found: dict[str, set[str]] = {name: set() for name in wheels}
    left = list(wheels)
    while left:
        wheel = wheels[left.pop()]
        for text in wheel.metadata.get_all("Requires-Dist", []):
            needed = Requirement(text)
            if needed.marker and not any(needed.marker.evaluate({"extra": each}) for each in extras[wheel.name]):
                continue
            name = canonicalize_name(needed.name)
            if name not in wheels:
                raise Refused(f"{wheel.name} needs {needed}, which is not among the wheels")
            if not needed.specifier.contains(wheels[name].version, prereleases=True):
                raise Refused(f"{wheel.name} needs {needed}, and {wheels[name].version} is among the wheels")
            found[wheel.name].add(name)
            if needed.extras - extras[name]:
                extras[name] |= needed.extras
                left.append(name)
    return found


def bill_of_materials(wheels: dict[str, Wheel]) -> str:
    """CycloneDX 1.6 as JSON: every wheel, its hash, its licence, and what it needs."""
    components = {name: _component(each) for name, each in wheels.items()}
    bom = Bom(components=[each for name, each in components.items() if name != PROGRAM])
    bom.metadata.component = components[PROGRAM]
    for name, needed in needs(wheels).items():
        bom.register_dependency(components[name], [components[each] for each in sorted(needed)])
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(wheel: Wheel) -> Component:
    return Component(
        name=wheel.name,
        version=wheel.version,
        type=ComponentType.APPLICATION if wheel.name == PROGRAM else ComponentType.LIBRARY,
        bom_ref=f"{wheel.name}=={wheel.version}",
        purl=PackageURL("pypi", None, wheel.name, wheel.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        licenses=list(_licences(wheel.metadata)),
    )


def _licences(metadata: Message) -> Iterator[License]:
    """The expression of SPDX; of an older wheel what its classifiers say, or its own words."""
    factory = LicenseFactory()
    marks = [each for each in metadata.get_all("Classifier", []) if each.startswith("License :: OSI Approved :: ")]
    if expression := metadata["License-Expression"]:
        yield factory.make_from_string(expression)
    elif marks:
        yield from (factory.make_with_name(each.rpartition(" :: ")[2]) for each in marks)
    elif words := (metadata["License"] or "").strip():
        yield factory.make_from_string(words.splitlines()[0])


def fill(bundle: Path) -> None:
    """Write all that stands beside `wheels/` in the folder of the bundle, and last the sums. Raises Refused."""
    wheels = wheels_in(bundle / "wheels")
    (bundle / "sbom.cdx.json").write_text(bill_of_materials(wheels), "utf-8")
    (bundle / "requirements.txt").write_text(requirements(wheels), "utf-8")
    small = requirements(wheels, of_a_small_server(wheels))
    (bundle / "requirements-small.txt").write_text(small, "utf-8")
    for name in BESIDE:
        shutil.copy(ROOT / name, bundle)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, bundle / Path(name).name, dirs_exist_ok=True)
    files = sorted(path for path in bundle.rglob("*") if path.is_file() and not path.name.startswith(SUMS))
    (bundle / SUMS).write_text("".join(f"{digest(path)}  {path.relative_to(bundle)}\n" for path in files), "utf-8")


def sign(bundle: Path, key: Path) -> None:
    """Write the signature beside the sums, with a key of ssh. Raises Refused."""
    if not key.is_file():
        raise Refused(f"BUNDLE_KEY: there is no file {key}; ssh-keygen -t ed25519 makes one")
    done = subprocess.run(["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", key, bundle / SUMS], check=False)
    if done.returncode:
        raise Refused(f"BUNDLE_KEY: {key} does not sign")


def main() -> int:
    if len(sys.argv) != 3 or not sys.argv[2]:
        print("bundle: BUNDLE_KEY: name the private key of ssh that signs it", file=sys.stderr)
        return 2
    bundle, key = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        fill(bundle)
        sign(bundle, key)
        named = wheels_in(bundle / "wheels")[PROGRAM]
    except Refused as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 2
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    name = f"{PROGRAM}-{named.version}-py{version}-{platform.machine()}"
    archive = bundle.parent / f"{name}.tar"
    with tarfile.open(archive, "w") as packed:
        packed.add(bundle, name)
    print(archive)
    return 0


if __name__ == "__main__":
    sys.exit(main())
