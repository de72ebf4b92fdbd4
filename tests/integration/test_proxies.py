"""The samples for proxies in `deploy/`: each is started as it is, but for its ports and the places of its files."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nrm.application import LARGEST_REQUEST
from tests import factories
from tests.integration.test_serving import PROGRAM, children, stop, until
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
NAME = "nrm.example.al"
NGINX = """
daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/main.log crit;
events {{}}
http {{
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f;
    uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
    include {place}/nrm.conf;
}}
"""


@dataclass(frozen=True)
class Behind:
    """A server of nrm that knows of one proxy in front of it, and the certificate of that proxy."""

    port: int
    tls: int
    plain: int
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def behind(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    place = tmp_path_factory.mktemp("behind")
    factories.copy_instance(template, place / "instance")
    key, certificate = place / "key.pem", place / "certificate.pem"
    words = f"-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={NAME}".split()
    words += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *words], check=True, capture_output=True, timeout=60)
    port, tls, plain = free_port(), free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "serve", "--dir", place / "instance", "--port", str(port), "--workers", "1"],
        env={**os.environ, "NRM_PROXIES": "1", "NRM_ADDRESS": f"https://{NAME}:{tls}"},
        cwd=ROOT,
    )
    workers: set[int] = set()
    try:
        until(lambda: process.poll() is not None or (bool(children(process.pid)) and listens(port)), seconds=120)
        workers = children(process.pid)
        yield Behind(port, tls, plain, certificate, key)
    finally:
        stop(process, workers | children(process.pid))


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def nginx(behind: Behind, place: Path) -> list[str]:
    sample = (ROOT / "deploy/nginx/nrm.conf").read_text("utf-8")
    sample = "\n".join(line for line in sample.splitlines() if "listen [::]" not in line)
    changes = {"listen 80": f"listen 127.0.0.1:{behind.plain}", "listen 443": f"listen 127.0.0.1:{behind.tls}"}
    changes |= {f"https://{NAME}": f"https://{NAME}:{behind.tls}", "127.0.0.1:5000": f"127.0.0.1:{behind.port}"}
    changes |= {"/etc/nginx/nrm": str(behind.key.parent), "/var/log/nginx": str(place)}
    (place / "nrm.conf").write_text(changed(sample, changes))
    (place / "nginx.conf").write_text(NGINX.format(place=place))
    return ["-c", str(place / "nginx.conf"), "-e", str(place / "start.log")]


def caddy(behind: Behind, place: Path) -> list[str]:
    sample = (ROOT / "deploy/caddy/Caddyfile").read_text("utf-8")
    ports = f"admin off\n\thttp_port {behind.plain}\n\thttps_port {behind.tls}\n\tdefault_bind 127.0.0.1"
    changes = {"admin off": ports, "127.0.0.1:5000": f"127.0.0.1:{behind.port}"}
    changes |= {"/etc/caddy/nrm": str(behind.key.parent)}
    (place / "Caddyfile").write_text(changed(sample, changes))
    return ["run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")]


def changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.mark.slow
@pytest.mark.parametrize("sample", [nginx, caddy])
def test_the_sample_serves_over_tls_within_its_limits_and_tells_who_asked(
    sample: Callable[[Behind, Path], list[str]], behind: Behind, tmp_path: Path
) -> None:
    program = shutil.which(sample.__name__, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip(f"{sample.__name__} is not on this machine")
    said = tmp_path / "said"
    with said.open("wb") as told:
        process = subprocess.Popen(
            [program, *sample(behind, tmp_path)], env={**os.environ, "HOME": str(tmp_path)}, stdout=told, stderr=told
        )
    try:
        until(lambda: process.poll() is not None or (listens(behind.tls) and listens(behind.plain)))
        assert process.poll() is None, said.read_text()

        status, headers, page = asked(behind, "/sign-in?lang=en")
        assert (status, 'name="password"' in page) == (200, True)
        assert headers["Strict-Transport-Security"].startswith("max-age=")

        # From another address of this machine: what the request says of itself is not believed.
        lies = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
        assert asked(behind, "/healthz", headers=lies, come_from="127.0.0.2")[2] == '{"ok": true}'
        assert '"parts"' in asked(behind, "/healthz", headers={"X-Forwarded-For": "192.0.2.1"})[2]
        assert asked(behind, "/sign-in", headers=lies)[0] == 200

        largest = asked(behind, "/sign-in", body=b"a=" + b"x" * (LARGEST_REQUEST - 2))
        assert largest[0] == 422, largest[2]  # it arrives: the program itself says no, for want of a token
        assert asked(behind, "/sign-in", body=b"a=" + b"x" * LARGEST_REQUEST)[0] == 413
        status, headers, _ = asked(behind, "/sign-in", body=b"", headers={"Content-Length": "1000000"})
        assert (status, "Content-Security-Policy" in headers) == (413, False)  # the proxy itself, before it arrives

        plain = http.client.HTTPConnection("127.0.0.1", behind.plain, timeout=20)
        plain.request("GET", "/sign-in?lang=en", headers={"Host": NAME})
        moved = plain.getresponse()
        assert moved.status in (301, 308)
        assert moved.headers["Location"].replace(f":{behind.tls}", "") == f"https://{NAME}/sign-in?lang=en"
        plain.close()

        with pytest.raises(ssl.SSLError):
            asked(behind, "/sign-in", name="other.example")
    finally:
        process.terminate()
        process.wait(timeout=20)
    logs = [path for path in (said, *tmp_path.glob("*.log")) if path.exists()]
    assert not [
        line for path in logs for line in path.read_text().splitlines() if "127.0.0.2" in line or "/sign" in line
    ]


def asked(
    behind: Behind,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    come_from: str = "127.0.0.1",
    name: str = NAME,
) -> tuple[int, http.client.HTTPMessage, str]:
    """Status, headers and page of a request over TLS for `name`."""
    context = ssl.create_default_context(cafile=str(behind.certificate))
    with socket.create_connection(("127.0.0.1", behind.tls), 20, (come_from, 0)) as reached:
        connection = http.client.HTTPConnection(name, behind.tls)
        connection.sock = context.wrap_socket(reached, server_hostname=name)
        sent = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        connection.request("GET" if body is None else "POST", path, body, {**sent, **(headers or {})})
        answer = connection.getresponse()
        told = answer.status, answer.headers, answer.read().decode()
        connection.close()
    return told
