// The channels of the server, and one of them.

import { pathOf } from "./api.js";
import { Detail } from "./channel.js";
import { el } from "./dom.js";
import { drawer } from "./drawer.js";
import { List } from "./list.js";
import { Writer } from "./writer.js";

const PAGE = 50;

/** The list. away has show(tab, search), for what is on another one. */
export function channels(panel, api, away) {
  const lists = el("div", {});
  const detail = new Detail(api, away, () => list.refresh());
  panel.replaceChildren(el("div", { class: "split" }, lists, detail.node));
  const writer = new Writer(api, { now: true, done: () => list.refresh() });
  const write = drawer("Write…", writer.node, { "aria-keyshortcuts": "n" });
  const list = new List(lists, {
    search: "Search by the beginning of the name",
    empty: "No channel is in use or keeps anything yet. A channel is made by its first use: publish a message, set an entry, or subscribe on the client's side.",
    more: [write.button],
    drawers: [write],
    async page(prefix, after) {
      const { channels, more } = (await api.call("GET", pathOf(["channels"], { prefix, after, limit: PAGE }))).value;
      return { items: channels, after: more ? channels.at(-1).name : undefined };
    },
    row({ name, active }) {
      const button = el("button", { type: "button", class: "room-name", "data-state": active ? "subscribed" : "open", "aria-pressed": String(name === detail.name) },
        el("span", { class: "dot", "aria-hidden": "true" }), el("bdi", {}, name), el("span", { class: "soft" }, active ? "in use" : "asleep"));
      button.addEventListener("click", () => {
        for (const other of lists.querySelectorAll(".room-name")) other.setAttribute("aria-pressed", String(other === button));
        detail.show(name);
      });
      return el("li", { "data-channel": name }, button);
    },
  });
  list.create = () => write.open();
  /** Ends what runs, and shows no channel any more. */
  list.close = () => detail.close();
  return list;
}
