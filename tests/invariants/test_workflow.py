"""The workflow of the forge runs what a developer runs, and the dependencies that it proposes are ours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

TOP = Path(__file__).parents[2]
CHECK = TOP / ".github/workflows/check.yml"


def test_the_workflow_runs_make_check_on_the_oldest_python_and_a_new_one() -> None:
    text = CHECK.read_text("utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    pythons = jobs["check"]["strategy"]["matrix"]["python"]
    least = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert pythons == [least.removeprefix(">="), "3.13"]
    targets = {word for job in jobs.values() for step in job["steps"] for word in re.findall(r"make (\w+)", str(step))}
    assert targets == {"check", "site", "vulnerabilities"}
    made = set(re.findall(r"^([\w-]+):(?!=)", (TOP / "Makefile").read_text("utf-8"), re.M))
    assert targets <= made
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_types_are_checked_for_the_python_that_checks_them() -> None:
    """The locks bring other versions for a newer one, and what describes their types may need it."""
    assert "python_version" not in tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]


def test_every_action_is_pinned_by_a_whole_version_or_a_digest_and_no_host_is_named() -> None:
    used = re.findall(r"uses: (\S+)", CHECK.read_text("utf-8"))
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w/-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})", each)] == []
    for path in (TOP / ".github").rglob("*.yml"):
        assert "://" not in path.read_text("utf-8"), path


def test_updates_are_proposed_for_what_is_pinned_here() -> None:
    updates = yaml.safe_load((TOP / ".github/dependabot.yml").read_text("utf-8"))["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"pip", "github-actions"}
    assert all((TOP / each["directory"].strip("/")).is_dir() for each in updates)


def test_what_the_workflow_says_of_other_machines_is_so() -> None:
    run = (TOP / ".ci" / "run").read_text("utf-8")
    assert re.findall(r"make ([\w-]+)", run) == ["test"]
    assert "`.ci/run`, for other machines, runs the\n# tests alone" in CHECK.read_text("utf-8")
