// Events that no endpoint took in time: to be tried again, or given up.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { folded, moment, twice } from "./ui.js";

const PAGE = 50;

export function letters(panel, api) {
  const all = twice("Replay all", "Really replay all?", () => list.act(async () => {
    const { count } = (await api.call("POST", "/events/dead/replay")).value;
    return count === 1 ? "1 is on its way again" : `${count} are on their way again`;
  }));
  all.classList.remove("danger", "small");
  const list = new List(panel, {
    search: "Filter this page",
    empty: "None. What endpoints take is not here.",
    more: [all],
    async page(words, after) {
      let page;
      try {
        page = await api.call("GET", pathOf(["events", "dead"], { after, limit: PAGE }));
      } catch (error) {
        if (error.code !== "NOT_FOUND") throw error;
        error.message += " Set events.webhooks or events.nats.url, and what they do not take is kept here.";
        throw error;
      }
      const wanted = words.toLowerCase();
      return { items: page.get("items").items().filter(({ text }) => text.toLowerCase().includes(wanted)), after: page.value.next ?? undefined };
    },
    row(letter, list) {
      const { id, endpoint, reason, attempts, diedAt, event } = letter.value;
      const replay = el("button", { type: "button", class: "button small" }, "Replay");
      replay.addEventListener("click", () => list.act(async () => {
        await api.call("POST", pathOf(["events", "dead", id, "replay"]));
        return "It is on its way again";
      }));
      const remove = twice("Delete", "Really delete?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["events", "dead", id]));
        return "Deleted";
      }));
      return el("li", { "data-id": id },
        el("p", { class: "line" }, el("b", {}, event?.type ?? "unreadable"), el("bdi", { class: "soft" }, [event?.metadata?.channel, event?.metadata?.event ?? event?.metadata?.key].filter(Boolean).join(" ")), "to", el("bdi", {}, endpoint), replay, remove),
        el("p", { class: "line soft" }, moment(diedAt), attempts === 1 ? "after 1 attempt:" : `after ${attempts} attempts:`, el("bdi", {}, reason)),
        event ? folded(letter.get("event").text, "Event") : "");
    },
  });
  return list;
}
