"""The HTTP transport of an agent's MCP client: it puts the right token on each message, in one of the two patterns.

It works below the MCP library, so that the library, the framework and the model's loop never hold a token.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

import httpx

from .acting import Acting, bearer_of
from .errors import Cancelled, CountersignError, Denied, SignInRequired, StepUpRequired, TemplateError, Unavailable
from .strict_json import parse_object
from .sts import ApprovalPrompt, Sts
from .templates import Chosen, Templates

_LARGEST_ANSWER = 4 << 20
_PAUSE = 2.0
_META = "io.modelcontextprotocol/"
_MODERN = "2026-07-28"
_NOTE_SECONDS = 5.0
_KEPT = ("accept", "mcp-protocol-version", "mcp-session-id")


class Server(Protocol):
    """What a pattern may ask of the server."""

    async def definition(self, acting: Acting, tool: str) -> dict[str, Any] | None:
        """How the server describes a tool to the person."""


class Pattern(Protocol):
    """Where the exchange happens: `Forward` or `Exchange`."""

    on_approval: ApprovalPrompt | None
    patience: float

    async def token(self, acting: Acting, server: Server, tool: str, arguments: dict[str, Any]) -> str:
        """The token for one call."""

    def forget(self, tool: str) -> None:
        """A call of this tool was refused."""


class Forward:
    """Pattern A: the server takes the person's token and exchanges it itself (`te`).

    Args:
        on_approval: shows the person where to approve; the call then waits for it. Without it the call ends at once,
            and the model is told to call again after the approval.
        patience: how long to wait, in seconds.
    """

    def __init__(self, on_approval: ApprovalPrompt | None = None, patience: float = 300) -> None:
        self.on_approval = on_approval
        self.patience = patience if on_approval is not None else 0

    async def token(self, acting: Acting, server: Server, tool: str, arguments: dict[str, Any]) -> str:
        return bearer_of(acting)

    def forget(self, tool: str) -> None:
        return


class Exchange:
    """Pattern B: a token for each call is fetched here, and the server only checks it (`validate`).

    Args:
        sts: the token service, with this agent's registration.
        templates: what each tool's calls ask for.
        on_approval, patience: as in `Forward`.
    """

    def __init__(
        self, sts: Sts, templates: Templates, on_approval: ApprovalPrompt | None = None, patience: float = 300
    ) -> None:
        self._sts = sts
        self._templates = templates
        self._known: dict[str, Chosen] = {}
        self.on_approval = on_approval
        self.patience = patience if on_approval is not None else 0

    async def token(self, acting: Acting, server: Server, tool: str, arguments: dict[str, Any]) -> str:
        chosen = self._templates.local(tool) or self._known.get(tool)
        if chosen is None:
            definition = await server.definition(acting, tool)
            if definition is None:
                raise TemplateError("there is no tool of that name", "unknown_tool")
            chosen = self._known[tool] = self._templates.published(tool, definition)
        obo = await self._sts.obtain(
            subject_token=bearer_of(acting),
            scope=chosen.scope,
            authorization_details=chosen.template.build(arguments, chosen.input_schema),
            on_approval=self.on_approval,
            patience=self.patience,
        )
        return obo.token

    def forget(self, tool: str) -> None:
        self._known.pop(tool, None)


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends messages to one MCP endpoint, for the person whom `acting_for` names, and to no other address.

    Args:
        url: the endpoint.
        pattern: `Forward` or `Exchange`.
        acting: whom to act for, where the MCP client's tasks do not inherit the caller's context.
        inner: for tests.
    """

    def __init__(
        self,
        url: str,
        pattern: Pattern,
        *,
        acting: Acting | None = None,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = httpx.URL(url)
        self._pattern = pattern
        self._acting = acting
        self._inner = inner or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url != self._url:
            return _http(request, 403, "this client calls one MCP endpoint only")
        acting = self._acting or Acting.current()
        if acting is None:
            return _http(request, 401, "no person is acted for here: call inside acting_for(...)")
        body = await request.aread()
        try:
            message = parse_object(body) if body else {}
        except ValueError:
            return _http(request, 400, "the message is not one JSON object")
        if message.get("method") != "tools/call":
            return await self._other(acting, request)
        used: list[str] = []
        try:
            acting.check()
            return await self._call(acting, request, message, used)
        except asyncio.CancelledError:
            self._take_back(request, message, used)
            raise
        except CountersignError as error:
            if isinstance(error, SignInRequired):
                acting.end(error)
            if isinstance(error, Cancelled):
                self._take_back(request, message, used)
            return _told(request, message, error)
        except httpx.HTTPError:
            away = Unavailable("the server is away; whether the call ran is unknown")
            return _told(request, message, away)

    async def _other(self, acting: Acting, request: httpx.Request) -> httpx.Response:
        response = await self._send(request, bearer_of(acting))
        if response.status_code == 401:
            acting.end(SignInRequired())
        return response

    async def _call(
        self, acting: Acting, request: httpx.Request, message: dict[str, Any], used: list[str]
    ) -> httpx.Response:
        params = message.get("params")
        tool = params.get("name") if isinstance(params, dict) else None
        arguments = params.get("arguments") if isinstance(params, dict) else None
        if not isinstance(tool, str) or not isinstance(arguments, (dict, type(None))):
            raise TemplateError("`name` must be a text and `arguments` an object", "invalid_arguments")
        end = time.monotonic() + self._pattern.patience
        shown: set[str] = set()
        while True:
            token = await acting.run(self._pattern.token(acting, self, tool, arguments or {}))
            used[:] = [token]
            response = await acting.run(self._send(request, token))
            if response.status_code == 401:
                await response.aclose()
                raise SignInRequired()
            streamed = "text/event-stream" in response.headers.get("content-type", "")
            if not streamed and "application/json" not in response.headers.get("content-type", ""):
                return _stoppable(response, acting)
            if streamed and not _is_modern(request):
                return _stoppable(response, acting)
            answer = await acting.run(_read(response))
            if streamed:
                answer = _last_event(answer)
            if _status(answer) == "sign_in_required":
                raise SignInRequired()
            pending = _pending(answer)
            if pending is None or end - time.monotonic() <= _PAUSE:
                if _is_error(answer):
                    self._pattern.forget(tool)
                headers = httpx.Headers(_plain(response))
                headers["content-type"] = "application/json"
                return httpx.Response(response.status_code, headers=headers, content=answer, request=request)
            await self._show(shown, *pending)
            await acting.run(asyncio.sleep(_PAUSE))

    def _take_back(self, request: httpx.Request, message: dict[str, Any], used: list[str]) -> None:
        """Tells a server of the older revisions that nobody waits for an answer any more; in the newest, hanging up
        says so. On a thread of its own, since the tasks of this loop are being cancelled."""
        if not used or "id" not in message or _is_modern(request):
            return
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": message["id"]}}
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        headers["authorization"] = "Bearer " + used[0]
        transport = self._inner if isinstance(self._inner, httpx.BaseTransport) else None

        def tell() -> None:
            with (
                contextlib.suppress(httpx.HTTPError),
                httpx.Client(transport=transport, timeout=_NOTE_SECONDS, trust_env=False) as client,
            ):
                client.post(self._url, headers=headers, json=note)

        threading.Thread(target=tell, name="countersign-cancelled").start()

    async def _show(self, shown: set[str], page: str, message: str) -> None:
        if page not in shown and self._pattern.on_approval is not None:
            shown.add(page)
            done = self._pattern.on_approval(page, message)
            if inspect.isawaitable(done):
                await done

    async def definition(self, acting: Acting, tool: str) -> dict[str, Any] | None:
        meta = {
            _META + "protocolVersion": _MODERN,
            _META + "clientInfo": {"name": "countersign-agent", "version": "0.1.0"},
            _META + "clientCapabilities": {},
        }
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": _MODERN,
            "Mcp-Method": "tools/list",
        }
        request = httpx.Request("POST", self._url, headers=headers, json=message)
        response = await self._send(request, bearer_of(acting))
        answer = await _read(response)
        if "text/event-stream" in response.headers.get("content-type", ""):
            answer = _last_event(answer)
        if response.status_code == 401:
            raise SignInRequired()
        try:
            tools = parse_object(answer)["result"]["tools"]
            return next((one for one in tools if one["name"] == tool), None)
        except (ValueError, KeyError, TypeError):
            raise Unavailable("the server does not list its tools") from None

    async def _send(self, request: httpx.Request, token: str) -> httpx.Response:
        headers = httpx.Headers(request.headers)
        headers.pop("cookie", None)
        headers["authorization"] = "Bearer " + token
        bound = httpx.Request(request.method, self._url, headers=headers, content=await request.aread())
        bound.extensions = dict(request.extensions)
        response = await self._inner.handle_async_request(bound)
        response.request = request  # the one without a token: exceptions hold it
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def guarded_client(
    url: str,
    pattern: Pattern,
    *,
    acting: Acting | None = None,
    headers: dict[str, str] | None = None,
    timeout: httpx.Timeout | None = None,
) -> httpx.AsyncClient:
    """An HTTP client for an MCP library, which sends to this endpoint only."""
    return httpx.AsyncClient(
        transport=GuardedTransport(url, pattern, acting=acting),
        headers=headers,
        timeout=timeout or httpx.Timeout(30, read=300),
        follow_redirects=False,
    )


class _Stream(httpx.AsyncByteStream):
    """The stream of an answer, which ends when the request is cancelled."""

    def __init__(self, response: httpx.Response, acting: Acting) -> None:
        self._response = response
        self._acting = acting

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._response.aiter_raw().__aiter__()
        try:
            while (chunk := await self._acting.run(_next(chunks))) is not None:
                yield chunk
        except Cancelled:
            return

    async def aclose(self) -> None:
        await self._response.aclose()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)


def _stoppable(response: httpx.Response, acting: Acting) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=_Stream(response, acting),
        request=response.request,
    )


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST_ANSWER:
                raise CountersignError("the server's answer is too large; ask for less", "too_large")
    finally:
        await response.aclose()
    return bytes(body)


def _plain(response: httpx.Response) -> list[tuple[str, str]]:
    gone = {"content-length", "content-encoding", "transfer-encoding"}
    return [(name, value) for name, value in response.headers.items() if name.lower() not in gone]


def _result(answer: bytes) -> dict[str, Any]:
    try:
        result = parse_object(answer).get("result")
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def _is_error(answer: bytes) -> bool:
    result = _result(answer)
    return not result or bool(result.get("isError"))


def _is_modern(request: httpx.Request) -> bool:
    return str(request.headers.get("mcp-protocol-version", "")) >= _MODERN


def _last_event(stream: bytes) -> bytes:
    """What a stream of events says last: the answer, after comments and notifications."""
    last, event = b"", []
    for line in [*stream.splitlines(), b""]:
        if line.startswith(b"data:"):
            event.append(line.removeprefix(b"data:").strip())
        elif not line and event:
            last, event = b"\n".join(event), []
    return last


def _status(answer: bytes) -> object:
    structured = _result(answer).get("structuredContent")
    return structured.get("status") if isinstance(structured, dict) else None


def _pending(answer: bytes) -> tuple[str, str] | None:
    """Page and text, if the answer says that a person must approve."""
    result = _result(answer)
    structured = result.get("structuredContent")
    if not isinstance(structured, dict) or structured.get("status") != "approval_required":
        return None
    content = result.get("content")
    texts = [one.get("text", "") for one in content if isinstance(one, dict)] if isinstance(content, list) else []
    page = structured.get("url")
    return (page, "\n".join(texts)) if isinstance(page, str) else None


def _told(request: httpx.Request, message: dict[str, Any], error: CountersignError) -> httpx.Response:
    """A failure as a tool result, so that the model can say it in words and every framework carries it."""
    text, structured = str(error), {"status": "failed", "code": error.code}
    if isinstance(error, StepUpRequired):
        approval = error.approval
        text = (
            f"This needs the approval of the person you act for: {approval.message} Ask them to open {approval.page}"
            f" before {approval.expires_at} and to approve or deny it there; the code they received belongs on that"
            " page only. Then call this tool again with the same arguments."
        )
        structured = {"status": "approval_required", "approval_id": approval.approval_id, "url": approval.page}
        structured["expires_at"] = approval.expires_at
    elif isinstance(error, Denied):
        text = f"denied ({error.code}): {error}"
        structured = {"status": "denied", "code": error.code, "reason": str(error), "jti": error.jti}
    elif isinstance(error, SignInRequired):
        text = "the person must sign in again; tell them so and stop"
        structured = {"status": "sign_in_required", "code": error.code}
    elif isinstance(error, Unavailable):
        text = f"{error}; try again later"
    result: dict[str, Any] = {
        "content": [{"type": "text", "text": text}],
        "structuredContent": structured,
        "isError": True,
    }
    if _is_modern(request):
        result["resultType"] = "complete"
    body = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": result})
    return httpx.Response(200, headers={"content-type": "application/json"}, content=body, request=request)


def _http(request: httpx.Request, status: int, text: str) -> httpx.Response:
    body = json.dumps({"error": "invalid_request", "error_description": text})
    return httpx.Response(status, headers={"content-type": "application/json"}, content=body, request=request)
