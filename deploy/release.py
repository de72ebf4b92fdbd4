"""A release: what it may be made of, and the folder that is given out. `make release` calls it.

Parts, sums and signature are those of a bundle (`bundle.py`), so there is one way to check either (ADR 0191).

`release.py check` refuses a tree that is not what its version says. `release.py write FOLDER KEY` completes the folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from bundle import PROGRAM, SUMS, Refused, bill_of_materials, digest, sign, wheels_in

AUDIENCES = {
    "officers": r"officers|crossing points|every member",
    "shelters": r"shelters|every member",
    "the ministry": r"ministry|every member",
    "operators": r"operators",
    "developers": r"developers",
}
"""Each release says something to each; where nothing changes for one, it says that."""


def git(top: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", top, *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def version_of(top: Path) -> str:
    return str(tomllib.loads((top / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def notes(top: Path) -> str:
    """What `CHANGELOG.md` says of this version, by audience. Raises Refused."""
    version = version_of(top)
    heads = re.split(r"^## ", (top / "CHANGELOG.md").read_text("utf-8"), flags=re.M)[1:]
    if not heads:
        raise Refused("CHANGELOG.md: it names no version")
    name, _, text = heads[0].partition("\n")
    if not re.fullmatch(re.escape(version) + r" — \d{4}-\d{2}-\d{2}", name):
        raise Refused(f"CHANGELOG.md: the first heading is {name!r}; write the notes of '{version} — DATE' there")
    told = re.findall(r"^### For (.+)\n\n(?=- )", text, re.M)
    for audience, words in AUDIENCES.items():
        if not any(re.search(words, each) for each in told):
            raise Refused(f"CHANGELOG.md: {version} says nothing for {audience}; say it, or that nothing changes")
    return f"{PROGRAM} {version}\n\n{text.strip()}\n"


def check(top: Path) -> str:
    """The notes of the version, if the tree is what its last commit says and no other has its tag. Raises Refused."""
    if changed := git(top, "status", "--porcelain"):
        raise Refused(f"the tree is not what was committed: {changed.splitlines()[0].strip()}")
    found, version = notes(top), version_of(top)
    if not (top / "tests/releases" / f"{version}.tar.xz").is_file():
        raise Refused(
            f"tests/releases: there is no database of {version}, which later versions must be able to upgrade"
        )
    tagged = git(top, "tag", "--list", f"v{version}")
    if tagged and git(top, "rev-parse", f"v{version}^{{commit}}") != git(top, "rev-parse", "HEAD"):
        raise Refused(f"v{version} is the tag of another commit: give this one a new version")
    return found


def write(folder: Path, key: Path, told: str) -> list[Path]:
    """Complete the folder, in which `wheels/` holds the program and all it needs, and the source package lies.

    It gets the notes, the list of parts, the sums and their signature; `wheels/` is not given out. Raises Refused.
    """
    wheels = wheels_in(folder / "wheels")
    own = wheels[PROGRAM]
    if not (folder / f"{PROGRAM}-{own.version}.tar.gz").is_file():
        raise Refused(f"{folder} holds no source package of {own.version}")
    shutil.copy(own.path, folder)
    (folder / "sbom.cdx.json").write_text(bill_of_materials(wheels), "utf-8")
    (folder / "NOTES.md").write_text(told, "utf-8")
    shutil.rmtree(folder / "wheels")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(SUMS))
    (folder / SUMS).write_text("".join(f"{digest(path)}  {path.name}\n" for path in files), "utf-8")
    sign(folder, key)
    return [*files, folder / SUMS, folder / f"{SUMS}.sig"]


def main(words: list[str]) -> int:
    top = Path.cwd()
    try:
        told = check(top)
        if words == ["check"]:
            return 0
        if len(words) != 3 or words[0] != "write":
            raise Refused("say check, or write FOLDER KEY")
        for path in write(Path(words[1]), Path(words[2]), told):
            print(path)
    except Refused as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    version = version_of(top)
    print(f"now: git tag -a v{version} --cleanup=verbatim -F {words[1]}/NOTES.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
