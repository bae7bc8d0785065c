"""The one error that ends the host."""

from __future__ import annotations


class Refused(Exception):
    """The host cannot start; the message says in one sentence what is wrong, where, and what to do.

    `detail` holds the useful end of a traceback when the function app itself failed, else nothing.
    """

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.detail = detail
