// What a channel tells its subscribers, as it does, without subscribing.

import { pathOf } from "./api.js";
import { announce, el } from "./dom.js";
import { entryOf, frameRow } from "./frame.js";
import { Raw } from "./raw.js";
import { Refusal } from "./refusal.js";

const KEPT = 300; // frames on the page
const ABOUT = 300; // characters of its data in the line of a frame
const SHARES = [["1", "every frame"], ["10", "each 10th frame"], ["100", "each 100th frame"]];

/** A tail of one channel. node is its part of the page; stop() must be called before that goes. */
export class Tail {
  #api;
  #name;
  #entries = []; // oldest first
  #came = 0;
  #dropped = 0;
  #running; // an AbortController, while it runs
  #begun = false; // by the server
  #drawing = false;
  #every = el("select", { class: "field", "aria-label": "Which share of the frames" }, ...SHARES.map(([value, text]) => el("option", { value }, text)));
  #filter = el("input", { class: "field", type: "search", placeholder: "Filter", "aria-label": "Filter the tail", autocomplete: "off", spellcheck: "false" });
  #button = el("button", { class: "button", "aria-pressed": "false" }, "Start");
  #counts = el("p", { class: "hint", "data-came": "0", "data-dropped": "0" });
  #outcome = el("p", { class: "outcome", role: "status" });
  #list = el("div", { class: "log-list", role: "region", "aria-label": "Frames of the tail, newest last", tabindex: "0", hidden: true });
  node;

  constructor(api, name) {
    this.#api = api;
    this.#name = name;
    const form = el("form", { class: "tail-bar" }, this.#button, this.#every, this.#filter);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#running) this.stop();
      else this.#start();
    });
    this.#filter.addEventListener("input", () => this.#draw());
    this.#every.addEventListener("input", () => {
      if (!this.#running) return;
      this.stop();
      this.#start();
    });
    this.node = el("section", { class: "paged tail" }, el("h4", {}, "Tail"), form, this.#counts, this.#outcome, this.#list);
    this.#count();
  }

  /** Ends it; what came stays to be read. */
  stop() {
    if (!this.#running) return;
    this.#running.abort();
    this.#running = undefined;
    this.#show();
  }

  async #start() {
    const run = new AbortController();
    this.#running = run;
    this.#entries = [];
    this.#came = this.#dropped = 0;
    this.#begun = false;
    this.#outcome.textContent = "";
    this.#draw();
    this.#show();
    const begun = () => {
      if (run !== this.#running) return;
      this.#begun = true;
      this.#count();
    };
    try {
      for await (const line of this.#api.lines(pathOf(["channels", this.#name, "tail"], { every: this.#every.value }), run.signal, begun)) {
        if (run !== this.#running) return;
        this.#take(line);
      }
      if (run === this.#running) this.#say("done", "The server ended it, as it does after a while. Start it again to go on.");
    } catch (error) {
      if (run === this.#running) this.#say("failed", error instanceof Refusal ? error.text : String(error));
    }
    if (run === this.#running) this.stop();
  }

  #take(text) {
    const frame = JSON.parse(text);
    if (frame.event === undefined) this.#dropped = frame.dropped ?? this.#dropped;
    else {
      this.#came++;
      const about = [frame.key, new Raw(text).get("data")?.text.slice(0, ABOUT)].filter((part) => part !== undefined).join(" ");
      this.#entries.push({ ...entryOf({ sent: false, text, frame, at: Date.now() }), about });
      if (this.#entries.length > KEPT) this.#entries.shift();
    }
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    const wanted = this.#filter.value.trim().toLowerCase();
    const shown = this.#entries.filter(({ text }) => text.toLowerCase().includes(wanted));
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    const known = new Map([...this.#list.children].map((row) => [row.entry, row]));
    this.#list.replaceChildren(...shown.map((entry) => known.get(entry) ?? Object.assign(frameRow(entry), { entry })));
    if (this.#came && shown.length === 0) this.#list.append(el("p", { class: "empty" }, "No frame matches."));
    this.#list.hidden = this.#came === 0;
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
    this.#count();
  }

  #count() {
    this.#counts.dataset.came = this.#came;
    this.#counts.dataset.dropped = this.#dropped;
    if (!this.#running && this.#came === 0) {
      this.#counts.textContent = "Start it, and what the channel tells its subscribers from then on is shown here. It counts as no subscription.";
      return;
    }
    const share = this.#every.selectedOptions[0].textContent;
    const parts = [`${this.#came.toLocaleString("en")} came, ${share}`];
    if (this.#came > this.#entries.length) parts.push(`the last ${this.#entries.length} are kept`);
    if (this.#dropped) parts.push(`${this.#dropped.toLocaleString("en")} left out by the server, as there were too many a second`);
    this.#counts.textContent = `${parts.join("; ")}.${this.#running && this.#begun && this.#came === 0 ? " Waiting." : ""}`;
  }

  #show() {
    const on = this.#running !== undefined;
    this.#button.textContent = on ? "Stop" : "Start";
    this.#button.setAttribute("aria-pressed", String(on));
    this.#count();
    announce(on ? "The tail runs." : "The tail has stopped.");
  }

  #say(state, text) {
    this.#outcome.dataset.state = state;
    this.#outcome.textContent = text;
  }
}
