// Every frame as it went over the wire, both ways, the last thousand.

import { $, el } from "./dom.js";
import { entryOf, frameRow } from "./frame.js";

const LIMIT = 1_000;
const LIMIT_BYTES = 16 << 20; // of all of them together

export class Log {
  #entries = []; // oldest first
  #gone = 0;
  #bytes = 0;
  #held = 0; // came while paused
  #paused = false;
  #pending = []; // not yet drawn
  #list = $("log-list");

  constructor(session) {
    session.addEventListener("frame", ({ detail }) => this.#add(detail));
    for (const id of ["log-filter", "log-way", "log-pings"]) $(id).addEventListener("input", () => this.#draw());
    $("log-pause").addEventListener("click", () => this.pause());
    $("log-clear").addEventListener("click", () => {
      this.#entries = [];
      this.#gone = this.#held = this.#bytes = 0;
      this.#draw();
    });
    this.#draw();
  }

  /** Holds the list still, or lets it go on. */
  pause(paused = !this.#paused) {
    this.#paused = paused;
    this.#held = 0;
    $("log-pause").setAttribute("aria-pressed", String(paused));
    $("log-pause").textContent = paused ? "Go on" : "Pause";
    this.#draw();
  }

  #add(frame) {
    const entry = entryOf(frame);
    this.#entries.push(entry);
    this.#bytes += entry.size;
    while (this.#entries.length > LIMIT || this.#bytes > LIMIT_BYTES) {
      this.#bytes -= this.#entries.shift().size;
      this.#gone++;
    }
    if (this.#paused) this.#held++;
    else if (this.#passes(entry)) {
      if (this.#pending.length === 0) requestAnimationFrame(() => this.#append());
      this.#pending.push(entry);
      if (this.#pending.length > LIMIT) this.#pending.shift(); // a tab in the background draws nothing
    }
    if (this.#pending.length === 0) this.#count();
  }

  #passes({ sent, event, text }) {
    if (!$("log-pings").checked && (event === "hotsock.ping" || event === "hotsock.pong")) return false;
    const way = $("log-way").value;
    if (way && (way === "sent") !== sent) return false;
    return text.toLowerCase().includes($("log-filter").value.trim().toLowerCase());
  }

  #draw() {
    this.#pending = [];
    this.#count();
    const until = this.#paused && this.#held ? -this.#held : undefined;
    const shown = this.#entries.slice(0, until).filter((entry) => this.#passes(entry));
    this.#list.replaceChildren(...shown.map(frameRow));
    if (shown.length === 0) this.#list.append(el("p", { class: "empty" }, this.#entries.length ? "No frame matches." : "No frames yet. Connect, and they show here."));
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #append() {
    const entries = this.#pending;
    this.#pending = [];
    if (entries.length === 0) return;
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    this.#list.querySelector(".empty")?.remove();
    this.#list.append(...entries.map(frameRow));
    while (this.#list.children.length > this.#entries.length) this.#list.firstElementChild.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
    this.#count();
  }

  #count() {
    $("log-count").textContent = this.#paused && this.#held ? `${this.#entries.length}, ${this.#held} new` : this.#entries.length;
    $("log-gone").hidden = this.#gone === 0;
    $("log-gone").textContent = this.#gone ? `The last ${this.#entries.length.toLocaleString("en")} are kept; ${this.#gone.toLocaleString("en")} older ones are gone.` : "";
  }
}
