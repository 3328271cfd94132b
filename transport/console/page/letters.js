// Events that no endpoint took in time: to be tried again, or given up.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { sure, twice } from "./sure.js";
import { folded, moment } from "./ui.js";

const PAGE = 50;
const NONE = "None: every event was taken, or is still on its way. What an endpoint does not take in time comes here.";
const UNCONFIGURED = "No endpoint for events is configured. Set events.webhooks or events.nats.url, and what they do not take is kept here.";

export function letters(panel, api) {
  const replay = button("Replay all…", async () => {
    if (!await sure("Replay all dead letters?", "Each goes to its endpoint again, in the order in which it was made.", "Replay")) return;
    list.act(async () => said((await api.call("POST", "/events/dead/replay")).value.count, "on the way again"));
  });
  const remove = button("Delete all…", async () => {
    if (!await sure("Delete all dead letters?", "No endpoint gets these events any more.", "Delete")) return;
    list.act(async () => said((await api.call("DELETE", "/events/dead")).value.count, "deleted"));
  });
  remove.classList.add("danger");
  const total = el("span", { class: "hint", id: "letters-total" });
  const list = new List(panel, {
    search: "Filter this page",
    empty: NONE,
    more: [replay, remove, total],
    async page(words, after) {
      let page;
      try {
        page = await api.call("GET", pathOf(["events", "dead"], { after, limit: PAGE }));
      } catch (error) {
        if (error.code !== "NOT_FOUND") throw error;
        count(0);
        return { items: [], after: undefined, empty: UNCONFIGURED };
      }
      count(page.value.total);
      const wanted = words.toLowerCase();
      return { items: page.get("items").items().filter(({ text }) => text.toLowerCase().includes(wanted)), after: page.value.next ?? undefined };
    },
    row(letter, list) {
      const { id, endpoint, reason, attempts, diedAt, event } = letter.value;
      const again = button("Replay", () => list.act(async () => {
        await api.call("POST", pathOf(["events", "dead", id, "replay"]));
        return "It is on its way again";
      }));
      again.classList.add("small");
      const gone = twice("Delete", "Really delete?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["events", "dead", id]));
        return "Deleted";
      }));
      return el("li", { "data-id": id },
        el("p", { class: "line" }, el("b", {}, event?.type ?? "unreadable"), el("bdi", { class: "soft" }, [event?.metadata?.channel, event?.metadata?.event ?? event?.metadata?.key].filter(Boolean).join(" ")), "to", el("bdi", {}, endpoint), again, gone),
        el("p", { class: "line soft" }, moment(diedAt), attempts === 1 ? "after 1 attempt:" : `after ${attempts} attempts:`, el("bdi", {}, reason)),
        event ? folded(letter.get("event").text, "Event") : "");
    },
  });
  const count = (n) => {
    total.textContent = n > 0 ? `${n.toLocaleString("en")} in all` : "";
    replay.disabled = remove.disabled = n === 0;
  };
  count(0);
  return list;
}

function button(label, act) {
  const node = el("button", { type: "button", class: "button" }, label);
  node.addEventListener("click", act);
  return node;
}

const said = (n, what) => (n === 1 ? `1 is ${what}` : `${n.toLocaleString("en")} are ${what}`);
