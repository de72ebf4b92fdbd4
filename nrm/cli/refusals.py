"""How a command says no. Imports nothing: `nrm --help` and `nrm --version` load no table and no solver."""

from __future__ import annotations


class Refused(Exception):
    """A command that ends with one line and a code: 2 bad usage or input, 3 refused by protection."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code
