// The settings: one storage entry each, so that two people who edit different ones never collide.
//
// A change shows at once (data-state "saving"), and is ticked ("saved") when the server's own frame for it
// comes, which it sends once the entry is on disk. Made while there is no connection it waits
// ("waiting") and is sent after the next subscribe. Other people's changes light up for a moment.

import { $, ago, announce, avatar, el, mark, timeOfDay } from "./dom.js";
import { personOf } from "./person.js";

const PREFIX = "settings.";
const ANSWER_TIMEOUT = 5_000; // then we ask what the entry is
const FLASH = 2_200; // as long as the style sheet's
const MARKER = "settings.title"; // any key we may get
const TICK = "M3 8.5l3.2 3.2L13 5";

const choice = (id) => ({
  read: (input) => input.value,
  write(input, value) {
    input.querySelector("[data-foreign]")?.remove();
    if (![...input.options].some((option) => option.value === String(value))) {
      input.append(el("option", { value: String(value), "data-foreign": true }, inWords(value)));
    }
    input.value = String(value);
  },
  show: (value) => [...$(id).options].find((option) => option.value === value)?.textContent ?? inWords(value),
});

const number = {
  read(input) {
    const value = Number(input.value);
    if (input.value === "" || !Number.isFinite(value)) return undefined;
    return Math.min(Number(input.max), Math.max(Number(input.min), Math.round(value)));
  },
  write: (input, value) => (input.value = typeof value === "number" ? value : ""),
  show: inWords,
};

// The name of each setting, its value while nobody has set it, and how its control is read, written and told of.
const SETTINGS = {
  title: {
    label: "Title", initial: "Friday Night Nuts",
    read: (input) => input.value.trim(),
    write(input, value) {
      if (input.value.trim() !== inWords(value)) input.value = inWords(value); // a space being typed stays
    },
    show: (value) => `“${inWords(value)}”`,
  },
  mode: { label: "Mode", initial: "capture", ...choice("s-mode") },
  map: { label: "Map", initial: "old-oak", ...choice("s-map") },
  maxPlayers: { label: "Players", initial: 8, ...number },
  minutes: {
    label: "Time limit", initial: 10, ...number,
    write(input, value) {
      if (typeof value === "number") input.value = value;
      input.nextElementSibling.textContent = this.show(value);
    },
    show: (value) => `${inWords(value)} min`,
  },
  friendlyFire: {
    label: "Friendly fire", initial: false,
    read: (input) => input.checked,
    write: (input, value) => (input.checked = value === true),
    show: (value) => (value === true ? "on" : value === false ? "off" : inWords(value)),
  },
};

/** Any JSON value as a short text. */
function inWords(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** Are two JSON values the same, whatever the order of their members? */
function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

export class Settings {
  #client;
  #channel;
  #me;
  #onChange;
  #stored = new Map(); // name -> { value, by, at }; at is null for what was there before us
  #pending = new Map(); // name -> { value, timer }
  #rows = new Map();
  #snapshot = null; // while one comes in: { first, before, timer }
  #subscriptions = 0;

  /** onChange({ label, from, to, by, at, mine }) is called for each change that is worth a line in the log. */
  constructor({ client, channel, me, onChange }) {
    this.#client = client;
    this.#channel = channel;
    this.#me = me;
    this.#onChange = onChange;
    for (const row of document.querySelectorAll(".setting")) this.#adopt(row);

    client.bind("hotsock.subscribed", () => this.#subscribed(), channel);
    client.bind("hotsock.channelStorageUpdated", (frame) => this.#updated(frame), channel);
    client.bind("hotsock.channelStorageData", (frame) => this.#answered(frame), channel);
    client.bind("hotsock.error", () => setTimeout(() => this.#askForPending(), 1_000), channel); // which key it was about, it does not say
    client.addEventListener("state", () => this.#pending.forEach((_, name) => this.#note(name)));
    setInterval(() => this.#stored.forEach((_, name) => this.#note(name)), 10_000);
    this.#drawMatch();
  }

  // Controls

  #adopt(row) {
    const name = row.dataset.key;
    const input = row.querySelector("input, select");
    this.#rows.set(name, { row, input, note: row.querySelector(".setting-note"), drafted: false });

    const own = this.#rows.get(name);
    const commit = () => {
      clearTimeout(own.timer);
      own.timer = undefined;
      own.drafted = false;
      const value = SETTINGS[name].read(input);
      if (value === undefined || value === "") this.#draw(name);
      else this.#set(name, value);
    };
    // Typing is sent when the hand rests, so that the others see a title and not its letters;
    // a slider is sent while it moves, a few times a second.
    input.addEventListener("change", commit);
    input.addEventListener("input", () => {
      if (input.type === "range") {
        input.nextElementSibling.textContent = SETTINGS[name].show(Number(input.value));
        own.drafted = true;
        own.timer ??= setTimeout(commit, 120);
      } else if (input.type !== "checkbox" && input.tagName !== "SELECT") {
        own.drafted = true;
        clearTimeout(own.timer);
        own.timer = setTimeout(() => String(SETTINGS[name].read(input) || "") === input.value.trim() && commit(), 600);
      }
    });
    for (const button of row.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        const now = SETTINGS[name].read(input) ?? SETTINGS[name].initial;
        const next = now + Number(button.dataset.step);
        if (next < Number(input.min) || next > Number(input.max)) return;
        input.value = next;
        commit();
      });
    }
    this.#draw(name);
    this.#note(name);
  }

  #value(name) {
    return this.#pending.get(name)?.value ?? this.#stored.get(name)?.value ?? SETTINGS[name]?.initial;
  }

  #set(name, value) {
    if (!same(value, this.#value(name))) {
      clearTimeout(this.#pending.get(name)?.timer);
      this.#pending.set(name, { value });
      this.#send(name);
    }
    this.#draw(name);
    this.#drawMatch();
    this.#note(name);
  }

  #send(name) {
    const pending = this.#pending.get(name);
    pending.asked = false;
    clearTimeout(pending.timer);
    if (this.#client.set(this.#channel, PREFIX + name, pending.value)) {
      pending.timer = setTimeout(() => this.#ask(name), ANSWER_TIMEOUT);
    }
  }

  #ask(name) {
    const pending = this.#pending.get(name);
    pending.asked = true; // an answer to an older question says nothing of this value
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => this.#ask(name), ANSWER_TIMEOUT);
    this.#client.get(this.#channel, PREFIX + name);
  }

  // Frames

  // The server answers a subscribe with the entries as they are, and only then with what happens next.
  // Nothing marks the end of that snapshot, but all that a channel says comes in order: the answer to a
  // question asked now follows it.
  #subscribed() {
    clearTimeout(this.#snapshot?.timer);
    this.#snapshot = { first: this.#subscriptions++ === 0, before: new Map(this.#stored), timer: setTimeout(() => this.#snapshotEnds(), ANSWER_TIMEOUT) };
    for (const name of this.#pending.keys()) this.#send(name);
    this.#client.get(this.#channel, MARKER);
  }

  #snapshotEnds() {
    if (!this.#snapshot) return;
    const { before, timer } = this.#snapshot;
    clearTimeout(timer);
    this.#snapshot = null;
    for (const [name, entry] of before) { // what the snapshot did not bring is gone, it seems
      if (this.#stored.get(name) === entry) this.#client.get(this.#channel, PREFIX + name);
    }
  }

  #updated({ key, data, meta }) {
    if (typeof key !== "string" || !key.startsWith(PREFIX)) return;
    const name = key.slice(PREFIX.length);
    const snapshot = this.#snapshot;
    const before = this.#stored.get(name);
    const shown = this.#value(name);
    const by = personOf(meta);

    const pending = this.#pending.get(name);
    const settled = pending && same(pending.value, data);
    if (settled) this.#settle(name);

    if (snapshot && before && same(before.value, data)) { // the line was cut, and nothing has changed
      this.#stored.set(name, { ...before });
      return this.#note(name);
    }
    const at = snapshot?.first && !settled ? null : Date.now();
    this.#store(name, data, by, at);
    if (at === null) return;

    const mine = by.uid === this.#me.uid;
    const { label = name, initial } = SETTINGS[name] ?? {};
    const show = (value) => (value === null || value === undefined ? "cleared" : SETTINGS[name]?.show(value) ?? inWords(value));
    const change = { name, label, from: show(before?.value ?? initial), to: show(data), by, at, mine };
    this.#onChange(change);
    if (!mine) announce(`${by.name} changed ${label} to ${change.to}`);
    if (!mine || !same(shown, data)) this.#flash(name, by.color);
  }

  // An answer to our question, and so the truth: what we are still waiting for did not come to be.
  #answered({ key, data, meta }) {
    if (typeof key !== "string" || !key.startsWith(PREFIX)) return;
    if (key === MARKER) this.#snapshotEnds();
    const name = key.slice(PREFIX.length);
    if (this.#pending.get(name)?.asked) this.#settle(name);
    const before = this.#stored.get(name);
    if (same(before?.value ?? null, data ?? null)) {
      this.#draw(name);
      this.#drawMatch();
      return this.#note(name);
    }
    this.#store(name, data, personOf(meta), Date.now());
  }

  #store(name, data, by, at) {
    if (data === null || data === undefined) this.#stored.set(name, { value: undefined, by, at });
    else this.#stored.set(name, { value: data, by, at });
    this.#draw(name);
    this.#drawMatch();
    this.#note(name);
  }

  #settle(name) {
    clearTimeout(this.#pending.get(name).timer);
    this.#pending.delete(name);
  }

  #askForPending() {
    for (const name of this.#pending.keys()) this.#ask(name);
  }

  // Drawing

  #draw(name) {
    const own = this.#rows.get(name);
    if (!own) return this.#drawOthers();
    if (own.drafted) return; // somebody is in the middle of a word here
    SETTINGS[name].write(own.input, this.#value(name));
    for (const button of own.row.querySelectorAll("[data-step]")) {
      const next = Number(this.#value(name)) + Number(button.dataset.step);
      button.setAttribute("aria-disabled", String(next < Number(own.input.min) || next > Number(own.input.max)));
    }
  }

  #note(name) {
    const own = this.#rows.get(name);
    if (!own) return;
    const pending = this.#pending.has(name);
    const entry = this.#stored.get(name);
    const state = pending ? (this.#client.state === "connected" ? "saving" : "waiting") : entry?.value !== undefined ? "saved" : "initial";
    own.row.dataset.state = state;
    if (state === "saving") return own.note.replaceChildren(el("span", { class: "ring", "aria-hidden": "true" }), "Saving");
    if (state === "waiting") return own.note.replaceChildren(el("span", { class: "ring still", "aria-hidden": "true" }), "Waits for the connection");
    if (!entry) return own.note.replaceChildren("Default");
    const who = entry.by.uid === this.#me.uid ? "You" : entry.by.name;
    const when = entry.at === null ? "before you came" : ago(entry.at);
    const tick = el("span", { class: "tick", title: state === "saved" ? "Saved on disk" : "Cleared" }, mark(TICK));
    own.note.replaceChildren(tick, avatar(entry.by, true), el("bdi", {}, who), el("span", { class: "when", title: entry.at ? timeOfDay(entry.at) : undefined }, when));
  }

  #flash(name, color) {
    const own = this.#rows.get(name);
    if (!own) return;
    const { row } = own;
    row.style.setProperty("--who", color);
    row.classList.remove("flash");
    void row.offsetWidth; // begin the animation anew
    row.classList.add("flash");
    clearTimeout(own.flash);
    own.flash = setTimeout(() => row.classList.remove("flash"), FLASH);
  }

  #drawMatch() {
    const show = (name) => SETTINGS[name].show(this.#value(name));
    $("match").dataset.map = typeof this.#value("map") === "string" ? this.#value("map") : "";
    $("match-title").textContent = inWords(this.#value("title"));
    $("match-facts").replaceChildren(
      ...[show("mode"), show("map"), `up to ${show("maxPlayers")} players`, show("minutes"), `friendly fire ${show("friendlyFire")}`].map((fact) => el("span", {}, fact)),
    );
  }

  #drawOthers() {
    const others = [...this.#stored].filter(([name, { value }]) => !this.#rows.has(name) && value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
    $("others").hidden = others.length === 0;
    $("others-list").replaceChildren(
      ...others.slice(0, 50).map(([name, { value }]) => el("div", {}, el("dt", {}, name), el("dd", {}, inWords(value)))),
    );
  }
}
