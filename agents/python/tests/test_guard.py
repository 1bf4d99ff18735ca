"""What the guarded transport does beyond the shared vectors: addresses, people, cancelling, large answers, words."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest

from countersign_agent import (
    Acting,
    Denied,
    Forward,
    GuardedTransport,
    SignInRequired,
    Unavailable,
    acting_for,
    in_words,
)

MCP = "https://gateway.example/mcp"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_cases", "arguments": {}}}
NEWEST = {"mcp-protocol-version": "2026-07-28"}
DONE = {"jsonrpc": "2.0", "id": 1, "result": {"content": [], "isError": False}}


def client(handler: Any, **options: Any) -> httpx.AsyncClient:
    transport = GuardedTransport(MCP, Forward(), inner=httpx.MockTransport(handler), **options)
    return httpx.AsyncClient(transport=transport, follow_redirects=True)


def test_sends_the_bearer_to_its_endpoint_only() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(307, headers={"location": "https://evil.example/mcp"})

    async def run() -> int:
        async with acting_for("maya-token"), client(handler) as http:
            return (await http.post(MCP, json={"method": "tools/list"})).status_code

    assert asyncio.run(run()) == 403
    assert seen == [MCP]


@pytest.mark.parametrize("method", ["tools/call", "tools/list"])
def test_calls_for_nobody_are_not_made(method: str) -> None:
    async def run() -> int:
        async with client(lambda _: pytest.fail("a call was made")) as http:
            return (await http.post(MCP, json=CALL | {"method": method})).status_code

    assert asyncio.run(run()) == 401


def test_two_people_at_once_are_kept_apart() -> None:
    seen: list[str] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"] + " " + json.loads(request.content)["params"]["name"])
        await asyncio.sleep(0)
        return httpx.Response(200, json=DONE)

    async def work(http: httpx.AsyncClient, person: str) -> None:
        async with acting_for(person + "-token"):
            for _ in range(20):
                await http.post(MCP, json=CALL | {"params": {"name": person, "arguments": {}}})

    async def run() -> None:
        async with client(handler) as http:
            await asyncio.gather(work(http, "maya"), work(http, "omar"))

    asyncio.run(run())
    assert sorted(set(seen)) == ["Bearer maya-token maya", "Bearer omar-token omar"]


def test_a_new_sign_in_is_told_whatever_the_loop_made_of_it() -> None:
    calls: list[int] = []

    def handler(_: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(401)

    async def run() -> None:
        async with acting_for("maya-token"), client(handler) as http:
            first = (await http.post(MCP, json=CALL)).json()
            assert first["result"]["structuredContent"]["status"] == "sign_in_required"
            await http.post(MCP, json=CALL)
            raise ValueError("the loop broke")

    with pytest.raises(SignInRequired) as failed:
        asyncio.run(run())
    assert "maya-token" not in repr(failed.value)
    assert len(calls) == 1


def test_cancel_breaks_off_what_runs_and_begins_nothing() -> None:
    async def run() -> list[Any]:
        running = asyncio.Event()
        ended: list[str] = []

        async def handler(_: httpx.Request) -> httpx.Response:
            running.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.append("ended")
            return httpx.Response(200, json=DONE)

        async with client(handler) as http:
            with acting_for("maya-token") as acting:
                call = asyncio.create_task(http.post(MCP, json=CALL, headers=NEWEST))
                await running.wait()
                acting.cancel()
                first = (await call).json()
                second = (await http.post(MCP, json=CALL, headers=NEWEST)).json()
        assert ended == ["ended"]
        return [first, second]

    for told in asyncio.run(run()):
        assert told["result"]["structuredContent"]["code"] == "cancelled"


class Hanging(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """A server that does not answer a call, and keeps what it is told meanwhile."""

    def __init__(self) -> None:
        self.running = asyncio.Event()
        self.told: list[tuple[str, Any]] = []
        self.heard = threading.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.running.set()
        await asyncio.sleep(60)
        return httpx.Response(200, json=DONE)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.told.append((request.headers["authorization"], json.loads(request.read())))
        self.heard.set()
        return httpx.Response(202)


@pytest.mark.parametrize(("revision", "told"), [("2025-06-18", True), ("2026-07-28", False)])
def test_a_server_of_the_older_revisions_is_told_of_a_cancelled_call(revision: str, told: bool) -> None:
    server = Hanging()

    async def run() -> None:
        transport = GuardedTransport(MCP, Forward(), inner=server)
        headers = {"mcp-protocol-version": revision}
        async with acting_for("maya-token"), httpx.AsyncClient(transport=transport, headers=headers) as http:
            task = asyncio.create_task(http.post(MCP, json=CALL))
            await server.running.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())

    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": CALL["id"]}}
    assert server.heard.wait(30 if told else 0) == told
    assert server.told == ([("Bearer maya-token", note)] if told else [])


def test_an_answer_of_the_newest_revision_may_come_as_events() -> None:
    ended = DONE | {"result": {"content": [], "structuredContent": {"status": "sign_in_required"}, "isError": True}}
    events = f': \n\ndata: {{"jsonrpc":"2.0","method":"notifications/progress"}}\n\ndata: {json.dumps(ended)}\n\n'
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, text=events)

    async def run() -> None:
        async with acting_for("maya-token"), client(lambda _: answer) as http:
            await http.post(MCP, json=CALL, headers=NEWEST)

    with pytest.raises(SignInRequired):
        asyncio.run(run())


def test_cancelling_the_task_cancels_the_request() -> None:
    async def run() -> Acting:
        acting = acting_for("maya-token")

        async def loop() -> None:
            async with acting, client(lambda _: httpx.Response(200, json=DONE)) as http:
                await http.post(MCP, json=CALL)
                await asyncio.sleep(60)

        task = asyncio.create_task(loop())
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return acting

    with pytest.raises(Exception, match="cancelled"):
        asyncio.run(run()).check()


def test_an_answer_that_is_too_large_is_told_in_words() -> None:
    async def run() -> Any:
        large = DONE | {"result": {"content": [{"type": "text", "text": "x" * (5 << 20)}]}}
        async with acting_for("maya-token"), client(lambda _: httpx.Response(200, json=large)) as http:
            return (await http.post(MCP, json=CALL)).json()

    assert asyncio.run(run())["result"]["structuredContent"] == {"status": "failed", "code": "too_large"}


def test_a_lost_answer_is_not_repeated() -> None:
    calls: list[int] = []

    def handler(_: httpx.Request) -> httpx.Response:
        calls.append(1)
        raise httpx.ReadError("lost")

    async def run() -> Any:
        async with acting_for("maya-token"), client(handler) as http:
            return (await http.post(MCP, json=CALL)).json()

    assert "unknown" in asyncio.run(run())["result"]["content"][0]["text"]
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SignInRequired(), "sign in again"),
        (Denied("the amount is above your limit", "access_denied"), "denied: the amount is above your limit"),
        (Unavailable("x"), "is away"),
        (TimeoutError("key sk-1"), "too long"),
        (ConnectionError("key sk-1"), "cannot be reached"),
        (ExceptionGroup("g", [httpx.ConnectError("key sk-1")]), "cannot be reached"),
        (ValueError("key sk-1"), "Something went wrong"),
    ],
)
def test_failures_are_told_in_words(error: BaseException, words: str) -> None:
    assert words in in_words(error)
    assert "sk-1" not in in_words(error)


def test_nothing_prints_a_bearer() -> None:
    acting = acting_for("maya-token")
    assert "maya-token" not in repr(acting) + str(acting)
