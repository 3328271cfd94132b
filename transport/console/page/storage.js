// The storage of a channel: entries as they are, from snapshots, changes, answers and lists.

import { $, el } from "./dom.js";
import { Raw } from "./raw.js";
import { by, filled, folded, moment, tell, typed } from "./ui.js";

const LIMIT = 500; // entries of one channel on the page
const PAGE = 100;

export class Storage {
  #session;
  #rooms;
  #lists = new Map(); // room -> { list, rows: key -> li, full }

  constructor(session, rooms) {
    this.#session = session;
    this.#rooms = rooms;
    for (const event of ["hotsock.channelStorageUpdated", "hotsock.channelStorageData"]) {
      session.client.bind(event, (frame, text) => this.#hear(frame, text));
    }
    rooms.addEventListener("show", ({ detail }) => this.#show(detail));
    const fields = { INVALID_STORAGE_KEY: $("key"), STORAGE_PERMISSION_DENIED: $("key"), DATA_TOO_LARGE: $("value") };
    $("set-form").addEventListener("submit", (event) => {
      event.preventDefault();
      tell($("set-outcome"), () => this.#set(), fields);
    });
    $("get").addEventListener("click", () => tell($("set-outcome"), () => this.#get(), fields));
    $("list").addEventListener("click", () => tell($("set-outcome"), () => this.#list()));
  }

  #key() {
    return filled($("key"), "Write the key first.");
  }

  async #set() {
    const channel = this.#rooms.shown.name;
    const key = this.#key();
    filled($("value"), "Write the data first; null clears the entry.");
    const data = typed($("value"));
    await this.#session.ask({ event: "hotsock.channelStorageSet", channel, key, data });
    return `Set ${key}`;
  }

  async #get() {
    const channel = this.#rooms.shown.name;
    const key = this.#key();
    const frame = await this.#session.ask({ event: "hotsock.channelStorageGet", channel, key },
      (frame) => frame.event === "hotsock.channelStorageData" && frame.channel === channel && frame.key === key);
    return frame.data === null ? `${key} is not set` : `Got ${key}`;
  }

  async #list() {
    const room = this.#rooms.shown;
    let n = 0;
    for (let after = ""; n < LIMIT;) {
      const answer = await this.#session.call("channelStorageList", { channel: room.name, after: after || undefined });
      const items = answer.get("items").items();
      for (const item of items) {
        const { key, meta } = item.value;
        this.#put(room, key, item.get("data").text, meta, false);
        after = key;
      }
      n += items.length;
      if (items.length < PAGE) break;
    }
    this.#note(room);
    return n === 1 ? "1 entry" : `${n} entries`;
  }

  #hear({ channel, key, meta }, text) {
    const room = this.#rooms.get(channel);
    if (!room || typeof key !== "string") return;
    this.#put(room, key, new Raw(text).get("data")?.text ?? "null", meta, true);
    if (room === this.#rooms.shown) this.#note(room);
  }

  #of(room) {
    let state = this.#lists.get(room);
    if (!state) {
      state = { list: el("ul", { class: "entries" }), rows: new Map(), full: 0 };
      this.#lists.set(room, state);
    }
    return state;
  }

  // data is its text; "null" takes the entry away.
  #put(room, key, data, meta, flash) {
    const state = this.#of(room);
    const before = state.rows.get(key);
    if (data === "null") {
      before?.remove();
      state.rows.delete(key);
      return;
    }
    if (!before && state.rows.size >= LIMIT) {
      state.full++;
      return;
    }
    const edit = el("button", { type: "button", class: "button small", "aria-label": `Edit ${key}` }, "Edit");
    edit.addEventListener("click", () => {
      $("key").value = key;
      $("value").value = data;
      $("value").focus();
    });
    const row = el("li", { "data-key": key, class: flash ? "flash" : false },
      el("p", { class: "line" }, el("b", {}, key), by(meta), moment(Date.now()), edit),
      folded(data, "Data"));
    state.rows.set(key, row);
    if (before) return before.replaceWith(row);
    const next = [...state.list.children].find((other) => other.dataset.key > key);
    state.list.insertBefore(row, next ?? null);
  }

  #show(room) {
    for (const known of this.#lists.keys()) if (this.#rooms.get(known.name) !== known) this.#lists.delete(known);
    if (!room) return;
    const { list } = this.#of(room);
    if ($("entries").firstElementChild !== list) {
      $("entries").replaceChildren(list);
      $("set-outcome").textContent = "";
    }
    this.#note(room);
  }

  #note(room) {
    const { rows, full } = this.#of(room);
    $("entries-note").textContent = full ? `${rows.size} are shown; there are more than this page shows.`
      : rows.size === 0 ? "None that you observe or asked for. List all asks for those that you may get."
      : "Those that you observe stay up to date by themselves.";
  }
}
