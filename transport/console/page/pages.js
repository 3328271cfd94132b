// A short list with a button for its next page.

import { el } from "./dom.js";
import { tell } from "./ui.js";

/** A small button. */
export function button(label, act) {
  const node = el("button", { type: "button", class: "button small" }, label);
  node.addEventListener("click", act);
  return node;
}

/** A list of few rows, of which page(after) reads some more: it resolves to { rows, after }. */
export class Pages {
  #list = el("ul", { class: "entries" });
  #outcome = el("p", { class: "outcome", role: "status" });
  #more = button("More", () => this.load(false));
  #empty;
  #page;
  #after;
  node;

  constructor(title, empty, page) {
    this.#empty = el("p", { class: "empty", hidden: true }, empty);
    this.#page = page;
    this.#more.hidden = true;
    this.node = el("section", { class: "paged" }, el("h4", {}, title), this.#list, this.#empty, this.#outcome, this.#more);
  }

  /** Whether there is something to see: rows, or why there are none. */
  get shown() {
    return this.#list.children.length > 0 || this.#outcome.dataset.state === "failed";
  }

  /** Reads the first page anew, or the next one. */
  load(first) {
    return tell(this.#outcome, async () => {
      const { rows, after } = await this.#page(first ? undefined : this.#after);
      if (first) this.#list.replaceChildren(...rows);
      else this.#list.append(...rows);
      this.#after = after;
      this.#more.hidden = after === undefined;
      this.#empty.hidden = this.#list.children.length > 0;
      return "";
    });
  }
}
