// The console's connection: a client that can be asked for answers, and that says why it was refused.

import { Client } from "./client.js";
import { Raw, write } from "./raw.js";
import { Refusal, refusalOf, unreachable } from "./refusal.js";

const PATIENCE = 10_000;

/**
 * Events, beside those of the client ("state", "latency", "frame"):
 *   greeting  detail: data and meta of hotsock.connected, and umd as the text it came as
 *   refused   detail: a Refusal; the connection was never made, and is not tried again
 *   fault     detail: a Refusal that nobody waited for, of a raw frame or of a subscription that was made anew
 */
export class Session extends EventTarget {
  client;
  greeting = null; // of the connection as it is
  #token = async () => "";
  #met = false; // was this token ever good for a connection?
  #waiting = new Map(); // ref -> { resolve, reject, natural }
  #refs = 0;

  constructor() {
    super();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.client = new Client({ url: `${scheme}//${location.host}/v1`, token: () => this.#token(), pingEvery: 0, subprotocol: true });
    for (const type of ["state", "latency", "frame"]) {
      this.client.addEventListener(type, ({ detail }) => this.dispatchEvent(new CustomEvent(type, { detail })));
    }
    this.client.addEventListener("state", ({ detail }) => this.#follow(detail.state));
    this.client.addEventListener("frame", ({ detail }) => !detail.sent && this.#hear(detail));
  }

  /** Connects with the token that the function makes; it is asked again before each reconnection. */
  start(token) {
    this.client.close();
    this.#token = token;
    this.#met = false;
    this.client.connect();
  }

  suspend() {
    this.client.close();
  }

  resume() {
    this.client.connect();
  }

  get connected() {
    return this.client.state === "connected";
  }

  /**
   * Sends a frame, whose members may be Raw, and waits for its answer: an acknowledgement, or a frame that
   * natural recognizes. Rejects with a Refusal.
   */
  ask(frame, natural) {
    const ref = `console-${++this.#refs}`;
    if (!this.client.send(write({ ...frame, ref }))) return Promise.reject(new Refusal("offline", "Not connected. Connect first."));
    return this.expect(ref, natural);
  }

  /** Waits for the answer to a frame that was sent with ref, as ask does. */
  expect(ref, natural) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref);
        reject(new Refusal("silence", "No answer for 10 s. Look at the frames, or try again."));
      }, PATIENCE);
      this.#waiting.set(ref, {
        natural,
        resolve: (answer) => (clearTimeout(timer), this.#waiting.delete(ref), resolve(answer)),
        reject: (why) => (clearTimeout(timer), this.#waiting.delete(ref), reject(why)),
      });
    });
  }

  /** Calls the Client HTTP API with this connection's rights, and returns its answer as Raw. Rejects with a Refusal. */
  async call(verb, body) {
    if (!this.greeting) throw new Refusal("offline", "Not connected. Connect first.");
    const { connectionId, connectionSecret } = this.greeting.data;
    let answer;
    try {
      answer = await fetch(`/connection/${verb}?${new URLSearchParams({ connectionId, connectionSecret })}`, {
        method: "POST", body: write(body), cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      throw unreachable();
    }
    if (!answer.ok) throw await refusalOf(answer);
    return new Raw(await answer.text());
  }

  #hear({ frame, text }) {
    if (frame?.event === "hotsock.connected") {
      this.#met = true;
      this.greeting = { data: Object(frame.data), meta: Object(frame.meta), umd: new Raw(text).get("meta")?.get("umd")?.text ?? "null" };
      this.dispatchEvent(new CustomEvent("greeting", { detail: this.greeting }));
    }
    const asked = this.#waiting.get(frame?.ref);
    if (frame?.event === "hotsock.error") {
      const refusal = new Refusal(frame.error?.code, frame.error?.message);
      return asked ? asked.reject(refusal) : this.dispatchEvent(new CustomEvent("fault", { detail: refusal }));
    }
    if (asked && frame.event === "hotsock.ack") return asked.resolve(frame);
    for (const one of this.#waiting.values()) {
      if (one.natural?.(frame)) return one.resolve(frame);
    }
  }

  #follow(state) {
    if (state === "connected") return;
    this.greeting = null;
    for (const asked of [...this.#waiting.values()]) asked.reject(new Refusal("offline", "The connection ended before the answer. Try again."));
    if (state !== "reconnecting" && state !== "offline") return;
    if (this.#met) return;
    // A token that never was any good will not become so: say it, rather than try for ever.
    queueMicrotask(() => this.client.close()); // the client is about to set its timer for the next attempt
    this.#explain().then((detail) => this.dispatchEvent(new CustomEvent("refused", { detail })));
  }

  // Browsers do not tell pages why a WebSocket was refused, so we look at what can be seen from here.
  async #explain() {
    let token;
    try {
      token = await this.#token();
    } catch (error) {
      return error instanceof Refusal ? error : unreachable();
    }
    const fault = faultOf(token);
    if (fault) return new Refusal("token", fault);
    try {
      await fetch("icon.svg", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    } catch {
      return unreachable();
    }
    return new Refusal("token", "The server refused the token, which looks well formed: its key may be another server's, it may have been used up or revoked, or aud or iss do not fit. dormouse token inspect says more.");
  }
}

/** Reads the claims of a token without checking them; null if it has none. */
export function claimsOf(token) {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

/** What is wrong with a connect token, as far as one sees without its key; "" if nothing is. */
export function faultOf(token, now = Date.now()) {
  if (!token) return "Paste a token first.";
  const claims = token.split(".").length === 3 ? claimsOf(token) : null;
  if (!claims) return "This is no JWT: it has three parts with dots between them. Copy it again, whole.";
  if (typeof claims.exp !== "number") return "The token has no exp. Sign one that has.";
  if (claims.exp * 1000 <= now) return `The token expired at ${new Date(claims.exp * 1000).toLocaleString()}. Sign a new one.`;
  if (!String(claims.scope ?? "").split(" ").includes("connect")) return "The token lacks the scope connect. Sign one that has it.";
  return "";
}
