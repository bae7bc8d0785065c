"""Tokens in the form of Microsoft Entra ID's, for clients of the emulator."""

import base64
import json
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """A token with an end."""

    token: str
    expires_on: int


class Tokens:
    """Gives tokens in the form of Microsoft Entra ID's, whose audience is the scope's."""

    def get_token(self, *scopes: str) -> Token:
        """A token for an hour."""
        ends = int(time.time()) + 3600
        claims = json.dumps({"aud": scopes[0].removesuffix("/.default"), "exp": ends}).encode()
        return Token(f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.sig", ends)
