// Who this tab is, and how other people are read out of a frame's meta.

const STORE = "dormouse.demo";
const SPARE_COLOR = "#6b7280";
const SERVER = { uid: null, name: "The server", color: "#566159" };

/**
 * Reads a member or a frame's meta as { uid, name, color }. Its umd was written by whoever holds a
 * token, so anything may be in it; a null uid is a write from the server side.
 */
export function personOf(meta) {
  const uid = typeof meta?.uid === "string" ? meta.uid : null;
  if (uid === null) return SERVER;
  const { name, color } = Object(meta.umd);
  return {
    uid,
    name: typeof name === "string" && name.trim() ? name.slice(0, 64) : uid.slice(0, 64),
    color: /^#[0-9a-f]{6}$/i.test(color) ? color : SPARE_COLOR,
  };
}

/** This tab: its uid and name live in sessionStorage, so they survive a reload and differ between tabs. */
export class Me {
  uid = "";
  name = "";
  color = SPARE_COLOR;
  commands = [];

  constructor() {
    try {
      Object.assign(this, JSON.parse(sessionStorage.getItem(STORE) ?? "{}"));
    } catch {
      // Storage is off or holds nonsense: we are somebody new.
    }
  }

  /** Fetches a fresh connect token, and with the first one a uid, a name and the commands to show. */
  async token() {
    const query = new URLSearchParams({ uid: this.uid, name: this.name });
    const answer = await fetch(`session?${query}`, { cache: "no-store", signal: AbortSignal.timeout(8_000) });
    if (!answer.ok) throw new Error(`session: ${answer.status}`);
    const { token, uid, name, color, commands } = await answer.json();
    const born = uid !== this.uid;
    Object.assign(this, { uid, name, color, commands });
    if (born) this.#hold({}); // nobody else has a uid that was just made, however long the browser takes
    try {
      sessionStorage.setItem(STORE, JSON.stringify({ uid, name, color }));
    } catch {
      // Then the next reload is somebody new.
    }
    return token;
  }

  /**
   * Makes sure that no other tab has our uid. A duplicated tab is born with a copy of sessionStorage;
   * it finds the lock of that name held, and becomes somebody else.
   */
  async beAlone() {
    if (!this.uid || !navigator.locks) return;
    if (!await this.#hold({ signal: AbortSignal.timeout(400) })) Object.assign(this, { uid: "", name: "" });
  }

  // Takes the lock of our uid for as long as the tab lives. Resolves to whether it did.
  #hold(options) {
    return new Promise((answer) => {
      navigator.locks
        ?.request(`${STORE}.${this.uid}`, options, () => {
          answer(true);
          return new Promise(() => {});
        })
        .catch(() => answer(false));
    });
  }
}
