// What is to be done later: making it, and calling it off.

import { pathOf } from "./api.js";
import { drawer } from "./drawer.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { twice } from "./sure.js";
import { folded, moment, within } from "./ui.js";
import { Writer } from "./writer.js";

const PAGE = 50;

export function schedules(panel, api) {
  const writer = new Writer(api, { done: () => list.refresh() });
  const make = drawer("New schedule…", writer.node, { "aria-keyshortcuts": "n" });
  const list = new List(panel, {
    search: "Those of one channel, by its whole name",
    empty: "Nothing is scheduled. A new schedule publishes a message or sets an entry, once or again and again.",
    more: [make.button],
    drawers: [make],
    async page(channel, after) {
      const { items, more } = (await api.call("GET", pathOf(["schedules"], { channel, after, limit: PAGE }))).value;
      return { items, after: more ? items.at(-1).id : undefined };
    },
    row({ id, channel, event, key, dueAt, scheduleExpression, scheduleExpressionTimezone }, list) {
      const cancel = twice("Cancel", "Really cancel?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["schedules", id]));
        return `Cancelled ${id}`;
      }));
      const body = el("div", { class: "inner" });
      const more = el("details", { class: "fold" }, el("summary", {}, "What it writes"), body);
      more.addEventListener("toggle", () => more.open && show(body, api, id));
      return el("li", { "data-id": id },
        el("p", { class: "line" }, key ? "entry" : "message", el("b", {}, key ?? event), "on", el("bdi", {}, channel), cancel),
        el("p", { class: "line soft" }, "due", moment(dueAt), within(dueAt), el("code", {}, scheduleExpression), scheduleExpressionTimezone),
        more);
    },
  });
  list.create = () => make.open();
  return list;
}

async function show(body, api, id) {
  try {
    const schedule = await api.call("GET", pathOf(["schedules", id]));
    const { store, key } = schedule.value;
    body.replaceChildren(folded(schedule.get("data").text, "Data"),
      el("p", { class: "soft" }, store > 0 ? `kept for ${store} s` : key || store < 0 ? "kept until it is cleared" : "not kept"));
  } catch (error) {
    body.replaceChildren(el("p", { class: "outcome", "data-state": "failed" }, error.text ?? String(error)));
  }
}
