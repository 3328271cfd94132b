// The change log: who changed what, when; newest first, the last hundred.

import { $, avatar, el, timeOfDay } from "./dom.js";

const LIMIT = 100;
const SAME_HAND = 4_000; // steps of one stepper and moves of one slider are one line

export class Changes {
  #last = null;

  add({ name, label, from, to, by, at, mine }) {
    $("log-empty").hidden = true;
    const last = this.#last;
    if (last && last.name === name && last.uid === by.uid && at - last.at < SAME_HAND) {
      last.line.remove();
      from = last.from;
    }
    const line = el("li", { "data-name": name },
      avatar(by, true),
      el("p", {},
        el("bdi", { class: "who" }, mine ? "You" : by.name), " ",
        el("span", { class: "what" }, label), " ",
        el("s", {}, from), " ",
        el("span", { class: "arrow", "aria-label": "to" }, "→"), " ",
        el("b", {}, to)),
      el("time", {}, timeOfDay(at)));
    const list = $("log");
    list.prepend(line);
    while (list.children.length > LIMIT) list.lastElementChild.remove();
    this.#last = { name, uid: by.uid, at, from, line };
  }
}
