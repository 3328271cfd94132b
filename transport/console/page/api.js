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
    if (!/^[\x21-\x7e]*$/.test(this.#key)) throw new Refusal("UNAUTHORIZED", "An API key has letters, digits and signs only, and no space.");
    let answer;
    try {
      answer = await fetch(path, {
        method, cache: "no-store", signal: AbortSignal.timeout(10_000),
        headers: { authorization: `Bearer ${this.#key}` },
        ...(body !== undefined && { body: write(body) }),
      });
    } catch {
      throw unreachable();
    }
    if (!answer.ok) throw await refusalOf(answer);
    return answer.status === 204 ? null : new Raw(await answer.text());
  }
}

/** A path of segments, each escaped, and a query of those members that are not empty. */
export function pathOf(segments, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const path = `/${segments.map(encodeURIComponent).join("/")}`;
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
