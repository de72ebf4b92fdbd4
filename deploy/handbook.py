"""`make site`: the documents as pages of plain HTML, made without network, for a server that has none (ADR 0191).

    python deploy/handbook.py OUT

A link that leads nowhere, to a file or to a heading, stops it.
"""

from __future__ import annotations

import logging
import re
import shutil
import sys
import tempfile
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

TOP = Path(__file__).resolve().parents[1]
THEME = TOP / "deploy" / "handbook"
FIRST = ("README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")
LINK = re.compile(r"\]\(([^)#\s:]+)")
NAV = [
    {"What it is": "README.md"},
    {"Operator's guide": "docs/operator.md"},
    {"Data protection": "docs/data-protection.md"},
    {"Mbrojtja e të dhënave": "docs/data-protection.sq.md"},
    {"Threat model": "docs/threat-model.md"},
    {"Security reports": "SECURITY.md"},
    {"What changed": "CHANGELOG.md"},
    {"Statistics": "docs/statistics.md"},
    {"Linkage": "docs/linkage.md"},
    {"Glossary": "docs/glossary.md"},
    {"Architecture": "docs/architecture.md"},
    {"Working on it": "CONTRIBUTING.md"},
    {"Decisions": "docs/adr/README.md"},
    {"Who reaches what": "docs/access.md"},
    {"Licences": "docs/licences.md"},
]


def gathered(top: Path, place: Path) -> None:
    """Every document at its place, and each file that one of them names."""
    wanted = [*(top / name for name in FIRST), *(top / "docs").rglob("*.md")]
    while wanted:
        source = wanted.pop().resolve()
        target = place / source.relative_to(top.resolve())
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        if source.suffix == ".md":
            named = (source.parent / link for link in LINK.findall(source.read_text("utf-8")))
            wanted += [each for each in named if each.is_file()]


def make(out: Path, top: Path = TOP) -> None:
    """Raises MkDocsException: with a link that leads nowhere nothing is made."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "documents"
        gathered(top, place)
        built = Path(folder) / "built"
        config = load_config(
            config_file=str(_empty(Path(folder))),
            site_name="nrm: documentation",
            site_url="",
            docs_dir=str(place),
            site_dir=str(built),
            theme={"name": None, "custom_dir": str(THEME), "static_templates": []},
            nav=NAV,
            plugins=[],
            use_directory_urls=False,
            strict=True,
            markdown_extensions=["tables", "fenced_code", "toc", "sane_lists"],
            validation={
                "nav": {"omitted_files": "ignore", "not_found": "warn", "absolute_links": "warn"},
                "links": {
                    "not_found": "warn",
                    "anchors": "warn",
                    "absolute_links": "warn",
                    "unrecognized_links": "warn",
                },
            },
        )
        build(config)
        for sitemap in built.glob("sitemap.xml*"):
            sitemap.unlink()
        if out.exists():
            shutil.rmtree(out)
        shutil.copytree(built, out)


def _empty(folder: Path) -> Path:
    path = folder / "mkdocs.yml"
    path.write_text("site_name: nrm\n", "utf-8")
    return path


def main() -> int:
    if len(sys.argv) != 2:
        print("site: say where to write it", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="site: %(message)s")  # which link leads nowhere
    try:
        make(Path(sys.argv[1]))
    except MkDocsException as error:
        print(f"site: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
