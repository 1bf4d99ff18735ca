"""The vectors that all languages share."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from countersign_agent import (
    Cancelled,
    ClientSecret,
    CountersignError,
    Denied,
    Exchange,
    Forward,
    GuardedTransport,
    RarTemplate,
    Refused,
    SignInRequired,
    StepUpRequired,
    Sts,
    TemplateError,
    Templates,
    Unavailable,
    acting_for,
    canonical,
    digest,
    in_words,
)

VECTORS = Path(__file__).parents[2] / "vectors"
ISSUER = "https://sts.example"
MCP = "https://gateway.example/mcp"
KINDS = {Denied: "denied", SignInRequired: "sign_in_required", Refused: "refused", Unavailable: "unavailable"}


def load(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((VECTORS / name).read_text("utf-8").replace("$ISSUER", ISSUER))
    return vectors


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in load(name)["cases"]]


@pytest.mark.parametrize("case", cases("rar.json"))
def test_rar(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(TemplateError) as failed:
            RarTemplate(case["template"]).build(case["arguments"], case.get("inputSchema"))
        assert failed.value.code == case["error"]
        return
    template = RarTemplate(case["template"])
    details = template.build(case["arguments"], case.get("inputSchema"))
    assert details == case["details"]
    assert canonical(details) == case["canonical"]
    assert digest(details) == case["digest"]
    assert template.digest == case["templateDigest"]


@pytest.mark.parametrize("case", cases("templates.json"))
def test_templates(case: dict[str, Any]) -> None:
    def scope() -> str:
        templates = Templates.trusting_the_server() if case["file"] is None else Templates(case["file"])
        chosen = templates.local(case["tool"]) or templates.published(case["tool"], case["definition"])
        return chosen.scope

    if "error" in case:
        with pytest.raises(TemplateError) as failed:
            scope()
        assert failed.value.code == case["error"]
    else:
        assert scope() == case["scope"]


def answer(status: int, body: Any) -> httpx.Response:
    if isinstance(body, str) and body.startswith("$RAW:"):
        return httpx.Response(status, content=body[5:], headers={"content-type": "application/json"})
    return httpx.Response(status, json=body)


def sts(handler: Any) -> Sts:
    client = load("exchange.json")["client"]
    return Sts(
        ISSUER,
        client["resource"],
        ClientSecret(client["clientId"], client["clientSecret"]),
        subject_token_type=client["subjectTokenType"],
        transport=httpx.MockTransport(handler),
    )


@pytest.mark.parametrize("case", cases("exchange.json"))
def test_exchange(case: dict[str, Any]) -> None:
    vectors = load("exchange.json")
    ask = vectors["ask"]

    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == ISSUER + "/oauth2/token"
        assert request.headers["authorization"] == vectors["client"]["authorization"]
        assert dict(parse_qsl(request.content.decode())) == vectors["form"]
        return answer(case["answer"]["status"], case["answer"]["body"])

    async def exchange() -> Any:
        return await sts(handler).exchange_token(
            subject_token=ask["subjectToken"], scope=ask["scope"], authorization_details=ask["authorizationDetails"]
        )

    told: dict[str, Any]
    try:
        obo = asyncio.run(exchange())
        told = {"kind": "on_behalf_of", "token": obo.token, "jti": obo.jti, "expiresIn": obo.expires_in}
        assert obo.token not in repr(obo)
    except StepUpRequired as step_up:
        approval = step_up.approval
        assert approval.challenge not in repr(step_up) + repr(approval) + str(step_up)
        told = {
            "kind": "step_up_required",
            "approvalId": approval.approval_id,
            "page": approval.page,
            "expiresAt": approval.expires_at,
            "message": approval.message,
            "jti": approval.jti,
            "challenge": approval.challenge,
        }
    except CountersignError as error:
        told = {"kind": KINDS[type(error)], "code": error.code, "reason": str(error), "jti": error.jti}
        told["reasons"] = list(getattr(error, "reasons", ()))
    assert {name: told[name] for name in case["outcome"]} == case["outcome"]


@pytest.mark.parametrize("case", cases("calls.json"))
def test_calls(case: dict[str, Any]) -> None:
    steps = list(case["steps"])
    shown: list[str] = []

    def sts_step(request: httpx.Request) -> httpx.Response:
        step = steps.pop(0)
        assert (step["to"], step["method"], step["path"]) == ("sts", request.method, request.url.path)
        assert request.url.query.decode() == step.get("query", "")
        if "form" in step:
            assert dict(parse_qsl(request.content.decode())) == step["form"]
        else:
            assert request.headers["authorization"] == "Bearer " + step["bearer"]
        return answer(step["status"], step["body"])

    def mcp_step(request: httpx.Request) -> httpx.Response:
        message = json.loads(request.content)
        step = steps.pop(0)
        assert (step["to"], step["method"]) == ("mcp", message["method"])
        assert request.headers["authorization"] == "Bearer " + step["bearer"]
        if step["status"] != 200:
            return httpx.Response(step["status"], json={"error": "invalid_token"})
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": message["id"], "result": step["result"]})

    async def call() -> dict[str, Any]:
        show = (lambda page, message: shown.append(page)) if case["patience"] else None
        if case["pattern"] == "forward":
            pattern: Any = Forward(show, case["patience"])
        else:
            pattern = Exchange(sts(sts_step), Templates(case["templates"]), show, case["patience"])
        transport = GuardedTransport(MCP, pattern, inner=httpx.MockTransport(mcp_step))
        params = {"name": case["tool"], "arguments": case["arguments"]}
        message = {"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params}
        async with httpx.AsyncClient(transport=transport) as client:
            body: dict[str, Any] = (await client.post(MCP, json=message)).json()
        assert body["id"] == 9
        result: dict[str, Any] = body["result"]
        return result

    async def acted() -> dict[str, Any]:
        result: dict[str, Any] = {}
        try:
            async with acting_for("bearer-1"):
                result = await call()
            assert case["outcome"]["status"] != "sign_in_required"
        except SignInRequired:
            assert case["outcome"]["status"] == "sign_in_required"
        return result

    result = asyncio.run(acted())
    structured = result["structuredContent"]
    told = {"status": "done"}
    if result["isError"]:
        told = {"status": structured["status"], "code": structured.get("code"), "page": structured.get("url")}
    assert {name: told[name] for name in case["outcome"]} == case["outcome"]
    assert steps == []
    assert shown == case["shown"]


class Answered(Exception):
    """As the libraries of model providers raise it."""

    def __init__(self, status_code: int) -> None:
        super().__init__("key sk-1 is wrong")
        self.status_code = status_code


def failure(case: dict[str, Any]) -> BaseException:
    own = {"sign_in_required": SignInRequired(), "unavailable": Unavailable("x"), "cancelled": Cancelled("x")}
    other = {"timeout": TimeoutError("sk-1"), "connection": ConnectionError("sk-1"), "unknown": ValueError("sk-1")}
    if case["kind"] == "no_template":
        return TemplateError(case["message"], case["kind"])
    if case["kind"] == "status":
        return ExceptionGroup("g", [Answered(case["status"])])
    return {**own, **other}[case["kind"]]


@pytest.mark.parametrize("case", cases("words.json"))
def test_words(case: dict[str, Any]) -> None:
    assert in_words(failure(case)) == case["words"]
