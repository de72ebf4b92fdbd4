"""The places of a new instance: looked at before anything is made, and cleared where something went wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from config import MisConfigured, database_addresses, key_files
from nrm.cli.refusals import Refused

_BESIDE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class NewPlaces:
    """Where the key files and those databases that are files are to be made."""

    keys: Mapping[str, Path]
    databases: tuple[Path, ...]


def new_places(directory: Path) -> NewPlaces:
    """Where a new instance is to be made. Raises Refused for a key file or a database that is there already, and for a
    database whose folder is not: it may be a disk that is not mounted, so nobody makes it unasked."""
    keys = key_files(os.environ, directory)
    try:
        addresses = database_addresses(os.environ, directory)
    except MisConfigured as error:
        raise Refused(str(error)) from None
    databases = []
    for setting, address in zip(("NRM_DATABASE", "NRM_SHRED_DATABASE"), addresses, strict=True):
        url = make_url(address)
        if url.get_backend_name() != "sqlite":
            continue
        file = Path(url.database or "")
        databases.append(file)
        if os.path.exists(file):
            raise Refused(f"{setting}: {file} is there already; a new instance never writes over a database")
        if file.parent != directory.absolute() and not os.path.isdir(file.parent):
            raise Refused(
                f"{setting}: there is no folder {file.parent}; mount its disk, or make it: "
                f"install -d -m 0700 {file.parent}"
            )
        if os.path.isdir(file.parent) and not os.access(file.parent, os.W_OK | os.X_OK):
            named = "--dir" if file.parent == directory.absolute() else setting
            raise Refused(f"{named}: {file.parent} cannot be written by this user")
    for name, path in keys.items():
        setting = "NRM_PEPPER" if name == "pepper" and os.environ.get("NRM_PEPPER") else "NRM_KEYS"
        if os.path.exists(path):
            raise Refused(
                f"{setting}: the key file {path} is there already; key files are never written over, because an "
                "instance may need them: name another folder, or move them away"
            )
        above = path.parent.parent
        if above not in (directory.absolute(), *directory.absolute().parents) and not os.path.isdir(above):
            raise Refused(f"{setting}: there is no folder {above} to make {path.parent.name} in")
    return NewPlaces(keys, tuple(databases))


@contextmanager
def nothing_half_made(directory: Path, places: NewPlaces) -> Iterator[None]:
    """Take away what the block made, if it fails: `places` were empty before."""
    folders = {directory, *(path.parent for path in places.keys.values())}
    new_folders = [folder for folder in folders if not folder.exists()]
    before = {path for folder in folders if folder.is_dir() for path in folder.iterdir()}
    try:
        yield
    except BaseException:
        remove_databases(places.databases)
        made = [*places.keys.values()]
        made += [path for path in directory.glob("*") if path.is_file() and path not in before]
        for path in made:
            path.unlink(missing_ok=True)
        _remove_empty(new_folders)
        raise


def remove_databases(files: Iterable[Path]) -> None:
    """Take away databases of SQLite with the files that lie beside them."""
    for path in (Path(f"{file}{end}") for file in files for end in _BESIDE):
        path.unlink(missing_ok=True)


@contextmanager
def no_folder_left(directory: Path) -> Iterator[None]:
    """Take away the folder and those above it that the block made, if it fails and they are empty."""
    new = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        yield
    except BaseException:
        _remove_empty(new)
        raise


def _remove_empty(folders: Iterable[Path]) -> None:
    """Take away those that are empty, the innermost first."""
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
