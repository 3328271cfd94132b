// The apps: the server's own world first, then those of Pusher clients, and one of them.

import { pathOf } from "./api.js";
import { App } from "./app.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { counted } from "./ui.js";

const PAGE = 50;
const WHICH = [["", "All apps"], ["true", "Connected now"]];

/** The list. away has show(tab, search), for what is on another one. */
export function apps(panel, api, away) {
  const lists = el("div", {});
  const detail = new App(api);
  panel.replaceChildren(el("div", { class: "split" }, lists, detail.node));
  const which = el("select", { class: "field narrow", "aria-label": "Which apps" }, ...WHICH.map(([value, text]) => el("option", { value }, text)));
  which.addEventListener("input", () => list.refresh());
  const own = el("ul", { class: "rows own" });
  const list = new List(lists, {
    search: "An id, or its beginning",
    empty: "No app of Pusher clients is known here. Give one in apps.static, or name the table that they are in; of a table, those are shown that were used lately.",
    more: [which],
    async page(prefix, after) {
      if (after === undefined) showOwn((await api.call("GET", "/console/counts")).value.counts);
      const { apps, more } = (await api.call("GET", pathOf(["admin", "apps"], { prefix, after, connected: which.value, limit: PAGE }))).value;
      const items = after === undefined && which.value === "" ? await found(api, prefix, apps) : apps;
      const empty = which.value ? "No Pusher client is connected." : undefined;
      return { items, after: more ? apps.at(-1).id : undefined, empty };
    },
    row({ id, enabled, connections, channels }) {
      const button = el("button", { type: "button", class: "room-name", "data-state": connections ? "subscribed" : "open", "aria-pressed": String(id === detail.id) },
        el("span", { class: "dot", "aria-hidden": "true" }), el("bdi", {}, id), enabled ? "" : el("span", { class: "badge" }, "disabled"),
        el("span", { class: "soft" }, `${counted(connections, "connection")}, ${counted(channels, "channel")}`));
      button.addEventListener("click", () => {
        for (const other of list.list.querySelectorAll(".room-name")) other.setAttribute("aria-pressed", String(other === button));
        detail.show(id);
      });
      return el("li", { "data-app": id }, button);
    },
  });
  list.list.before(own);

  function showOwn({ connections, guests }) {
    const button = el("button", { type: "button", class: "room-name", "data-state": connections > guests ? "subscribed" : "open" },
      el("span", { class: "dot", "aria-hidden": "true" }), "Hotsock", el("span", { class: "badge" }, "this server's own"),
      el("span", { class: "soft" }, counted(connections - guests, "connection")));
    button.addEventListener("click", () => away.show("tab-channels", ""));
    const focused = own.contains(document.activeElement);
    own.replaceChildren(el("li", {}, button));
    if (focused) button.focus({ preventScroll: true });
  }

  /** Ends what runs, and shows nothing any more. */
  list.close = () => {
    own.replaceChildren();
    detail.close();
  };
  return list;
}

// The apps of a first page, and before them the one of which prefix is the whole id: it may be in a table, and not at
// hand.
async function found(api, prefix, apps) {
  if (/^\.{0,2}$/.test(prefix) || apps.some(({ id }) => id === prefix)) return apps; // a browser takes dots out of a path
  try {
    return [(await api.call("GET", pathOf(["admin", "apps", prefix]))).value, ...apps];
  } catch (error) {
    if (error.code === "NOT_FOUND" || apps.length > 0) return apps;
    throw error;
  }
}
