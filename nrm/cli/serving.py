"""Serving an instance with a production server, and doing what time brings (ADR 0039)."""

from __future__ import annotations

import fcntl
import gc
import json
import multiprocessing
import os
import shutil
import signal
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from flask import Flask, current_app
from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from config import LOOPBACK
from nrm import clock, faults, log_lines
from nrm.actions import checkpoints, tending
from nrm.actions.accounts import mailboxes
from nrm.actions.agreement import agreement_versions
from nrm.cli.gateway import Gateway
from nrm.cli.places.clock import believe, clock_option
from nrm.cli.places.key_files import refuse_others
from nrm.cli.places.misspelt import tell_misspelt
from nrm.cli.refusals import Refused
from nrm.cli.said.failures import of_port
from nrm.cli.said.kinds import Whole
from nrm.cli.telling import json_option, remark
from nrm.cli.usage import application, instance_option
from nrm.db import empty_log
from nrm.steps import health, key_files

TEND_SECONDS = 60
THREADS = 2  # of each worker; more of them would slow down writers (ADR 0040)
BODY_SECONDS = 60  # for a form to arrive
LAST_SECONDS = 10  # for what a worker is answering when it is told to end


@click.command()
@instance_option
@click.option("--host", default="127.0.0.1", help="The address to listen on (default: 127.0.0.1).")
@click.option("--port", default=5000, type=Whole(1, 65535), help="The port to listen on (default: 5000).")
@click.option("--workers", default=2, type=Whole(1, 64), help="How many processes answer (default: 2).")
def serve(directory: Path, host: str, port: int, workers: int) -> None:
    """Serve the instance until stopped."""
    tell_misspelt(os.environ)
    os.environ[health.FIGURES] = figures = tempfile.mkdtemp(prefix="nrm-figures-")
    try:
        run_server(directory, host=host, port=port, workers=workers)
    finally:
        del os.environ[health.FIGURES]
        shutil.rmtree(figures, ignore_errors=True)


def run_server(
    directory: Path,
    *,
    host: str,
    port: int,
    workers: int,
    answer: str = "",
    takes_over: Callable[[], None] | None = None,
) -> None:
    """Check that the instance can start, then serve it; a plain HTTP port is for loopback or behind a proxy.

    `answer` is printed to standard output when somebody answers. `takes_over`: lets whoever has answered at the port
    until now leave, in any worker.

    The workers are forked from this process and take the application that was checked, without a connection in it. One
    that dies is replaced, unless the one in its place dies within seconds too.
    """
    app = application(directory, pages=True)
    config = app.extensions["nrm.config"]
    refuse_others(key_files.wrong_by_notes(config.directory, config.secrets), config.directory)
    tls = config.tls_certificate is not None
    if not tls and not config.proxies and not (app.extensions["nrm.synthetic"] and host in LOOPBACK):
        raise Refused(
            "NRM_TLS_CERTIFICATE: set it with NRM_TLS_KEY, or declare a TLS proxy by NRM_PROXIES=1; "
            "only a demo country on 127.0.0.1 may speak plain HTTP"
        )
    if not config.address and not app.extensions["nrm.synthetic"]:
        raise Refused(
            "NRM_ADDRESS: set it to the address that people open, https://...; requests for other hosts are refused"
        )
    address = host if takes_over is not None else _address(host, port)
    if not tls and host not in LOOPBACK:
        remark(f"plain HTTP at {host}: let nobody but the proxy reach this port")
    if config.tls_certificate is not None and config.tls_key is not None:
        _check_certificate(config.tls_certificate, config.tls_key)
    multiprocessing.set_start_method("fork", force=True)
    # What lives as long as the process stays where it is: no collection walks through it, and the workers share it.
    gc.freeze()
    gc.enable()
    gateway = Gateway(app, threads=THREADS, largest=app.config["MAX_CONTENT_LENGTH"], seconds=BODY_SECONDS)
    shown = f"[{host}]" if ":" in host else host
    sentence = f"serving at {'https' if tls else 'http'}://{shown}:{port}"
    if config.log_format == log_lines.JSON:
        sentence = log_lines.line("info", "nrm.serving", sentence, clock.now())
    ready = Ready(address, port, sentence, answer=answer, takes_over=takes_over)
    Server(
        "nrm",
        address=address,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # a connection sends one form at a time, so that connections bound the memory of forms
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=LAST_SECONDS,
        backlog=1024,
        log_access=False,  # an access log would hold addresses and times of people at a border post
        log_level="warning",  # type: ignore[arg-type]
        log_dictconfig=log_lines.of_granian(config.log_format),
        ssl_cert=config.tls_certificate,
        ssl_key=config.tls_key,
        websockets=False,
    ).serve(target_loader=partial(_in_worker, app, gateway, ready), wrap_loader=False)  # type: ignore[arg-type]


def _address(host: str, port: int) -> str:
    """The address to listen on. Raises Refused where nobody can, or somebody does: the server itself would share it."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise Refused(f"--host: {host} is no address of a machine") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise Refused(f"--host {host} --port {port}: {of_port(error)}") from None
    return str(address[0])


def _check_certificate(certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError):
        raise Refused(
            "NRM_TLS_CERTIFICATE, NRM_TLS_KEY: give a certificate and its key, both PEM, the key without a password"
        ) from None


class Ready:
    """Says once, on standard error, that somebody answers at the port; made before the workers are forked."""

    def __init__(
        self,
        address: str,
        port: int,
        sentence: str,
        *,
        answer: str = "",
        takes_over: Callable[[], None] | None = None,
    ) -> None:
        self.address, self.port, self.sentence, self.answer = address, port, sentence, answer
        self._takes_over = takes_over
        self._unsaid = multiprocessing.Semaphore(1)

    def say(self) -> None:
        """Wait until a connection is taken, and say it if no other worker did."""
        if self._takes_over is not None:
            self._takes_over()
        pause = threading.Event()
        while True:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
                break
            except OSError:
                pause.wait(0.02)
        if self._unsaid.acquire(block=False):
            if self.answer:
                click.echo(self.answer)
            click.echo(self.sentence, err=True)


def _in_worker(app: Flask, gateway: Gateway, ready: Ready) -> Gateway:
    """Start the thread that tends every minute, in whichever worker process gets the lock."""
    threading.Thread(target=_end_with_the_server, name="watch", daemon=True).start()
    threading.Thread(target=ready.say, name="ready", daemon=True).start()
    threading.Thread(target=_tend_forever, args=(app,), name="tend", daemon=True).start()
    return gateway


def _end_with_the_server() -> None:
    """End this worker once the process that watches over the workers is gone, killed by whatever: nobody would replace
    a worker any more, and the port would stay taken."""
    server = multiprocessing.parent_process()
    assert server is not None
    server.join()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(LAST_SECONDS)
    os._exit(1)


def _tend_forever(app: Flask) -> None:
    descriptor = os.open(app.extensions["nrm.config"].directory / "tend.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # the other workers wait here, ready to take over
    note_beginning(app.extensions["nrm.config"].directory)
    pause = threading.Event()
    while not pause.wait(TEND_SECONDS):
        try:
            with app.app_context():
                _do_what_is_due()
        except Refused as refused:
            app.logger.error("not tended: %s", refused)
        except Exception as error:  # noqa: BLE001 - the next minute tries again
            app.logger.error("tend failed: %s", faults.described(error))


def note_beginning(directory: Path) -> None:
    """From here on the instance is tended; a clock that jumped is not taken for the right one."""
    if health.clock_jump(directory) is None:
        health.note(directory, health.TENDED)


@click.command()
@json_option("each of what was done with how many of it", always=True)
@clock_option
@instance_option
def tend(directory: Path, clock_is_right: bool) -> None:
    """Do all that time brings: expiry, destroyed keys, released places. Doing it again changes nothing.

    Where the clock is days ahead of the last time, nothing is ended until somebody looked at it; alarms, e-mail and the
    checkpoint of the last minute go on.
    """
    tell_misspelt(os.environ)
    with application(directory).app_context():
        click.echo(json.dumps(_do_what_is_due(clock_is_right=clock_is_right), sort_keys=True))


def _do_what_is_due(*, clock_is_right: bool = False) -> dict[str, int]:
    """`tending.tend`, the checkpoint of the day (`checkpoints_written`), and at the end e-mail (`messages_sent`).

    Raises Refused where the clock may be ahead, after what ends nothing was done: a later clock does it again.
    """
    directory = current_app.extensions["nrm.config"].directory
    try:
        believed = believe(is_right=clock_is_right)
    except Refused:
        tending.keep_watch()
        _say_what_is_there()
        _send_messages()
        raise
    done = {**tending.tend(), "checkpoints_written": checkpoints.daily()}
    _say_what_is_there()
    if believed:
        health.note(directory, health.TENDED)
    else:
        current_app.logger.error("the clock: %s", health.clock_doubted(directory))
    done["messages_sent"] = _send_messages()
    empty_log()
    return done


def _say_what_is_there() -> None:
    """Bring the checkpoint of the last minute to the end of the chain, and log which files are gone."""
    checkpoints.follow()
    for path in health.lost_files():
        current_app.logger.error("%s is not the file any more that is open: %s", path, health.LEFT)


def _send_messages() -> int:
    return mailboxes.send_due(agreement_versions.parties_to_sign())
