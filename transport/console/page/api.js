// Calls to the server's HTTP API with an API key, which is kept in this tab only.

import { keep, kept } from "./keep.js";
import { Raw, write } from "./raw.js";
import { Refusal, refusalOf, unreachable } from "./refusal.js";

export class API {
  #key = kept("apiKey");

  get key() {
    return this.#key;
  }

  /** Takes a key, or forgets it: "". */
  set key(key) {
    this.#key = key;
    keep("apiKey", key);
  }

  /**
   * Makes a call, with a body whose members may be Raw, and returns its answer as Raw, null if that has no body.
   * Rejects with a Refusal.
   */
  async call(method, path, body) {
    const answer = await this.#fetch(path, { method, signal: AbortSignal.timeout(10_000), ...(body !== undefined && { body: write(body) }) });
    return answer.status === 204 ? null : new Raw(await answer.text());
  }

  /**
   * Reads the lines of an answer as they come, until it ends or signal aborts it, which is no failure. begun is
   * called when the answer begins. Rejects with a Refusal.
   */
  async *lines(path, signal, begun) {
    try {
      const { body } = await this.#fetch(path, { signal });
      begun();
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { done, value } = await reader.read();
        if (done) return;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        yield* lines;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof Refusal ? error : unreachable();
    }
  }

  async #fetch(path, more) {
    if (!/^[\x21-\x7e]*$/.test(this.#key)) throw new Refusal("UNAUTHORIZED", "An API key has letters, digits and signs only, and no space.");
    let answer;
    try {
      answer = await fetch(path, { cache: "no-store", headers: { authorization: `Bearer ${this.#key}` }, ...more });
    } catch {
      throw unreachable();
    }
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  }
}

/** A path of segments, each escaped, and a query of those members that are not empty. */
export function pathOf(segments, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const path = `/${segments.map(encodeURIComponent).join("/")}`;
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
