import { AsyncLocalStorage } from "node:async_hooks";
import { Cancelled, SignInRequired } from "./errors.ts";

const current = new AsyncLocalStorage<Acting>();

/**
 * Whom an agent acts for. The bearer is in reach of the guarded `fetch` and of nobody else: it is no argument of a tool,
 * no part of a prompt, a memory, a log line or an exception. `cancel` breaks off what runs and begins nothing.
 */
export class Acting {
  readonly #bearer: string;
  readonly #cancelled = new AbortController();
  #ended: SignInRequired | undefined;

  constructor(bearer: string) {
    this.#bearer = bearer;
  }

  static current(): Acting | undefined {
    return current.getStore();
  }

  /** Runs the agent's loop. Throws `SignInRequired` if a call met a token that is not accepted any more. */
  async run<T>(loop: () => Promise<T>): Promise<T> {
    try {
      return await current.run(this, loop);
    } finally {
      if (this.#ended) throw new SignInRequired(undefined, this.#ended.jti);
    }
  }

  cancel(): void {
    this.#cancelled.abort(new Cancelled());
  }

  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Throws what ended this request. */
  check(): void {
    if (this.#ended) throw this.#ended;
    this.signal.throwIfAborted();
  }

  /** Notes that the person must sign in again. */
  end(error: SignInRequired): void {
    this.#ended = error;
  }

  /** Hands out the bearer. Search for this name to find every place where it leaves its wrapper. */
  revealBearer(): string {
    return this.#bearer;
  }
}

/** Runs an agent's loop for a person whose access token this is. */
export function actingFor<T>(bearer: string, loop: (acting: Acting) => Promise<T>): Promise<T> {
  const acting = new Acting(bearer);
  return acting.run(() => loop(acting));
}
