"""`deploy/`: the bundle is made, signed and checked, `install.sh` installs it, and the units fit the program."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import click
import pytest

import config
from nrm.application import LARGEST_REQUEST
from nrm.cli import nrm
from nrm.cli.wiping import SETTINGS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = ("nrm", "nrm-erase", "nrm-backup", "nrm-drill", "nrm-doctor")
PROGRAM = """
import os, sys
def main():
    if sys.argv[1:] == ["started"]:
        print(os.environ["NRM_STARTED_BY"])
        return
    print("nrm 9.9" if sys.argv[1:] == ["--version"] else [os.environ["NRM_DATABASE"], *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def bundling() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bundling", DEPLOY / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def make_wheel(folder: Path, name: str, version: str, files: dict[str, str], *more: str) -> Path:
    """A wheel that pip installs."""
    info = f"{name}-{version}.dist-info"
    metadata = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *more, ""])
    files = {**files, f"{info}/METADATA": metadata}
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if "main" in "".join(files.values()):
        files[f"{info}/entry_points.txt"] = "[console_scripts]\nnrm = nrm_main:main\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    record = [f"{each},sha256={_sum(text)},{len(text.encode())}" for each, text in files.items()]
    with zipfile.ZipFile(path, "w") as packed:
        for each, text in files.items():
            packed.writestr(each, text)
        packed.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return path


def _sum(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def new_key(path: Path) -> str:
    """Make a key of ssh; returns its line for the file of those who may sign."""
    words = ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(["ssh-keygen", *words], check=True, timeout=60)
    kind, public, _ = path.with_name(f"{path.name}.pub").read_text().split()
    return f"operator@example {kind} {public}\n"


def fill_wheels(folder: Path) -> None:
    files = {"nrm_main.py": PROGRAM, "nrm-9.9.data/data/share/man/man1/nrm.1": ".TH NRM 1\n"}
    make_wheel(folder, "nrm", "9.9", files, "License-Expression: EUPL-1.2", "Requires-Dist: helper[x]>=2")
    make_wheel(
        folder,
        "helper",
        "2.1",
        {"helper.py": ""},
        "Classifier: License :: OSI Approved :: MIT License",
        "Requires-Dist: absent; extra == 'y'",
        "Requires-Dist: inner; extra == 'x'",
    )
    make_wheel(folder, "inner", "1", {"inner.py": ""})


def test_the_bill_of_materials_says_what_is_needed_and_by_what_hash(bundling: ModuleType, tmp_path: Path) -> None:
    fill_wheels(tmp_path)
    found = bundling.wheels_in(tmp_path)
    told = json.loads(bundling.bill_of_materials(found))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["name"] == "nrm"
    parts = {part["name"]: part for part in told["components"]}
    assert parts.keys() == {"helper", "inner"}
    assert parts["helper"]["licenses"] == [{"license": {"name": "MIT License"}}]
    assert parts["helper"]["purl"] == "pkg:pypi/helper@2.1"
    wheel = tmp_path / "helper-2.1-py3-none-any.whl"
    assert parts["helper"]["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    assert {each["ref"]: each.get("dependsOn", []) for each in told["dependencies"]} == {
        "nrm==9.9": ["helper==2.1"],
        "helper==2.1": ["inner==1"],
        "inner==1": [],
    }
    assert bundling.of_a_small_server(found) == {"nrm", "helper", "inner"}
    (tmp_path / "nrm-9.9-py3-none-any.whl").unlink()
    extra = "Requires-Dist: inner; extra == 'statistics'"
    make_wheel(tmp_path, "nrm", "9.9", {"nrm_main.py": PROGRAM}, extra)
    found = bundling.wheels_in(tmp_path)
    assert bundling.of_a_small_server(found) == {"nrm"}
    assert bundling.needs(found)["nrm"] == {"inner"}
    assert re.findall("^[a-z]+", bundling.requirements(found, {"nrm"}), re.M) == ["nrm"]
    fill_wheels(tmp_path)
    (tmp_path / "inner-1-py3-none-any.whl").unlink()
    with pytest.raises(bundling.Refused, match="helper needs inner"):
        bundling.bill_of_materials(bundling.wheels_in(tmp_path))
    make_wheel(tmp_path, "helper", "1.0", {})
    with pytest.raises(bundling.Refused, match="too many"):
        bundling.wheels_in(tmp_path)


def install(at: Path, *words: str | Path, code: int = 0) -> str:
    """What `install.sh` says; of a refusal the one line, without the name in front."""
    done = subprocess.run(
        ["sh", at / "install.sh", *words], capture_output=True, text=True, timeout=300, check=False, cwd=at.parent
    )
    assert done.returncode == code, done.stdout + done.stderr
    if code:
        *before, line = done.stderr.strip().splitlines()
        assert line.startswith("install.sh: "), done.stderr
        known = ("sha256sum: ", "install.sh: nobody looked at who signed")
        assert all(each.startswith(known) or each.endswith("FAILED") for each in before), done.stderr
        return line.removeprefix("install.sh: ")
    return done.stdout


@pytest.mark.slow
def test_a_bundle_is_installed_again_and_taken_away_and_what_was_recorded_stays(
    bundling: ModuleType, tmp_path: Path
) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on this machine")
    bundle, root, key = tmp_path / "bundle", tmp_path / "root", tmp_path / "key"
    root.mkdir()
    fill_wheels(bundle / "wheels")
    signers, others = tmp_path / "signers", tmp_path / "others"
    signers.write_text(new_key(key))
    others.write_text(new_key(tmp_path / "other"))
    (bundle / "site").mkdir()
    (bundle / "site/index.html").write_text("documents")
    (bundle / "guides/sq").mkdir(parents=True)
    (bundle / "guides/sq/border_officer-1.png").write_bytes(b"picture")
    bundling.fill(bundle)
    bundling.sign(bundle, key)
    here = ("--root", root, "--python", sys.executable)

    told = install(bundle, *here, "--signers", signers, "--dry-run")
    assert "would write" in told
    assert not list(root.iterdir())
    assert "signed this bundle" in install(bundle, *here, "--signers", others, code=2)
    (bundle / "site/more.html").write_text("nobody signed it")
    assert "files that SHA256SUMS does not name" in install(bundle, *here, "--signers", signers, code=2)
    (bundle / "site/more.html").unlink()
    assert "nothing of nrm is installed" in install(bundle, "--uninstall", "--root", root, code=2)
    absent = tmp_path / "absent"
    assert f"there is no folder {absent}; make it first: mkdir -p {absent}" in install(bundle, "--root", absent, code=2)
    assert "--wheel: say what" in install(bundle, "--wheel", code=2)
    assert "--oops: not known" in install(bundle, "--oops", code=2)
    assert "no Python" in install(bundle, "--root", root, "--python", "/bin/false", code=2)

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/operator.md").write_text("of somebody who can write beside the bundle")
    told = install(bundle, *here, "--signers", signers)
    assert "signed by operator@example" in told
    assert "installed: nrm 9.9" in told
    assert "no nrm init, but *When the machine is gone*" in told
    manual = root / "usr/local/share/man/man1/nrm.1"
    assert manual.read_text() == ".TH NRM 1\n"
    guide = root / "opt/nrm/share/doc/operator.md"
    assert "somebody who can write beside" not in guide.read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", guide.read_text("utf-8")):
        assert (guide.parent / link).is_file(), link
    settings, unit = root / "etc/nrm/nrm.env", root / "etc/systemd/system/nrm.service"
    modes = {path.name: oct(path.stat().st_mode)[-3:] for path in (root / "var/lib").iterdir()}
    assert modes == {"nrm": "700", "nrm-main": "700", "nrm-second": "700"}
    assert oct((root / "etc/nrm/keys").stat().st_mode)[-3:] == "700"
    assert f"ExecStart={root}/opt/nrm/bin/nrm serve --dir {root}/var/lib/nrm " in unit.read_text()

    settings.write_text(settings.read_text().replace("nrm-main/main.db", "nrm-main/mine.db"))
    unit.write_text("old")
    (root / "var/lib/nrm/instance.toml").touch()
    assert (root / "opt/nrm/share/doc/site/index.html").read_text() == "documents"
    assert (root / "opt/nrm/share/doc/guides/sq/border_officer-1.png").read_bytes() == b"picture"
    assert "next: nrm upgrade" in install(bundle, *here, "--small")
    assert "serve" in unit.read_text()
    done = subprocess.run(
        [root / "usr/local/sbin/nrm", "doctor", "a b"], check=True, capture_output=True, text=True, cwd="/", timeout=60
    )
    assert done.stdout == f"['{root}/var/lib/nrm-main/mine.db', 'doctor', 'a b']\n"

    program = root / "usr/local/sbin/nrm"
    done = subprocess.run([program, "started"], check=True, capture_output=True, text=True, cwd="/", timeout=60)
    assert done.stdout == f"{program} serve --port 5000\n"

    with (bundle / "wheels/inner-1-py3-none-any.whl").open("ab") as file:
        file.write(b"x")
    assert "damaged" in install(bundle, *here, code=2)
    told = install(bundle, "--uninstall", "--root", root)
    assert "left as they are" in told
    left = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert left == {"etc/nrm/nrm.env", "var/lib/nrm/instance.toml"}


def test_the_guide_looks_at_the_signature_before_anything_of_the_bundle_runs() -> None:
    """A bundle that somebody else made said of itself, by its own script, that it was signed."""
    guide = (ROOT / "docs/operator.md").read_text("utf-8")
    looked = guide.index("ssh-keygen -Y verify -n nrm-bundle")
    assert looked < guide.index("sha256sum --quiet --strict -c SHA256SUMS && sh install.sh --signers")


def test_a_python_that_the_service_could_not_run_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    words = ("--dry-run", "--wheel", DEPLOY / "install.sh", "--python", python)
    assert f"{tmp_path} is closed to the user nrm" in install(DEPLOY, *words, code=2)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        ["sh", DEPLOY / "install.sh", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert f"{tmp_path} is closed" not in done.stderr


def test_what_is_no_wheel_of_this_program_is_refused_before_anything_is_made() -> None:
    told = install(DEPLOY, "--dry-run", "--wheel", DEPLOY / "install.sh", "--python", "/usr/bin/python3", code=2)
    assert "install.sh is no wheel of nrm; its name is as nrm-1.0.0-py3-none-any.whl" in told


def test_before_pip_is_silent_for_minutes_it_is_said_how_long() -> None:
    lines = (DEPLOY / "install.sh").read_text("utf-8").splitlines()
    (first,) = [number for number, line in enumerate(lines) if 'run $pip --require-hashes -r "$lock"' in line]
    assert re.search(r'echo "installing [^"]* minutes', "\n".join(lines[first - 3 : first]))


def test_what_the_units_read_is_on_the_list_of_what_to_keep() -> None:
    guide = (ROOT / "docs/operator.md").read_text("utf-8")
    section = guide.split("## When the machine is gone", 1)[1].split("\n## ", 1)[0]
    text = "".join(path.read_text("utf-8") for path in (DEPLOY / "systemd").iterdir())
    read = set(re.findall(r"/etc/nrm/[a-z.]+", text))
    assert read >= {"/etc/nrm/nrm.env", "/etc/nrm/one.pub", "/etc/nrm/two.pub"}
    table = section.split("\n1. ", 1)[0]
    assert {each for each in (*read, *config.KEY_FILES) if each not in section} == set()
    assert {each for each in read if each not in table} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_may_do_little(name: str, tmp_path: Path) -> None:
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd-analyze is not on this machine")
    units = tmp_path / "etc/systemd/system"
    own = units / ("nrm.service.d" if name == "nrm" else "nrm-.service.d")
    own.mkdir(parents=True)
    shutil.copy(DEPLOY / "systemd" / f"{name}.service", units)
    # Judged as systemd judges, by no policy of this machine, whose folder may be closed to who is not root.
    policy = tmp_path / "policy.json"
    policy.write_text("{}")
    words = ["security", "--offline=yes", f"--root={tmp_path}", "--no-pager", f"{name}.service"]
    words.insert(1, f"--security-policy={policy}")
    for hardened in (False, True):
        if hardened:
            shutil.copy(DEPLOY / "systemd/hardened.conf", own / "10-hardened.conf")
        said = subprocess.run([analyze, *words], check=True, capture_output=True, text=True, timeout=60).stdout
        level = re.search(rf"exposure level for {name}.service: ([0-9.]+)", said)
        assert level, said
        assert (float(level.group(1)) < 2.0) is hardened, said


def test_scripts_are_plain_sh() -> None:
    if (shellcheck := shutil.which("shellcheck")) is None:
        pytest.skip("shellcheck is not on this machine")
    scripts = [DEPLOY / "install.sh", DEPLOY / "nrm"]
    done = subprocess.run([shellcheck, *scripts], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_units_call_commands_and_options_that_are_there() -> None:
    for name in SERVICES:
        text = (DEPLOY / "systemd" / f"{name}.service").read_text("utf-8")
        (line,) = re.findall(r"^ExecStart=/opt/nrm/bin/nrm (.*)$", text, re.M)
        word, *options = line.split()
        command = nrm.get_command(click.Context(nrm), word)
        assert command is not None, line
        known = {option for each in command.params for option in each.opts}
        assert {each for each in options if each.startswith("--")} <= known, line


def test_the_files_fit_the_settings_and_limits_of_the_program() -> None:
    hardened = (DEPLOY / "systemd/hardened.conf").read_text("utf-8")
    container = (DEPLOY / "Containerfile").read_text("utf-8")
    for name, value in SETTINGS.items():
        assert f"Environment={name}={value}\n" in hardened
        assert f"{name}={value}" in container
    written = re.findall(r"^(NRM_\w+)=(\S+)$", (DEPLOY / "nrm.env").read_text("utf-8"), re.M)
    assert {name for name, _ in written} <= set(config.SETTINGS)
    assert set(re.findall(r"\b(NRM_\w+)=", container)) <= set(config.SETTINGS)
    assert config.lying_together(dict(written), Path(dict(written)["NRM_DIR"])) is None
    proxy = (DEPLOY / "nginx/nrm.conf").read_text("utf-8")
    assert f"client_max_body_size {LARGEST_REQUEST // 1024}k;" in proxy
    assert f"client_body_buffer_size {LARGEST_REQUEST // 1024}k;" in proxy


def test_the_unit_of_the_container_has_the_volumes_of_the_image_and_what_the_guide_takes_away() -> None:
    unit = (DEPLOY / "podman/nrm.container").read_text("utf-8")
    lines = [line.partition("=")[::2] for line in unit.splitlines() if re.match(r"[A-Z]\w+=", line)]
    image = (DEPLOY / "Containerfile").read_text("utf-8")
    volumes = json.loads(re.findall(r"^VOLUME (.+)$", image, re.M)[0])
    mounted = [value.partition(":") for name, value in lines if name == "Volume"]
    assert [target for _, _, target in mounted] == volumes
    guide = (DEPLOY.parent / "docs" / "operator.md").read_text("utf-8")
    assert all(f"-v {source}:{target}" in guide for source, _, target in mounted)
    assert {("ReadOnly", "true"), ("DropCapability", "all"), ("NoNewPrivileges", "true"), ("Restart", "always")} <= set(
        lines
    )
    for setting in dict(lines)["Environment"].split():
        assert setting.partition("=")[0] in config.SETTINGS


def test_the_image_that_runs_builds_nothing_and_is_nobodys_root() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    stages = re.split(r"^FROM ", text, flags=re.M)[1:]
    assert len(stages) == 2
    build, final = stages
    assert '--require-hashes -r "${LOCK}"' in build
    assert "ARG LOCK=requirements-statistics.lock\n" in build
    assert "uninstall --quiet --yes setuptools pip" in build
    assert not re.search(r"\bpip3?\b|gcc|build-essential|-dev\b|python3-venv|\bgit\b|curl|wget", final)
    assert re.search(r"^USER 10001:10001$", final, re.M)
    assert re.search(r"^COPY --from=build /opt/nrm /opt/nrm$", final, re.M)
    assert "chown" not in final
    places = re.search(r"^VOLUME (\[.*\])$", final, re.M)
    assert places
    folders = {
        os.path.dirname(value) if value.endswith(".db") else value for value in re.findall(r"NRM_\w+=(\S+)", final)
    }
    assert folders == set(json.loads(places.group(1)))
