import { createPrivateKey, type KeyObject, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { Approval, Denied, Refused, SignInRequired, StepUpRequired, Unavailable } from "./errors.ts";
import { canonical, type JsonObject, parseObject } from "./json.ts";

const TIMEOUT = 10_000;
const LONGEST_HOLD = 20;
const LARGEST_ANSWER = 1 << 20;
const LONGEST_TEXT = 500;

/** Shows a person where to approve, on a way that the model has no part in. Nothing that it returns counts as an approval. */
export type ApprovalPrompt = (page: string, message: string) => void | Promise<void>;

/** How an agent proves at the token service which client it is: adds the proof to one request. */
export type ClientProof = (issuer: string, headers: Headers, form: URLSearchParams) => void;

/** `private_key_jwt` (RFC 7523): a fresh assertion for each request, signed with the EC P-256 key in a file. */
export function clientKey(clientId: string, path: string): ClientProof {
  const jwk = parseObject(readFileSync(path, "utf8"));
  const key: KeyObject = createPrivateKey({ key: jwk as never, format: "jwk" });
  return (issuer, _, form) => {
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: "ES256", typ: "client-authentication+jwt", ...(typeof jwk.kid === "string" ? { kid: jwk.kid } : {}) };
    const claims = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
    form.set("client_id", clientId);
    form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.set("client_assertion", `${text}.${signature}`);
  };
}

/** `client_secret_basic` (RFC 6749). */
export function clientSecret(clientId: string, secret: string): ClientProof {
  const encode = (text: string) => new URLSearchParams({ "": text }).toString().slice(1);
  return (_, headers) => {
    headers.set("authorization", `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString("base64")}`);
  };
}

/** The token for exactly the details that were asked for. Printing it shows no token. */
export class OnBehalfOf {
  readonly #token: string;
  /** Joins the call to the audit. */
  readonly jti: string;
  /** In seconds. */
  readonly expiresIn: number;

  constructor(token: string, jti: string, expiresIn: number) {
    this.#token = token;
    this.jti = jti;
    this.expiresIn = expiresIn;
  }

  reveal(): string {
    return this.#token;
  }
}

export interface StsOptions {
  /** Such as `https://sts.example`. */
  readonly issuer: string;
  /** The MCP server that the tokens are for. */
  readonly resource: string;
  readonly proof: ClientProof;
  /** The trust anchor's name for the person's tokens; without it the token's own issuer names the anchor. */
  readonly subjectTokenType?: string;
  /** For tests. */
  readonly fetch?: typeof fetch;
}

export interface Ask {
  readonly scope: string;
  readonly authorizationDetails: JsonObject[];
  readonly signal?: AbortSignal;
}

/** The token service over HTTP. Keeps nothing between requests and follows no redirect. */
export class Sts {
  readonly #options: StsOptions;

  constructor(options: StsOptions) {
    this.#options = options;
  }

  /** Leg 1 of RFC 8693 with the RAR attached. Throws `StepUpRequired`, `Denied`, `SignInRequired`, `Refused`, `Unavailable`. */
  exchangeToken(ask: Ask & { readonly subjectToken: string }): Promise<OnBehalfOf> {
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: ask.subjectToken,
      subject_token_type: this.#options.subjectTokenType ?? "urn:ietf:params:oauth:token-type:jwt",
    });
    return this.#ask(form, ask);
  }

  /** The second leg: the approval's assertion and the same request again. */
  redeem(ask: Ask & { readonly assertion: string }): Promise<OnBehalfOf> {
    const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    return this.#ask(new URLSearchParams({ grant_type: grant, assertion: ask.assertion }), ask);
  }

  /** The approval's assertion, or undefined while nobody has answered. Held for some seconds if asked to. */
  async look(approval: Approval, hold = 0, signal?: AbortSignal): Promise<string | undefined> {
    const seconds = Math.min(Math.floor(hold), LONGEST_HOLD);
    const id = encodeURIComponent(approval.approvalId);
    const address = `${this.#options.issuer}/v2.0/factors/emailotp/transient/verifications/${id}?returnJwt=true`;
    const headers = new Headers({ authorization: `Bearer ${approval.revealChallenge()}` });
    const wait = seconds > 0 ? `&wait=${seconds}` : "";
    const [status, body] = await this.#send(address + wait, { headers }, TIMEOUT + seconds * 1000, signal);
    if (status !== 200) throw new Unavailable(`the token service answers ${status}`);
    const refused = (code: string, reason: string) => new Denied(reason, code, approval.jti);
    switch (body.state) {
      case "PENDING":
        return undefined;
      case "VERIFY_SUCCESS":
        if (typeof body.assertion !== "string" || body.assertion === "") {
          throw refused("approval_used", "the approval was used already");
        }
        return body.assertion;
      case "USER_DENIED":
        throw refused("approval_denied", "the person denied it");
      case "USER_FRAUDULENT":
        throw refused("approval_suspicious", "the person did not expect this request");
      case "EXPIRED":
        throw refused("approval_expired", "nobody approved it in time");
      default:
        throw refused("approval_failed", "it cannot be approved any more");
    }
  }

  /** The whole dance: exchange; where a person must approve, show them the page and wait (seconds); second leg. */
  async obtain(
    ask: Ask & { readonly subjectToken: string; readonly onApproval?: ApprovalPrompt | undefined; readonly patience?: number },
  ): Promise<OnBehalfOf> {
    let approval: Approval;
    try {
      return await this.exchangeToken(ask);
    } catch (failed) {
      if (!(failed instanceof StepUpRequired)) throw failed;
      approval = failed.approval;
    }
    const patience = ask.patience ?? 0;
    const end = performance.now() + patience * 1000;
    let assertion = await this.look(approval, 0, ask.signal);
    if (assertion === undefined && patience > 0) await ask.onApproval?.(approval.page, approval.message);
    for (let left = patience; assertion === undefined && left > 0; left = (end - performance.now()) / 1000) {
      assertion = await this.look(approval, left + 1, ask.signal);
    }
    if (assertion === undefined) throw new StepUpRequired(approval);
    return this.redeem({ ...ask, assertion });
  }

  async #ask(form: URLSearchParams, ask: Ask): Promise<OnBehalfOf> {
    form.set("scope", ask.scope);
    form.set("resource", this.#options.resource);
    form.set("authorization_details", canonical(ask.authorizationDetails));
    const headers = new Headers();
    this.#options.proof(this.#options.issuer, headers, form);
    const init = { method: "POST", headers, body: form };
    const [status, body] = await this.#send(`${this.#options.issuer}/oauth2/token`, init, TIMEOUT, ask.signal);
    if (status === 200) return this.#success(body);
    if (status === 400 || status === 401 || status === 403) throw refusal(body);
    throw new Unavailable(`the token service answers ${status}`);
  }

  #success(body: JsonObject): OnBehalfOf {
    const token = body.access_token;
    if (typeof token !== "string" || token === "" || text(body, "token_type").toLowerCase() !== "bearer") {
      throw new Unavailable("the token service's answer holds no bearer token");
    }
    if (body.scope === "mfa_challenge") throw new StepUpRequired(this.#approval(body, token));
    const life = body.expires_in;
    return new OnBehalfOf(token, text(body, "jti"), typeof life === "number" && life > 0 ? life : 0);
  }

  #approval(body: JsonObject, challenge: string): Approval {
    const page = text(body, "approval_uri");
    // The person is sent to this address, so it must be the token service's own.
    if (text(body, "approval_id") === "" || !page.startsWith(`${this.#options.issuer}/`)) {
      throw new Unavailable("the token service's challenge names no approval page of its own");
    }
    const until = body.expires_at;
    const expiresAt = typeof until === "number" ? new Date(until * 1000).toISOString().replace(".000Z", "Z") : text(body, "expires_at");
    return new Approval(text(body, "approval_id"), page, expiresAt, text(body, "message"), text(body, "jti"), challenge);
  }

  async #send(address: string, init: RequestInit, timeout: number, signal?: AbortSignal): Promise<[number, JsonObject]> {
    const limits = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])];
    let status: number;
    let body: string;
    try {
      const headers = new Headers(init.headers);
      headers.set("accept", "application/json");
      const response = await (this.#options.fetch ?? fetch)(address, { ...init, headers, redirect: "manual", signal: AbortSignal.any(limits) });
      status = response.status;
      body = await limited(response, LARGEST_ANSWER);
    } catch {
      signal?.throwIfAborted();
      throw new Unavailable("the token service is away"); // no cause: it may hold the request
    }
    try {
      return [status, parseObject(body)];
    } catch {
      if (status === 200 || status === 400 || status === 401 || status === 403) {
        throw new Unavailable("the token service's answer is not JSON");
      }
      return [status, {}];
    }
  }
}

/** The text of an answer that is not larger than it may be. */
export async function limited(response: Response, largest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.length;
    if (size > largest) {
      await reader?.cancel();
      throw new RangeError("the answer is too large");
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refusal(body: JsonObject): Error {
  const [code, reason, jti] = [text(body, "error"), text(body, "error_description"), text(body, "jti")];
  if (code === "") return new Unavailable("the token service's refusal names no error");
  if (code === "access_denied") {
    const reasons = Array.isArray(body.reasons) ? body.reasons.slice(0, 16) : [];
    return new Denied(reason, code, jti, reasons.map((one) => String(one).slice(0, LONGEST_TEXT)));
  }
  return code === "invalid_request" ? new SignInRequired(reason, jti) : new Refused(reason, code, jti);
}

function text(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === "string" ? value.replace(/[\x00-\x1f\x7f]/g, " ").slice(0, LONGEST_TEXT) : "";
}
