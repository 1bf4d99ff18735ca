import { Acting } from "./acting.ts";
import { Cancelled, CountersignError, Denied, SignInRequired, StepUpRequired, TemplateError, Unavailable } from "./errors.ts";
import { isObject, type Json, type JsonObject, member, parseObject } from "./json.ts";
import { type ApprovalPrompt, limited, type Sts } from "./sts.ts";
import type { Chosen, Templates } from "./templates.ts";

const LARGEST_ANSWER = 4 << 20;
const PAUSE = 2;
const META = "io.modelcontextprotocol/";
const MODERN = "2026-07-28";
const NOTE_MILLISECONDS = 5_000;

export interface Waiting {
  /** Shows the person where to approve; the call then waits for it. Without it the model is told to call again. */
  readonly onApproval?: ApprovalPrompt | undefined;
  /** How long to wait, in seconds. */
  readonly patience?: number;
}

/** Pattern A: the server takes the person's token and exchanges it itself (`te`). */
export interface Forward extends Waiting {
  readonly pattern: "forward";
}

/** Pattern B: a token for each call is fetched here, and the server only checks it (`validate`). */
export interface Exchange extends Waiting {
  readonly pattern: "exchange";
  readonly sts: Sts;
  readonly templates: Templates;
}

export const forward = (waiting: Waiting = {}): Forward => ({ ...waiting, pattern: "forward" });
export const exchange = (sts: Sts, templates: Templates, waiting: Waiting = {}): Exchange => ({ ...waiting, pattern: "exchange", sts, templates });

/**
 * A `fetch` for an MCP library, which sends to this endpoint only and puts the right token on each message. It works
 * below the library, so that library, framework and loop never hold a token.
 */
export function guardedFetch(url: string, pattern: Forward | Exchange, inner: typeof fetch = fetch): typeof fetch {
  const guard = new Guard(new URL(url).href, pattern, inner);
  return (input, init) => guard.fetch(new Request(input, init));
}

class Guard {
  readonly #url: string;
  readonly #pattern: Forward | Exchange;
  readonly #inner: typeof fetch;
  readonly #known = new Map<string, Chosen>();

  constructor(url: string, pattern: Forward | Exchange, inner: typeof fetch) {
    this.#url = url;
    this.#pattern = pattern;
    this.#inner = inner;
  }

  async fetch(request: Request): Promise<Response> {
    if (request.url !== this.#url) return http(403, "this client calls one MCP endpoint only");
    const acting = Acting.current();
    if (!acting) return http(401, "no person is acted for here: call inside actingFor(...)");
    const body = await request.text();
    let message: JsonObject;
    try {
      message = body === "" ? {} : parseObject(body);
    } catch {
      return http(400, "the message is not one JSON object");
    }
    if (message.method !== "tools/call") {
      const response = await this.#send(acting, request, body, acting.revealBearer());
      if (response.status === 401) acting.end(new SignInRequired());
      return response;
    }
    const used: { token?: string } = {};
    try {
      acting.check();
      return await this.#call(acting, request, body, message, used);
    } catch (failed) {
      if (acting.signal.aborted || request.signal.aborted) await this.#takeBack(request, message, used.token);
      return this.#told(acting, request, message, failed);
    }
  }

  async #call(acting: Acting, request: Request, body: string, message: JsonObject, used: { token?: string }): Promise<Response> {
    const [tool, given] = [member(message.params, "name"), member(message.params, "arguments") ?? {}];
    if (typeof tool !== "string" || !isObject(given)) {
      throw new TemplateError("`name` must be a text and `arguments` an object", "invalid_arguments");
    }
    const patience = this.#pattern.onApproval ? (this.#pattern.patience ?? 300) : 0;
    const end = performance.now() + patience * 1000;
    const shown = new Set<string>();
    for (;;) {
      const token = await this.#token(acting, tool, given, patience);
      used.token = token;
      const response = await this.#send(acting, request, body, token);
      if (response.status === 401) throw new SignInRequired();
      const streamed = isStream(response) && isModern(request);
      if (!streamed && !response.headers.get("content-type")?.includes("application/json")) return response;
      const text = await limited(response, LARGEST_ANSWER);
      const answer = streamed ? lastEvent(text) : text;
      const result = resultOf(answer);
      if (member(result?.structuredContent, "status") === "sign_in_required") throw new SignInRequired();
      const pending = pendingOf(result);
      if (!pending || end - performance.now() <= PAUSE * 1000) {
        if (!result || result.isError === true) this.#known.delete(tool);
        return new Response(answer, { status: response.status, headers: { "content-type": "application/json" } });
      }
      if (!shown.has(pending.page)) await this.#pattern.onApproval?.(pending.page, pending.text);
      shown.add(pending.page);
      await pause(PAUSE * 1000, acting.signal);
    }
  }

  async #token(acting: Acting, tool: string, given: JsonObject, patience: number): Promise<string> {
    if (this.#pattern.pattern === "forward") return acting.revealBearer();
    const { sts, templates, onApproval } = this.#pattern;
    let chosen = templates.local(tool) ?? this.#known.get(tool);
    if (!chosen) {
      chosen = templates.published(tool, await this.#definition(acting, tool));
      this.#known.set(tool, chosen);
    }
    const authorizationDetails = chosen.template.build(given, chosen.inputSchema);
    const ask = { subjectToken: acting.revealBearer(), scope: chosen.scope, authorizationDetails, onApproval, patience };
    return (await sts.obtain({ ...ask, signal: acting.signal })).reveal();
  }

  /** How the server describes a tool to the person. */
  async #definition(acting: Acting, tool: string): Promise<Json> {
    const _meta = {
      [`${META}protocolVersion`]: MODERN,
      [`${META}clientInfo`]: { name: "countersign-agent", version: "0.1.0" },
      [`${META}clientCapabilities`]: {},
    };
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": MODERN,
      "mcp-method": "tools/list",
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta } });
    const request = new Request(this.#url, { method: "POST", headers });
    const response = await this.#send(acting, request, body, acting.revealBearer());
    if (response.status === 401) throw new SignInRequired();
    const text = await limited(response, LARGEST_ANSWER);
    const tools = member(resultOf(isStream(response) ? lastEvent(text) : text), "tools");
    if (!Array.isArray(tools)) throw new Unavailable("the server does not list its tools");
    const found = tools.find((one) => member(one, "name") === tool);
    if (found === undefined) throw new TemplateError("there is no tool of that name", "unknown_tool");
    return found;
  }

  #send(acting: Acting, request: Request, body: string, token: string): Promise<Response> {
    const headers = new Headers(request.headers);
    headers.delete("cookie");
    headers.set("authorization", `Bearer ${token}`);
    const signal = AbortSignal.any([acting.signal, request.signal]);
    const sent = request.method === "GET" ? {} : { body };
    return this.#inner(this.#url, { method: request.method, headers, redirect: "manual", signal, ...sent });
  }

  /** Tells a server of the older revisions that nobody waits for an answer any more; in the newest, hanging up says so. */
  async #takeBack(request: Request, message: JsonObject, token: string | undefined): Promise<void> {
    if (token === undefined || message.id === undefined || isModern(request)) return;
    const headers = new Headers(request.headers);
    headers.delete("cookie");
    headers.set("authorization", `Bearer ${token}`);
    const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: message.id } });
    const signal = AbortSignal.timeout(NOTE_MILLISECONDS);
    await this.#inner(this.#url, { method: "POST", headers, redirect: "manual", signal, body }).catch(() => undefined);
  }

  /** A failure as a tool result, so that the model can say it in words and every framework carries it. */
  #told(acting: Acting, request: Request, message: JsonObject, failed: unknown): Response {
    let error: CountersignError;
    if (failed instanceof CountersignError) error = failed;
    else if (acting.signal.aborted) error = new Cancelled();
    else if (failed instanceof RangeError) error = new CountersignError("the server's answer is too large; ask for less", "too_large");
    else if (request.signal.aborted) throw failed;
    else error = new Unavailable("the server is away; whether the call ran is unknown");
    if (error instanceof SignInRequired) acting.end(error);
    const [text, structuredContent] = words(error);
    const modern = isModern(request) ? { resultType: "complete" } : {};
    const result = { content: [{ type: "text", text }], structuredContent, isError: true, ...modern };
    return Response.json({ jsonrpc: "2.0", id: message.id ?? null, result });
  }
}

function words(error: CountersignError): [string, JsonObject] {
  if (error instanceof StepUpRequired) {
    const { approvalId, page, expiresAt, message } = error.approval;
    const text = `This needs the approval of the person you act for: ${message} Ask them to open ${page} before ${expiresAt} and to approve or deny it there; the code they received belongs on that page only. Then call this tool again with the same arguments.`;
    return [text, { status: "approval_required", approval_id: approvalId, url: page, expires_at: expiresAt }];
  }
  if (error instanceof Denied) {
    return [`denied (${error.code}): ${error.message}`, { status: "denied", code: error.code, reason: error.message, jti: error.jti }];
  }
  if (error instanceof SignInRequired) {
    return ["the person must sign in again; tell them so and stop", { status: "sign_in_required", code: error.code }];
  }
  const later = error instanceof Unavailable ? "; try again later" : "";
  return [error.message + later, { status: "failed", code: error.code }];
}

function isModern(request: Request): boolean {
  return (request.headers.get("mcp-protocol-version") ?? "") >= MODERN;
}

function isStream(response: Response): boolean {
  return response.headers.get("content-type")?.includes("text/event-stream") ?? false;
}

/** What a stream of events says last: the answer, after comments and notifications. */
function lastEvent(stream: string): string {
  let [last, event] = ["", [] as string[]];
  for (const line of [...stream.split(/\r?\n/), ""]) {
    if (line.startsWith("data:")) event.push(line.slice("data:".length).trim());
    else if (line === "" && event.length > 0) [last, event] = [event.join("\n"), []];
  }
  return last;
}

function resultOf(answer: string): JsonObject | undefined {
  try {
    const result = parseObject(answer).result;
    return isObject(result) ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Page and text, if the answer says that a person must approve. */
function pendingOf(result: JsonObject | undefined): { page: string; text: string } | undefined {
  const structured = member(result, "structuredContent");
  const page = member(structured, "url");
  if (member(structured, "status") !== "approval_required" || typeof page !== "string") return undefined;
  const content = member(result, "content");
  const texts = Array.isArray(content) ? content.map((one) => member(one, "text")).filter((one) => typeof one === "string") : [];
  return { page, text: texts.join("\n") };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

function http(status: number, text: string): Response {
  return Response.json({ error: "invalid_request", error_description: text }, { status });
}
