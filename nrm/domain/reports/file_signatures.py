"""A signature inside the file that it covers: where each format has room for one, and what is signed (ADR 0024).

Printed reports carry it as a comment before `startxref` (ISO 32000-1, 7.2.4: a reader ignores it), workbooks as the
comment of their archive, the metadata of the CSV as a property next to the hash of the CSV. A CSV and a page have no
room. The JSON of a release has `signatures` of its own (domain.reports.canonical).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from enum import StrEnum

SIGNABLE = ("csvw", "xlsx", "pdf.sq", "pdf.en")
CHECKSUM = "http://spdx.org/rdf/terms#checksumValue"
PROOF = "https://w3id.org/security#proofValue"

_NAME = b"nrm-signature:"
_PDF = re.compile(rb"%nrm-signature:([0-9a-f]{128})\n(startxref\s+\d+\s+%%EOF\s*)\Z")
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
_COMMENT = len(_NAME) + 128
_END = b"PK\5\6"  # of an archive: 22 bytes, the last two the length of the comment that follows


class CarryRefusal(StrEnum):
    """Why a file does not carry a signature; each value is the end of a sentence."""

    UNSIGNED_PDF = "a PDF without a signature"
    UNSIGNED_FILE = "a file without a signature"
    UNSIGNED_WORKBOOK = "a workbook without a signature"
    COMMENTED_ARCHIVE = "an archive that ends with a comment already"
    OTHER_METADATA = "metadata that was written anew"
    NO_END = "no end of a PDF"


class CannotCarry(ValueError):
    """The file is none of the formats that carry a signature, or is damaged where it would be."""

    def __init__(self, reason: CarryRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(name: str, content: bytes, signature_over: Callable[[bytes], bytes]) -> bytes:
    """The file with its signature in it; formats without room come back as they are. Raises CannotCarry."""
    if name not in SIGNABLE:
        return content
    kind = name.partition(".")[0]
    text = signature_over(_message(kind, content)).hex()
    if kind == "csvw":
        return _metadata_bytes({**json.loads(content), PROOF: text})
    mark = _NAME + text.encode()
    if kind == "xlsx":
        if content[-22:-18] != _END or content[-2:] != bytes(2):
            raise CannotCarry(CarryRefusal.COMMENTED_ARCHIVE)
        return content[:-2] + len(mark).to_bytes(2, "little") + mark
    end = _PDF_END.search(content[-200:])
    if end is None:
        raise CannotCarry(CarryRefusal.NO_END)
    place = max(len(content) - 200, 0) + end.start()
    return content[:place] + b"%" + mark + b"\n" + content[place:]


def signed_part(content: bytes) -> tuple[bytes, bytes]:
    """(what was signed, the signature) of a file. Raises CannotCarry."""
    if content.startswith(b"%PDF-"):
        found = _PDF.search(content, max(len(content) - 400, 0))
        if found is None:
            raise CannotCarry(CarryRefusal.UNSIGNED_PDF)
        return _message("pdf", content[: found.start()] + found[2]), bytes.fromhex(found[1].decode())
    if content.startswith(b"PK"):
        mark = content[-_COMMENT:]
        end = content[-_COMMENT - 22 : -_COMMENT]
        if (
            not re.fullmatch(_NAME + rb"[0-9a-f]{128}", mark)
            or end[:4] != _END
            or end[-2:] != _COMMENT.to_bytes(2, "little")
        ):
            raise CannotCarry(CarryRefusal.UNSIGNED_WORKBOOK)
        return _message("xlsx", content[: -_COMMENT - 2] + bytes(2)), bytes.fromhex(mark[len(_NAME) :].decode())
    try:
        value = json.loads(content)
        proof = bytes.fromhex(value.pop(PROOF))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise CannotCarry(CarryRefusal.UNSIGNED_FILE) from None
    if _metadata_bytes({**value, PROOF: proof.hex()}) != content:
        raise CannotCarry(CarryRefusal.OTHER_METADATA)
    return _message("csvw", _metadata_bytes(value)), proof


def describes(metadata: bytes, content: bytes) -> bool:
    """Whether the metadata of a CSV names the hash of this content; says nothing of its signature."""
    try:
        return bool(json.loads(metadata).get(CHECKSUM) == hashlib.sha256(content).hexdigest())
    except (ValueError, AttributeError, RecursionError):
        return False


def _message(kind: str, content: bytes) -> bytes:
    return b"nrm file 1\0" + kind.encode() + b"\0" + content


def _metadata_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
