import { Cancelled, CountersignError, Denied, SignInRequired, StepUpRequired, Unavailable } from "./errors.ts";

const DEEPEST = 8;
const CONNECTION = /^(ECONN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_(SOCKET|CONNECT))/;
const TIMEOUT = /^(ETIMEDOUT|UND_ERR_\w*TIMEOUT)/;

/**
 * What to tell a person whose request ended with this error. Never repeats a message of the model's provider, which may
 * hold the key or the conversation.
 */
export function inWords(error: unknown): string {
  const chain = chainOf(error);
  const own = chain.find((one) => one instanceof CountersignError);
  if (own) return ofOurs(own);
  const names = chain.flatMap((one) => [text(one, "name"), (one as object)?.constructor?.name ?? ""]);
  const codes = chain.map((one) => text(one, "code"));
  const status = chain.map(statusOf).find((found) => found > 0) ?? 0;
  if (names.some((name) => name.includes("Timeout")) || codes.some((code) => TIMEOUT.test(code))) {
    return "The model took too long to answer. Please try again.";
  }
  if (names.includes("AbortError")) return ofOurs(new Cancelled());
  if (status === 429) return "The model is asked too much just now. Please try again in a while.";
  if (status === 401 || status === 403) return "The model refuses this agent's key. Please tell whoever runs it.";
  if (status >= 500 || names.includes("APIConnectionError") || codes.some((code) => CONNECTION.test(code))) {
    return "The model cannot be reached. Please try again in a while.";
  }
  if (status >= 400) return "The model refuses this request. Please tell whoever runs this agent.";
  return "Something went wrong in this agent. Please tell whoever runs it.";
}

function ofOurs(error: CountersignError): string {
  if (error instanceof SignInRequired) return "Your sign-in is no longer accepted. Please sign in again; nothing more was done.";
  if (error instanceof StepUpRequired) return `This needs your approval: ${error.approval.message} Please open ${error.approval.page}.`;
  if (error instanceof Denied) return `This was denied: ${error.message}.`;
  if (error instanceof Unavailable) return "Something that this needs is away. Please try again in a while.";
  if (error instanceof Cancelled) return "Stopped. Whether a call that was running took effect is unknown; please look before you repeat it.";
  return `This could not be done: ${error.message}.`;
}

/** The error and what caused it, also where a library collects several. */
function chainOf(error: unknown): object[] {
  const found: object[] = [];
  const next = [error];
  while (next.length > 0 && found.length < DEEPEST) {
    const one = next.shift();
    if (typeof one !== "object" || one === null || found.includes(one)) continue;
    found.push(one);
    const { cause, lastError, errors } = one as { cause?: unknown; lastError?: unknown; errors?: unknown };
    next.push(cause, lastError, ...(Array.isArray(errors) ? errors : []));
  }
  return found;
}

function text(one: object, member: string): string {
  const value = (one as Record<string, unknown>)[member];
  return typeof value === "string" ? value : "";
}

function statusOf(one: object): number {
  const { status, statusCode } = one as { status?: unknown; statusCode?: unknown };
  return [status, statusCode].find((value): value is number => typeof value === "number") ?? 0;
}
