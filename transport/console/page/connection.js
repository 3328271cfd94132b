// The connection's card: with which token, and what the server said to it.

import { $ } from "./dom.js";
import { keep, kept } from "./keep.js";
import { Refusal, refusalOf, unreachable } from "./refusal.js";
import { claimsOf, faultOf } from "./session.js";
import { milliseconds, tell } from "./ui.js";

const STATES = { connecting: "Connecting", connected: "Connected", reconnecting: "Reconnecting", offline: "Offline", closed: "Not connected" };

export class Connection {
  #session;
  #rooms;
  #ready = false; // the server signs tokens for us
  #suspended = false;

  constructor(session, rooms) {
    this.#session = session;
    this.#rooms = rooms;
    $("token").value = kept("token");
    $("token").addEventListener("input", () => this.#note());
    $("token-switch").addEventListener("click", () => this.#offer($("ready").hidden));
    $("connect-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.connect();
    });
    $("suspend").addEventListener("click", () => {
      this.#suspended = true;
      session.suspend();
      $("resume").focus();
    });
    $("resume").addEventListener("click", () => {
      session.resume();
      $("suspend").focus();
    });
    $("terminate").addEventListener("click", () => {
      this.#suspended = false;
      session.suspend();
      rooms.clear();
      this.#show("closed");
      $("connect").focus();
    });
    $("ping").addEventListener("click", () => this.ping());
    session.addEventListener("state", ({ detail }) => this.#show(detail.state));
    session.addEventListener("latency", ({ detail }) => ($("latency").textContent = milliseconds(detail)));
    session.addEventListener("greeting", ({ detail }) => this.#greet(detail));
    session.addEventListener("refused", ({ detail }) => tell($("connect-outcome"), async () => {
      throw detail;
    }, { token: $("token") }));
    this.#elsewhere();
    this.#note();
    this.#show("closed");
  }

  /** Whether this server signs tokens: it is one for development. */
  get ready() {
    return this.#ready && !$("ready").hidden;
  }

  /** Asks the server for a token, and connects with it. Where there is none, one has to be pasted. */
  async begin() {
    this.#ready = await askReady().then(() => true, () => false);
    this.#offer(this.#ready);
    $("token-switch").hidden = !this.#ready;
    if (this.#ready) this.connect();
  }

  connect() {
    this.#suspended = false;
    tell($("connect-outcome"), async () => {
      if (this.ready) {
        if (!/^[\w-]{1,64}$/.test($("ready-uid").value)) throw new Refusal("uid", "A uid here has 1 to 64 letters, digits, _ or -.", $("ready-uid"));
        this.#session.start(async () => (await askReady({ uid: $("ready-uid").value })).token);
        return "";
      }
      const token = $("token").value.trim();
      const fault = faultOf(token);
      if (fault) throw new Refusal("token", fault, $("token"));
      keep("token", token);
      this.#session.start(async () => token);
      return "";
    });
  }

  /** Connects with a token that was made elsewhere on the page. */
  use(token) {
    this.#offer(false);
    $("token").value = token;
    this.#note();
    this.connect();
  }

  ping() {
    this.#session.client.ping();
  }

  /** Signs a token with another umd, for an update. */
  async signUMD(umd) {
    return (await askReady({ uid: $("ready-uid").value, umd: umd.text })).token;
  }

  #offer(ready) {
    $("ready").hidden = !ready;
    $("token-part").hidden = ready;
    $("token-switch").textContent = ready ? "Paste a token instead" : "Let the server sign one";
    $("umd-label").textContent = ready ? "Metadata, as JSON" : "umd token";
    $("umd").placeholder = ready ? '{"status":"here"}' : "eyJhbGciOi…";
  }

  #note() {
    const claims = claimsOf($("token").value.trim());
    $("token-note").textContent = claims
      ? `uid ${typeof claims.uid === "string" ? claims.uid : "none"}, scope ${claims.scope ?? "none"}, ${until(claims.exp)}`
      : "A JWT with the scope connect. It stays in this tab.";
  }

  #show(state) {
    $("state").dataset.state = state;
    $("state-text").textContent = this.#suspended && state === "closed" ? "Suspended" : STATES[state];
    $("latency").textContent = "";
    const on = state !== "closed";
    $("connect").textContent = on ? "Reconnect" : "Connect";
    $("connect").classList.toggle("solid", !on);
    $("suspend").hidden = $("ping").hidden = !on;
    $("resume").hidden = !(this.#suspended && !on);
    $("terminate").hidden = !on && !this.#suspended;
    if (state === "connected") this.ping();
    else $("greeting").hidden = true;
  }

  #greet({ data, meta, umd }) {
    this.#suspended = false;
    $("connect-outcome").textContent = "";
    $("greeting").hidden = false;
    $("greeting-id").textContent = data.connectionId ?? "";
    $("greeting-uid").textContent = meta.uid ?? "none";
    $("greeting-umd").textContent = umd === "null" ? "none" : umd;
    $("greeting-until").textContent = data.connectionExpiresAt ? new Date(data.connectionExpiresAt).toLocaleString() : "no end";
  }

  // Hotsock's console is told its server in the address. Ours is part of its server, and speaks with no other.
  #elsewhere() {
    const asked = new URLSearchParams(location.search).get("wssUrl");
    let host;
    try {
      host = asked && new URL(asked).host;
    } catch {
      host = asked;
    }
    if (!host || host === location.host) return;
    $("elsewhere").hidden = false;
    $("elsewhere").textContent = `This console speaks with ${location.host} only. For ${host}, open the console of that server.`;
  }
}

function until(exp) {
  if (typeof exp !== "number") return "no exp";
  const seconds = Math.round(exp - Date.now() / 1000);
  if (seconds <= 0) return "expired";
  for (const [unit, size] of [["days", 86_400], ["h", 3_600], ["min", 60]]) {
    if (seconds >= 2 * size) return `good for ${Math.floor(seconds / size)} ${unit}`;
  }
  return `good for ${seconds} s`;
}

/** What a development server hands out: { token, apiKey }. Rejects with a Refusal where there is nothing. */
export async function askReady(query = {}) {
  let answer;
  try {
    answer = await fetch(`ready?${new URLSearchParams(query)}`, { cache: "no-store", signal: AbortSignal.timeout(8_000) });
  } catch {
    throw unreachable();
  }
  if (!answer.ok) throw await refusalOf(answer);
  if (answer.status === 204) throw new Refusal("none", "This server has no credentials ready.");
  return answer.json();
}
