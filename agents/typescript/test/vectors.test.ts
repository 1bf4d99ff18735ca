// The vectors that all languages share.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  actingFor,
  Cancelled,
  canonical,
  clientSecret,
  CountersignError,
  Denied,
  digest,
  exchange,
  forward,
  guardedFetch,
  inWords,
  RarTemplate,
  Refused,
  SignInRequired,
  StepUpRequired,
  Sts,
  TemplateError,
  Templates,
  Unavailable,
} from "../src/index.ts";

const ISSUER = "https://sts.example";
const MCP = "https://gateway.example/mcp";

function load(name: string): any {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8").replaceAll("$ISSUER", ISSUER));
}

function fails(code: string, work: () => unknown): void {
  assert.throws(work, (error: unknown) => error instanceof TemplateError && error.code === code);
}

function holds(told: Record<string, unknown>, outcome: Record<string, unknown>): void {
  assert.deepEqual(Object.fromEntries(Object.keys(outcome).map((name) => [name, told[name]])), outcome);
}

for (const one of load("rar.json").cases) {
  test(`rar: ${one.name}`, () => {
    if (one.error) return fails(one.error, () => new RarTemplate(one.template).build(one.arguments, one.inputSchema));
    const template = new RarTemplate(one.template);
    const details = template.build(one.arguments, one.inputSchema);
    assert.deepEqual(details, one.details);
    assert.equal(canonical(details), one.canonical);
    assert.equal(digest(details), one.digest);
    assert.equal(template.digest, one.templateDigest);
  });
}

for (const one of load("templates.json").cases) {
  test(`templates: ${one.name}`, () => {
    const scope = () => {
      const templates = one.file === null ? Templates.trustingTheServer() : new Templates(one.file);
      return (templates.local(one.tool) ?? templates.published(one.tool, one.definition)).scope;
    };
    if (one.error) fails(one.error, scope);
    else assert.equal(scope(), one.scope);
  });
}

function answer(status: number, body: unknown): Response {
  const raw = typeof body === "string" && body.startsWith("$RAW:") ? body.slice(5) : JSON.stringify(body);
  return new Response(raw, { status, headers: { "content-type": "application/json" } });
}

function sts(handler: (request: Request, form: Record<string, string>) => Response): Sts {
  const { clientId, clientSecret: secret, resource, subjectTokenType } = load("exchange.json").client;
  return new Sts({
    issuer: ISSUER,
    resource,
    subjectTokenType,
    proof: clientSecret(clientId, secret),
    fetch: async (input, init) => {
      assert.equal(init?.redirect, "manual");
      const request = new Request(input, init);
      return handler(request, Object.fromEntries(new URLSearchParams(await request.text())));
    },
  });
}

for (const one of load("exchange.json").cases) {
  test(`exchange: ${one.name}`, async () => {
    const { ask, client, form } = load("exchange.json");
    const service = sts((request, sent) => {
      assert.equal(request.url, `${ISSUER}/oauth2/token`);
      assert.equal(request.headers.get("authorization"), client.authorization);
      assert.deepEqual(sent, form);
      return answer(one.answer.status, one.answer.body);
    });
    let told: Record<string, unknown>;
    try {
      const obo = await service.exchangeToken(ask);
      told = { kind: "on_behalf_of", token: obo.reveal(), jti: obo.jti, expiresIn: obo.expiresIn };
      assert.ok(!JSON.stringify(obo).includes(obo.reveal()));
    } catch (error) {
      assert.ok(error instanceof CountersignError);
      if (error instanceof StepUpRequired) {
        told = { kind: "step_up_required", ...error.approval, challenge: error.approval.revealChallenge() };
        assert.ok(!JSON.stringify(error).includes(error.approval.revealChallenge()));
      } else {
        const kinds = new Map<unknown, string>([[Denied, "denied"], [SignInRequired, "sign_in_required"], [Refused, "refused"]]);
        const reasons = error instanceof Denied ? error.reasons : [];
        told = { kind: kinds.get(error.constructor) ?? "unavailable", code: error.code, reason: error.message, jti: error.jti, reasons };
      }
    }
    holds(told, one.outcome);
  });
}

for (const one of load("calls.json").cases) {
  test(`calls: ${one.pattern}: ${one.name}`, async () => {
    const steps = [...one.steps];
    const shown: string[] = [];
    const service = sts((request, sent) => {
      const step = steps.shift();
      const { pathname, search } = new URL(request.url);
      assert.deepEqual([step?.to, step?.method, step?.path, step?.query ?? ""], ["sts", request.method, pathname, search.slice(1)]);
      if (step.form) assert.deepEqual(sent, step.form);
      else assert.equal(request.headers.get("authorization"), `Bearer ${step.bearer}`);
      return answer(step.status, step.body);
    });
    const mcp: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      const message = JSON.parse(await request.text());
      const step = steps.shift();
      assert.deepEqual([step?.to, step?.method], ["mcp", message.method]);
      assert.equal(request.headers.get("authorization"), `Bearer ${step.bearer}`);
      return step.status === 200
        ? Response.json({ jsonrpc: "2.0", id: message.id, result: step.result })
        : new Response("{}", { status: step.status });
    };
    const waiting = { onApproval: one.patience > 0 ? (page: string) => void shown.push(page) : undefined, patience: one.patience };
    const pattern = one.pattern === "forward" ? forward(waiting) : exchange(service, new Templates(one.templates), waiting);
    const guarded = guardedFetch(MCP, pattern, mcp);
    const params = { name: one.tool, arguments: one.arguments };
    const message = { jsonrpc: "2.0", id: 9, method: "tools/call", params };
    let result: any;
    const acted = actingFor("bearer-1", async () => {
      const body: any = await (await guarded(MCP, { method: "POST", body: JSON.stringify(message) })).json();
      assert.equal(body.id, 9);
      result = body.result;
    });
    if (one.outcome.status === "sign_in_required") await assert.rejects(acted, SignInRequired);
    else await acted;
    const { status, code, url } = result.structuredContent;
    holds(result.isError ? { status, code, page: url } : { status: "done" }, one.outcome);
    assert.deepEqual(steps, []);
    assert.deepEqual(shown, one.shown);
  });
}

test("sends the bearer to its endpoint only, and for nobody not at all", async () => {
  const seen: string[] = [];
  const guarded = guardedFetch(MCP, forward(), async (input) => {
    seen.push(String(input));
    return new Response(null, { status: 307, headers: { location: "https://evil.example/mcp" } });
  });
  const list = { method: "POST", body: '{"method":"tools/list"}' };
  assert.equal((await guarded(MCP, list)).status, 401);
  await actingFor("maya-token", async () => {
    assert.equal((await guarded(MCP, list)).status, 307);
    assert.equal((await guarded("https://evil.example/mcp", list)).status, 403);
  });
  assert.deepEqual(seen, [MCP]);
});

test("keeps two people at once apart", async () => {
  const seen = new Set<string>();
  const guarded = guardedFetch(MCP, forward(), async (_, init) => {
    const call = JSON.parse(String(init?.body));
    seen.add(`${new Headers(init?.headers).get("authorization")} ${call.params.name}`);
    return Response.json({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  });
  const work = (person: string) =>
    actingFor(`${person}-token`, async () => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: person } });
      for (let i = 0; i < 20; i++) await guarded(MCP, { method: "POST", body });
    });
  await Promise.all([work("maya"), work("omar")]);
  assert.deepEqual([...seen].sort(), ["Bearer maya-token maya", "Bearer omar-token omar"]);
});

test("cancel breaks off what runs and begins nothing", async () => {
  let calls = 0;
  const notes: unknown[] = [];
  const guarded = guardedFetch(MCP, forward(), (_, init) => {
    const sent = JSON.parse(String(init?.body));
    if (sent.method === "notifications/cancelled") {
      notes.push(sent.params.requestId, new Headers(init?.headers).get("authorization"));
      return Promise.resolve(new Response(null, { status: 202 }));
    }
    calls++;
    return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_cases" } });
  await actingFor("maya-token", async (acting) => {
    const running = guarded(MCP, { method: "POST", body });
    await new Promise(setImmediate);
    acting.cancel();
    for (const response of [await running, await guarded(MCP, { method: "POST", body })]) {
      const told: any = await response.json();
      assert.equal(told.result.structuredContent.code, "cancelled");
    }
  });
  assert.equal(calls, 1);
  assert.deepEqual(notes, [1, "Bearer maya-token"]);
});

test("an answer of the newest revision may come as events", async () => {
  const note = { jsonrpc: "2.0", method: "notifications/progress" };
  const done = { jsonrpc: "2.0", id: 1, result: { content: [], structuredContent: { status: "sign_in_required" }, isError: true } };
  const events = `: \n\nevent: message\ndata: ${JSON.stringify(note)}\n\nevent: message\ndata: ${JSON.stringify(done)}\n\n`;
  const guarded = guardedFetch(MCP, forward(), async () => new Response(events, { headers: { "content-type": "text/event-stream" } }));
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_cases" } });
  const headers = { "mcp-protocol-version": "2026-07-28" };
  await assert.rejects(
    actingFor("maya-token", async () => guarded(MCP, { method: "POST", headers, body })),
    SignInRequired,
  );
});

test("an answer that is too large is told in words", async () => {
  const large = { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "x".repeat(5 << 20) }] } };
  const guarded = guardedFetch(MCP, forward(), async () => Response.json(large));
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_cases" } });
  await actingFor("maya-token", async () => {
    const told: any = await (await guarded(MCP, { method: "POST", body })).json();
    assert.deepEqual(told.result.structuredContent, { status: "failed", code: "too_large" });
  });
});

test("a member that occurs twice is refused", async () => {
  const guarded = guardedFetch(MCP, forward(), async () => assert.fail("a call was made"));
  const body = '{"method":"tools/list","method":"tools/call"}';
  await actingFor("maya-token", async () => assert.equal((await guarded(MCP, { method: "POST", body })).status, 400));
});

function failure(one: any): unknown {
  const caused = (name: string, members: object) => new Error("the agent failed", { cause: Object.assign(new Error("sk-1 is wrong"), { name }, members) });
  switch (one.kind) {
    case "sign_in_required":
      return new SignInRequired();
    case "unavailable":
      return new Unavailable("the server is away");
    case "cancelled":
      return new Cancelled();
    case "no_template":
      return new TemplateError(one.message, one.kind);
    case "timeout":
      return caused("APIConnectionTimeoutError", {});
    case "connection":
      return caused("TypeError", { code: "ECONNREFUSED" });
    case "status":
      return caused("APICallError", { statusCode: one.status });
    default:
      return caused("Error", {});
  }
}

for (const one of load("words.json").cases) {
  test(`words: ${one.name}`, () => assert.equal(inWords(failure(one)), one.words));
}
