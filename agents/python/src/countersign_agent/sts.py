"""The token service, as an agent that exchanges by itself sees it (Pattern B): RFC 8693, and step-up."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import re
import ssl
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

import httpx
import jwt

from .canonical import canonical
from .errors import Approval, Denied, Refused, SignInRequired, StepUpRequired, Unavailable
from .strict_json import parse_object

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ANY_JWT = "urn:ietf:params:oauth:token-type:jwt"

_TIMEOUT = 10.0
_LONGEST_HOLD = 20
_LARGEST_ANSWER = 1 << 20
_LONGEST_TEXT = 500

ApprovalPrompt = Callable[[str, str], Awaitable[None] | None]
"""Shows a person where to approve (page, message), on a way that the model has no part in. The code belongs on that
page only; nothing that a prompt returns counts as an approval."""

_REFUSED = {
    "USER_DENIED": ("approval_denied", "the person denied it"),
    "USER_FRAUDULENT": ("approval_suspicious", "the person did not expect this request"),
    "EXPIRED": ("approval_expired", "nobody approved it in time"),
}


class ClientProof(Protocol):
    """How an agent proves at the token service which client it is."""

    def add(self, issuer: str, headers: dict[str, str], form: dict[str, str]) -> None:
        """Adds the proof to one request."""


class ClientKey:
    """`private_key_jwt` (RFC 7523): a fresh assertion for each request, signed with an EC P-256 key."""

    def __init__(self, client_id: str, private_jwk: dict[str, Any]) -> None:
        self._client_id = client_id
        self._key_id = private_jwk.get("kid")
        self._key = jwt.PyJWK.from_dict(private_jwk, algorithm="ES256").key

    @classmethod
    def read(cls, client_id: str, path: str | PathLike[str]) -> ClientKey:
        """The key in a file that holds one private JWK."""
        with open(path, encoding="utf-8") as file:
            return cls(client_id, json.load(file))

    def add(self, issuer: str, headers: dict[str, str], form: dict[str, str]) -> None:
        now = int(time.time())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": issuer,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + 60,
        }
        header = {"typ": "client-authentication+jwt"}
        if isinstance(self._key_id, str):
            header["kid"] = self._key_id
        form["client_id"] = self._client_id
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form["client_assertion"] = jwt.encode(claims, self._key, algorithm="ES256", headers=header)

    def __repr__(self) -> str:
        return f"ClientKey({self._client_id!r})"


class ClientSecret:
    """`client_secret_basic` (RFC 6749)."""

    def __init__(self, client_id: str, secret: str) -> None:
        self._client_id = client_id
        self._secret = secret

    def add(self, issuer: str, headers: dict[str, str], form: dict[str, str]) -> None:
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")

    def __repr__(self) -> str:
        return f"ClientSecret({self._client_id!r})"


@dataclass(frozen=True)
class OnBehalfOf:
    """The token for exactly the details that were asked for."""

    token: str = field(repr=False)
    jti: str
    """Joins the call to the audit."""
    expires_in: int
    """In seconds."""


class Sts:
    """The token service over HTTP. Keeps nothing between requests and follows no redirect.

    Args:
        issuer: such as `https://sts.example`.
        resource: the MCP server that the tokens are for.
        proof: `ClientKey` or `ClientSecret`.
        subject_token_type: the trust anchor's name for the person's tokens, such as
            `urn:entra:token-type:user-jwt`; without it the token's own issuer names the anchor.
        transport: for tests.
    """

    def __init__(
        self,
        issuer: str,
        resource: str,
        proof: ClientProof,
        *,
        subject_token_type: str = ANY_JWT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._issuer = issuer
        self._resource = resource
        self._proof = proof
        self._subject_token_type = subject_token_type
        self._transport = transport
        self._trust: ssl.SSLContext | bool = httpx.create_ssl_context() if issuer.startswith("https:") else True

    async def exchange_token(
        self, *, subject_token: str, scope: str, authorization_details: list[dict[str, Any]]
    ) -> OnBehalfOf:
        """Leg 1 of RFC 8693 with the RAR attached.

        Raises:
            StepUpRequired: a person must approve; look at the approval, then `redeem`.
            Denied, SignInRequired, Refused, Unavailable: there is no token.
        """
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject_token,
            "subject_token_type": self._subject_token_type,
        }
        return await self._ask(form, scope, authorization_details)

    async def redeem(
        self, *, assertion: str, scope: str, authorization_details: list[dict[str, Any]]
    ) -> OnBehalfOf:
        """The second leg: the approval's assertion and the same request again."""
        return await self._ask({"grant_type": JWT_BEARER, "assertion": assertion}, scope, authorization_details)

    async def look(self, approval: Approval, hold: float = 0) -> str | None:
        """The approval's assertion, or None while nobody has answered. Held for some seconds if asked to.

        Raises:
            Denied: it will not be given any more.
        """
        seconds = min(int(hold), _LONGEST_HOLD)
        address = f"{self._issuer}/v2.0/factors/emailotp/transient/verifications/{quote(approval.approval_id, safe='')}"
        status, body = await self._send(
            "GET",
            address + "?returnJwt=true" + (f"&wait={seconds}" if seconds > 0 else ""),
            {"Authorization": "Bearer " + approval.challenge},
            None,
            _TIMEOUT + seconds,
        )
        if status != 200:
            raise Unavailable(f"the token service answers {status}")
        state = body.get("state")
        if state == "PENDING":
            return None
        if state == "VERIFY_SUCCESS":
            assertion = body.get("assertion")
            if not isinstance(assertion, str) or not assertion:
                raise Denied("the approval was used already", "approval_used", approval.jti)
            return assertion
        code, reason = _REFUSED.get(str(state), ("approval_failed", "it cannot be approved any more"))
        raise Denied(reason, code, approval.jti)

    async def obtain(
        self,
        *,
        subject_token: str,
        scope: str,
        authorization_details: list[dict[str, Any]],
        on_approval: ApprovalPrompt | None = None,
        patience: float = 0,
    ) -> OnBehalfOf:
        """The whole dance: exchange; where a person must approve, show them the page and wait; second leg.

        Raises:
            StepUpRequired: nobody has approved yet; the same call succeeds after the approval.
        """
        try:
            return await self.exchange_token(
                subject_token=subject_token, scope=scope, authorization_details=authorization_details
            )
        except StepUpRequired as step_up:
            approval = step_up.approval
        end = time.monotonic() + patience
        assertion = await self.look(approval)
        if assertion is None and on_approval is not None and patience > 0:
            shown = on_approval(approval.page, approval.message)
            if inspect.isawaitable(shown):
                await shown
        while assertion is None and (left := end - time.monotonic()) > 0:
            assertion = await self.look(approval, left + 1)
            await asyncio.sleep(0)
        if assertion is None:
            raise StepUpRequired(approval)
        return await self.redeem(assertion=assertion, scope=scope, authorization_details=authorization_details)

    async def _ask(self, form: dict[str, str], scope: str, details: list[dict[str, Any]]) -> OnBehalfOf:
        form |= {"scope": scope, "resource": self._resource, "authorization_details": canonical(details)}
        headers: dict[str, str] = {}
        self._proof.add(self._issuer, headers, form)
        status, body = await self._send("POST", self._issuer + "/oauth2/token", headers, form, _TIMEOUT)
        if status == 200:
            return self._success(body)
        if status in (400, 401, 403):
            raise _refusal(body)
        raise Unavailable(f"the token service answers {status}")

    def _success(self, body: dict[str, Any]) -> OnBehalfOf:
        token = body.get("access_token")
        if not isinstance(token, str) or not token or _text(body, "token_type").lower() != "bearer":
            raise Unavailable("the token service's answer holds no bearer token")
        if body.get("scope") == "mfa_challenge":
            raise StepUpRequired(self._approval(body, token))
        life = body.get("expires_in")
        return OnBehalfOf(token, _text(body, "jti"), life if isinstance(life, int) and life > 0 else 0)

    def _approval(self, body: dict[str, Any], challenge: str) -> Approval:
        page = _text(body, "approval_uri")
        # The person is sent to this address, so it must be the token service's own.
        if not _text(body, "approval_id") or not page.startswith(self._issuer + "/"):
            raise Unavailable("the token service's challenge names no approval page of its own")
        expires = body.get("expires_at")
        if isinstance(expires, int) and not isinstance(expires, bool):
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
        return Approval(
            _text(body, "approval_id"), page, str(expires or ""), _text(body, "message"), _text(body, "jti"), challenge
        )

    async def _send(
        self, method: str, address: str, headers: dict[str, str], form: dict[str, str] | None, timeout: float
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with asyncio.timeout(timeout):
                async with httpx.AsyncClient(
                    transport=self._transport, verify=self._trust, timeout=timeout, follow_redirects=False
                ) as client:
                    request = client.build_request(
                        method, address, headers={"Accept": "application/json"} | headers, data=form
                    )
                    response = await client.send(request, stream=True)
                    try:
                        return response.status_code, await _json(response)
                    finally:
                        await response.aclose()
        except (httpx.HTTPError, TimeoutError):
            # No cause: it would hold the request, and that holds the tokens.
            raise Unavailable("the token service is away") from None


async def _json(response: httpx.Response) -> dict[str, Any]:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise Unavailable("the token service's answer is too large")
    try:
        return parse_object(bytes(body))
    except ValueError:
        if response.status_code in (200, 400, 401, 403):
            raise Unavailable("the token service's answer is not JSON") from None
        return {}


def _refusal(body: dict[str, Any]) -> Exception:
    code, reason, jti = _text(body, "error"), _text(body, "error_description"), _text(body, "jti")
    if not code:
        return Unavailable("the token service's refusal names no error")
    if code == "access_denied":
        reasons = body.get("reasons")
        told = tuple(str(one)[:_LONGEST_TEXT] for one in (reasons if isinstance(reasons, list) else [])[:16])
        return Denied(reason, code, jti, told)
    if code == "invalid_request":
        return SignInRequired(reason, jti)
    return Refused(reason, code, jti)


def _text(body: dict[str, Any], member: str) -> str:
    value = body.get(member)
    return re.sub(r"[\x00-\x1f\x7f]", " ", value)[:_LONGEST_TEXT] if isinstance(value, str) else ""
