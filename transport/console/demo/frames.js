// The drawer: every frame as it went over the wire, the last 500.

import { $, el, timeOfDay } from "./dom.js";
import { pretty } from "./json.js";

const LIMIT = 500;
const encoder = new TextEncoder();

export class Frames {
  #entries = []; // oldest first
  #held = 0; // came while paused
  #paused = false;
  #drawer = $("frames");
  #list = $("frames-list");
  #opener = null;

  constructor({ client }) {
    client.addEventListener("frame", ({ detail }) => this.#add(detail));
    $("frames-toggle").addEventListener("click", () => this.toggle());
    $("frames-close").addEventListener("click", () => this.toggle(false));
    $("frames-filter").addEventListener("input", () => this.#draw());
    $("frames-pings").addEventListener("change", () => this.#draw());
    $("frames-pause").addEventListener("click", () => this.#pause(!this.#paused));
    $("frames-clear").addEventListener("click", () => {
      this.#entries = [];
      this.#held = 0;
      this.#draw();
    });
    $("cut").addEventListener("click", () => client.reconnect());

    // ` opens and closes it wherever nobody is writing; with Ctrl it does so everywhere. Escape closes it.
    document.addEventListener("keydown", (event) => {
      const writing = event.target.closest?.("input:not([type=checkbox],[type=range]), select, textarea");
      if (event.code === "Backquote" && !event.altKey && !event.metaKey && (event.ctrlKey || !writing)) {
        event.preventDefault();
        this.toggle();
      } else if (event.key === "Escape" && this.#drawer.contains(event.target)) {
        this.toggle(false);
      }
    });
  }

  toggle(open = this.#drawer.hidden) {
    if (open === !this.#drawer.hidden) return;
    this.#drawer.hidden = !open;
    document.body.classList.toggle("with-frames", open);
    $("frames-toggle").setAttribute("aria-expanded", String(open));
    if (open) {
      this.#opener = document.activeElement;
      this.#draw();
      this.#list.scrollTop = this.#list.scrollHeight;
      this.#list.focus({ preventScroll: true });
    } else {
      (this.#opener?.isConnected ? this.#opener : $("frames-toggle")).focus({ preventScroll: true });
    }
  }

  #pause(paused) {
    this.#paused = paused;
    this.#held = 0;
    $("frames-pause").setAttribute("aria-pressed", String(paused));
    $("frames-pause").textContent = paused ? "Resume" : "Pause";
    this.#draw();
  }

  // While paused the list stands still; frames are kept all the same, and show on resume.
  #add({ sent, text, frame, at }) {
    const entry = { sent, text, at, size: encoder.encode(text).length, event: String(frame?.event ?? "?"), about: frame?.key ?? frame?.channel ?? "" };
    this.#entries.push(entry);
    if (this.#entries.length > LIMIT) this.#entries.shift();
    if (this.#paused) this.#held++;
    else if (!this.#drawer.hidden && this.#passes(entry)) this.#append(entry);
    this.#count();
  }

  #passes({ event, text }) {
    if (!$("frames-pings").checked && (event === "hotsock.ping" || event === "hotsock.pong")) return false;
    return text.toLowerCase().includes($("frames-filter").value.trim().toLowerCase());
  }

  #draw() {
    this.#count();
    if (this.#drawer.hidden) return;
    const shown = (this.#paused && this.#held ? this.#entries.slice(0, -this.#held) : this.#entries).filter((entry) => this.#passes(entry));
    this.#list.replaceChildren(...shown.map((entry) => this.#row(entry)));
    if (shown.length === 0) this.#list.append(el("p", { class: "empty" }, this.#entries.length ? "No frame matches." : "No frames yet."));
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #append(entry) {
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    this.#list.querySelector(".empty")?.remove();
    this.#list.append(this.#row(entry));
    while (this.#list.children.length > LIMIT) this.#list.firstElementChild.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #count() {
    $("frames-count").textContent = this.#paused && this.#held ? `${this.#entries.length}, ${this.#held} new` : this.#entries.length;
  }

  #row({ sent, text, at, size, event, about }) {
    const body = el("pre", { tabindex: "0" });
    const row = el("details", { class: sent ? "frame sent" : "frame received", "data-event": event },
      el("summary", {},
        el("span", { class: "way", title: sent ? "sent" : "received", role: "img", "aria-label": sent ? "sent" : "received" }, sent ? "↑" : "↓"),
        el("time", {}, `${timeOfDay(at)}.${String(at % 1000).padStart(3, "0")}`),
        el("span", { class: "event" }, event),
        el("span", { class: "about" }, String(about)),
        el("span", { class: "size" }, `${size} B`)),
      body);
    row.addEventListener("toggle", () => row.open && body.replaceChildren(...pretty(text)), { once: true });
    return row;
  }
}
