import { createHash } from "node:crypto";
import { TemplateError } from "./errors.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of an own member; what every object inherits is none. */
export function member(value: unknown, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Members sorted by UTF-16 code units, no white space, numbers in plain decimal: what is signed, digested and pinned. */
export function canonical(value: Json): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return plain(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (isObject(value)) {
    const members = Object.keys(value).sort().map((name) => `${quoted(name)}:${canonical(value[name] as Json)}`);
    return `{${members.join(",")}}`;
  }
  return String(value);
}

/** SHA-256 of the canonical form, base64url. */
export function digest(value: Json): string {
  return createHash("sha256").update(canonical(value), "utf8").digest("base64url");
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\u00([0-9a-f]{2})/g, (_, code: string) => `\\u00${code.toUpperCase()}`);
}

function plain(number: number): string {
  const size = Math.abs(number);
  if (!Number.isFinite(number) || size > Number.MAX_SAFE_INTEGER || (size !== 0 && size < 0.000001)) {
    throw new TemplateError("an argument is a number that cannot be carried exactly", "inexact_number");
  }
  return String(number === 0 ? 0 : number);
}

/**
 * The one JSON object in a text. A member that occurs twice is refused: parsers would differ about it.
 * @throws SyntaxError saying nothing of the text
 */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError("the text is not JSON");
  }
  if (!isObject(value)) throw new SyntaxError("the value is not an object");
  if (hasDuplicates(text)) throw new SyntaxError("a member name occurs twice");
  return value;
}

/** Walks a text that is known to be JSON. */
function hasDuplicates(text: string): boolean {
  const open: (Set<string> | null)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;
  let last = "";
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const token = found[0];
    if (token === "{" || token === "[") open.push(token === "{" ? new Set() : null);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const name = JSON.parse(last) as string;
      const names = open.at(-1);
      if (names?.has(name)) return true;
      names?.add(name);
    }
    last = token;
  }
  return false;
}
