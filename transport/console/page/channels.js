// The channels of the server: who is in them, and what they keep.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { membersIn } from "./members.js";
import { folded, moment, tell, timeOf, by } from "./ui.js";

const PAGE = 50;
const MESSAGES = 20;
const ENTRIES = 100;

export function channels(panel, api) {
  const detail = el("section", { class: "detail", "aria-live": "off", hidden: true, tabindex: "-1" });
  const lists = el("div", {});
  panel.replaceChildren(el("div", { class: "split" }, lists, detail));
  let shown;
  return new List(lists, {
    search: "Search by the beginning of the name",
    empty: "No channel is in use or keeps anything yet.",
    async page(prefix, after) {
      const { channels, more } = (await api.call("GET", pathOf(["channels"], { prefix, after, limit: PAGE }))).value;
      return { items: channels, after: more ? channels.at(-1).name : undefined };
    },
    row({ name, active }) {
      const button = el("button", { type: "button", class: "room-name", "data-state": active ? "subscribed" : "open", "aria-pressed": String(name === shown) },
        el("span", { class: "dot", "aria-hidden": "true" }), el("bdi", {}, name), el("span", { class: "soft" }, active ? "in use" : "asleep"));
      button.addEventListener("click", () => {
        shown = name;
        for (const other of lists.querySelectorAll(".room-name")) other.setAttribute("aria-pressed", String(other === button));
        look(detail, api, name);
      });
      return el("li", { "data-channel": name }, button);
    },
  });
}

// One channel: who is there, its entries, its messages.
async function look(detail, api, name) {
  const outcome = el("p", { class: "outcome", role: "status" });
  const who = el("div", {});
  const entries = paged("Entries", (after) => entriesOf(api, name, after));
  const messages = paged("Messages, newest first", (before) => messagesOf(api, name, before));
  const again = el("button", { type: "button", class: "button small" }, "Refresh");
  again.addEventListener("click", () => look(detail, api, name));
  detail.hidden = false;
  detail.setAttribute("aria-label", `Channel ${name}`);
  detail.replaceChildren(el("div", { class: "detail-head" }, el("h3", {}, el("bdi", {}, name)), again), outcome, who, entries.node, messages.node);
  detail.focus({ preventScroll: true });
  if (detail.getBoundingClientRect().top > innerHeight - 80) detail.scrollIntoView({ block: "start" });
  await tell(outcome, async () => {
    const info = await api.call("GET", pathOf(["channels", name]));
    const { subscriptionsCount } = info.value;
    const members = membersIn(info);
    who.replaceChildren(el("p", { class: "line" }, el("b", { "data-count": subscriptionsCount }, String(subscriptionsCount)), subscriptionsCount === 1 ? "subscription" : "subscriptions"));
    if (members) {
      who.append(el("ul", { class: "entries" }, ...members.map(({ uid, umd }) => el("li", { "data-uid": uid },
        el("p", { class: "line" }, el("b", {}, uid)),
        umd === "null" ? "" : folded(umd, "Metadata")))));
    }
    return "";
  });
  await Promise.all([entries.load(), messages.load()]);
}

async function entriesOf(api, name, after) {
  const items = (await api.call("GET", pathOf(["channels", name, "storage"], { after }))).get("items").items();
  const rows = items.map((item) => {
    const { key, meta } = item.value;
    return el("li", { "data-key": key }, el("p", { class: "line" }, el("b", {}, key), by(meta)), folded(item.get("data").text, "Data"));
  });
  return { rows, after: items.length === ENTRIES ? items.at(-1).value.key : undefined };
}

async function messagesOf(api, name, before) {
  const answer = await api.call("GET", pathOf(["channels", name, "messages"], { before, reverse: "true", limit: MESSAGES }));
  const messages = answer.get("messages").items();
  const rows = messages.map((message) => {
    const { id, event, meta } = message.value;
    return el("li", { "data-id": id },
      el("p", { class: "line" }, moment(timeOf(id)), el("b", {}, event), by(meta)), folded(message.get("data").text, "Data"));
  });
  return { rows, after: answer.value.more ? messages.at(-1).value.id : undefined };
}

// A short list with a button for its next page.
function paged(title, page) {
  const list = el("ul", { class: "entries" });
  const outcome = el("p", { class: "outcome", role: "status" });
  const more = el("button", { type: "button", class: "button small", hidden: true }, "More");
  let after;
  const load = () => tell(outcome, async () => {
    const { rows, after: next } = await page(after);
    list.append(...rows);
    after = next;
    more.hidden = next === undefined;
    if (list.children.length === 0) list.append(el("li", { class: "hint" }, "None."));
    return "";
  });
  more.addEventListener("click", load);
  return { node: el("section", { class: "paged" }, el("h4", {}, title), list, outcome, more), load };
}
