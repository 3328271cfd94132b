// What is to be done later, and calling it off.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { moment, twice } from "./ui.js";

const PAGE = 50;

export function schedules(panel, api) {
  return new List(panel, {
    search: "Those of one channel, by its whole name",
    empty: "Nothing is scheduled.",
    async page(channel, after) {
      const { items, more } = (await api.call("GET", pathOf(["schedules"], { channel, after, limit: PAGE }))).value;
      return { items, after: more ? items.at(-1).id : undefined };
    },
    row({ id, channel, event, key, dueAt, scheduleExpression, scheduleExpressionTimezone }, list) {
      const cancel = twice("Cancel", "Really cancel?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["schedules", id]));
        return `Cancelled ${id}`;
      }));
      return el("li", { "data-id": id },
        el("p", { class: "line" }, el("b", {}, event), key ? el("code", {}, key) : "", "on", el("bdi", {}, channel), cancel),
        el("p", { class: "line soft" }, "due ", moment(dueAt), el("code", {}, scheduleExpression), scheduleExpressionTimezone));
    },
  });
}
