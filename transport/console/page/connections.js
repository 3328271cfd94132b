// The connections of the server, and their end.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { folded, moment, twice } from "./ui.js";

const PAGE = 50;

export function connections(panel, api) {
  return new List(panel, {
    search: "A user's, by uid",
    empty: "Nobody is connected.",
    async page(uid, after) {
      const { connections, more } = (await api.call("GET", pathOf(["connections"], { uid, after, limit: PAGE }))).value;
      return { items: connections, after: more ? connections.at(-1).id : undefined };
    },
    row({ id, uid, connectedAt, sourceIp, userAgent }, list) {
      const kick = twice("Kick", "Really kick?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["connections", id]));
        return `Kicked ${uid ?? id}; it may come back while its token is good`;
      }));
      const body = el("div", { class: "inner" });
      const more = el("details", { class: "fold" }, el("summary", {}, "Subscriptions"), body);
      more.addEventListener("toggle", () => more.open && show(body, api, id));
      return el("li", { "data-id": id, "data-uid": uid ?? "" },
        el("p", { class: "line" }, el("b", {}, uid ?? "no uid"), el("code", { class: "soft" }, id), kick),
        el("p", { class: "line soft" }, "since ", moment(connectedAt), el("bdi", {}, sourceIp), el("bdi", { class: "agent" }, userAgent)),
        more);
    },
  });
}

async function show(body, api, id) {
  try {
    const connection = await api.call("GET", pathOf(["connections", id]));
    const { umd, subscriptions } = connection.value;
    body.replaceChildren(
      umd === null ? "" : folded(connection.get("umd").text, "Metadata"),
      el("ul", { class: "chips" }, ...subscriptions.map(({ channel, channelAlias }) => el("li", { class: "chip" }, el("bdi", {}, channel), channelAlias ? ` (alias ${channelAlias})` : ""))),
      subscriptions.length ? "" : el("p", { class: "soft" }, "Subscribed to nothing."));
  } catch (error) {
    body.replaceChildren(el("p", { class: "outcome", "data-state": "failed" }, error.text ?? String(error)));
  }
}
