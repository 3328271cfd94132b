// A list from the server, page by page.

import { el } from "./dom.js";
import { tell } from "./ui.js";

const LIMIT = 1_000; // rows of one list on the page

/**
 * Fills panel with a bar, a list and what belongs to them.
 *
 * @param {HTMLElement} panel
 * @param {object} o
 * @param {(query: string, after: any) => Promise<{ items: any[], after: any, empty?: string }>} o.page  after is
 *   undefined for the first page; a page's own after is undefined if it was the last, and its empty is said in
 *   the place of o.empty
 * @param {(item: any, list: List) => HTMLElement} o.row  makes an li
 * @param {string} o.search  what the search field is called
 * @param {string} o.empty  what is said of an empty list: why it is, and what to do next
 * @param {HTMLElement[]} [o.more]  more of the bar
 * @param {{ node: HTMLElement, button: HTMLElement }[]} [o.drawers]  what opens below it, one at a time
 */
export class List {
  #o;
  #after;
  #turn = 0;
  search;
  list = el("ul", { class: "rows" });
  outcome = el("p", { class: "outcome list-outcome", role: "status" });
  #empty = el("p", { class: "empty", hidden: true });
  #moreButton = el("button", { type: "button", class: "button", hidden: true }, "More");

  constructor(panel, o) {
    this.#o = o;
    this.search = el("input", { class: "field", type: "search", placeholder: o.search, "aria-label": o.search, autocomplete: "off", spellcheck: "false" });
    const refresh = el("button", { type: "button", class: "button", "aria-keyshortcuts": "r" }, "Refresh");
    const bar = el("form", { class: "bar", role: "search" }, this.search, refresh, ...(o.more ?? []));
    let typing;
    this.search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.refresh(), 200);
    });
    bar.addEventListener("submit", (event) => {
      event.preventDefault();
      this.refresh();
    });
    refresh.addEventListener("click", () => this.refresh());
    this.#moreButton.addEventListener("click", () => this.#load(false));
    const drawers = o.drawers ?? [];
    for (const one of drawers) {
      one.button.addEventListener("click", () => drawers.forEach((other) => other !== one && other.hide()));
    }
    panel.replaceChildren(bar, ...drawers.map(({ node }) => node), this.outcome, this.list, this.#empty, el("div", { class: "list-foot" }, this.#moreButton));
  }

  /** Opens the form of something new, if the list has one. */
  create() {}

  /** Reads the first page anew. */
  refresh() {
    return this.#load(true);
  }

  /** Runs work, says what came of it, and reads the list anew if it went well. */
  async act(work) {
    if (await tell(this.outcome, work)) {
      const text = this.outcome.textContent;
      await this.refresh();
      this.outcome.textContent ||= text;
      this.outcome.dataset.state = "done";
      this.search.focus({ preventScroll: true });
    }
  }

  async #load(first) {
    const turn = ++this.#turn;
    await tell(this.outcome, async () => {
      const { items, after, empty } = await this.#o.page(this.search.value.trim(), first ? undefined : this.#after);
      if (turn !== this.#turn) return ""; // somebody typed on
      const rows = items.map((item) => this.#o.row(item, this));
      if (first) this.list.replaceChildren(...rows);
      else {
        this.list.append(...rows);
        rows[0]?.querySelector("button, summary, a")?.focus({ preventScroll: true });
      }
      this.#after = after;
      const full = this.list.children.length >= LIMIT;
      this.#moreButton.hidden = after === undefined || full;
      this.#empty.hidden = this.list.children.length > 0;
      this.#empty.textContent = this.search.value.trim() ? "Nothing of that name." : empty ?? this.#o.empty;
      return full && after !== undefined ? `${LIMIT} are shown, and there are more: search for what you want.` : "";
    });
  }
}
