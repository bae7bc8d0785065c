"""Who may call: subscription keys, and bearer tokens that look like Microsoft Entra's."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.foundry import errors
from local.foundry.settings import Settings


def check(headers: Mapping[str, str], settings: Settings, keys_only: bool, now: datetime) -> None:
    """Let a request through, or raise the 401 that the service would send.

    A serverless route (`keys_only`) reads nothing but `Authorization: Bearer <key>`; a Foundry route also reads
    `api-key` and Entra tokens. Signatures are not verified: there is nobody here who signs.
    """
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    offered = {bearer} if keys_only else {bearer, headers.get("api-key", "")}
    if offered & settings.keys:
        return
    claims = None if keys_only else _claims(bearer)
    if claims is None:
        raise errors.bad_key()
    if not _audiences(claims) & settings.audiences or _expired(claims, now):
        raise errors.bad_token()


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    audience = claims.get("aud", "")
    named = audience if isinstance(audience, list) else [audience]
    return {str(name).rstrip("/") for name in named}


def _expired(claims: Mapping[str, Any], now: datetime) -> bool:
    expires = claims.get("exp")
    return isinstance(expires, int | float) and expires <= now.timestamp()
