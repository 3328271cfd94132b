// The connections of the server, and their end.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { sure, twice } from "./sure.js";
import { folded, moment } from "./ui.js";

const PAGE = 50;

/** The list. away has revoke(uid), which takes a user's tokens back. */
export function connections(panel, api, away) {
  const all = el("button", { type: "button", class: "button danger", hidden: true }, "Kick all of them…");
  all.addEventListener("click", async () => {
    const uid = list.search.value.trim();
    if (!await sure(`Kick ${uid}?`, "All connections of this user end. They may come back while their tokens are good: revoke those to keep them out.", "Kick")) return;
    list.act(async () => {
      const { connections } = (await api.call("DELETE", pathOf(["connections"], { uid }))).value;
      return connections === 1 ? `Kicked ${uid}: 1 connection` : `Kicked ${uid}: ${connections} connections`;
    });
  });
  const list = new List(panel, {
    search: "A user's, by uid",
    empty: "Nobody is connected. Connect on the client's side, or give your application a token.",
    more: [all],
    async page(uid, after) {
      const { connections, more } = (await api.call("GET", pathOf(["connections"], { uid, after, limit: PAGE }))).value;
      all.hidden = uid === "" || connections.length === 0;
      return { items: connections, after: more ? connections.at(-1).id : undefined };
    },
    row({ id, uid, connectedAt, sourceIp, userAgent }, list) {
      const kick = twice("Kick", "Really kick?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["connections", id]));
        return `Kicked ${uid ?? id}; it may come back while its token is good`;
      }));
      const revoke = el("button", { type: "button", class: "button small", hidden: uid === null, "aria-label": `Revoke tokens of ${uid}` }, "Revoke…");
      revoke.addEventListener("click", () => away.revoke(uid));
      const body = el("div", { class: "inner" });
      const more = el("details", { class: "fold" }, el("summary", {}, "Subscriptions"), body);
      more.addEventListener("toggle", () => more.open && show(body, api, id, list));
      return el("li", { "data-id": id, "data-uid": uid ?? "" },
        el("p", { class: "line" }, el("b", {}, uid ?? "no uid"), el("code", { class: "soft" }, id), revoke, kick),
        el("p", { class: "line soft" }, "since ", moment(connectedAt), el("bdi", {}, sourceIp), el("bdi", { class: "agent" }, userAgent)),
        more);
    },
  });
  return list;
}

async function show(body, api, id, list) {
  try {
    const connection = await api.call("GET", pathOf(["connections", id]));
    const { umd, subscriptions } = connection.value;
    body.replaceChildren(
      umd === null ? "" : folded(connection.get("umd").text, "Metadata"),
      el("ul", { class: "subscriptions" }, ...subscriptions.map(({ channel, channelAlias }) => {
        const end = twice("End", "Really end?", () => list.act(async () => {
          await api.call("DELETE", pathOf(["connections", id, "subscriptions", channel]));
          return `Ended the subscription to ${channel}`;
        }));
        end.classList.remove("danger");
        return el("li", { "data-channel": channel }, el("bdi", {}, channel), channelAlias ? el("span", { class: "badge" }, `alias ${channelAlias}`) : "", end);
      })),
      subscriptions.length ? "" : el("p", { class: "soft" }, "Subscribed to nothing."));
  } catch (error) {
    body.replaceChildren(el("p", { class: "outcome", "data-state": "failed" }, error.text ?? String(error)));
  }
}
