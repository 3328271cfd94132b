// Who is in a channel.

import { $, el } from "./dom.js";
import { folded, tell } from "./ui.js";

const SHOWN = 300;

export class Members {
  #session;
  #rooms;
  #known = new Map(); // room -> members, or null where there are none to know

  constructor(session, rooms) {
    this.#session = session;
    this.#rooms = rooms;
    for (const event of ["subscribed", "memberAdded", "memberUpdated", "memberRemoved"]) {
      session.client.bind(`hotsock.${event}`, ({ channel, data }) => {
        const room = rooms.get(channel);
        if (!room) return;
        const members = Array.isArray(data?.members) ? data.members : this.#changed(room, data?.member, event);
        if (!members) return;
        this.#known.set(room, members);
        if (room === rooms.shown) this.#draw(room);
      });
    }
    rooms.addEventListener("show", ({ detail }) => {
      for (const known of this.#known.keys()) if (rooms.get(known.name) !== known) this.#known.delete(known);
      if (detail && detail !== this.#last) $("info-outcome").textContent = "";
      this.#last = detail;
      if (detail) this.#draw(detail);
    });
    $("ask-info").addEventListener("click", () => tell($("info-outcome"), async () => {
      const room = rooms.shown;
      const info = await session.call("getChannelInfo", { channel: room.name });
      if (info.members) this.#known.set(room, info.members);
      this.#draw(room);
      return info.subscriptionsCount === 1 ? "1 subscription" : `${info.subscriptionsCount} subscriptions`;
    }));
  }

  #last = null;

  // A server may be told to send who changed, and not the whole list.
  #changed(room, member, event) {
    if (typeof member?.uid !== "string") return undefined;
    const others = (this.#known.get(room) ?? []).filter(({ uid }) => uid !== member.uid);
    return event === "memberRemoved" ? others : [...others, member];
  }

  #draw(room) {
    const members = this.#known.get(room) ?? [];
    $("members-count").textContent = members.length;
    const me = this.#session.greeting?.meta.uid;
    const rows = members.slice(0, SHOWN).map((member) => el("li", { "data-uid": String(member?.uid) },
      el("p", { class: "line" }, el("b", {}, String(member?.uid)), me !== null && member?.uid === me ? el("span", { class: "badge" }, "you") : ""),
      member?.umd === null || member?.umd === undefined ? "" : folded(JSON.stringify(member.umd), "Metadata")));
    if (members.length > SHOWN) rows.push(el("li", { class: "hint" }, `and ${members.length - SHOWN} more`));
    if (members.length === 0) {
      rows.push(el("li", { class: "hint" }, room.name.startsWith("presence.")
        ? "Nobody that we know of. Subscribe, or ask the server."
        : "Only channels whose names begin with presence. have members; others are counted."));
    }
    $("members").replaceChildren(el("ul", { class: "entries" }, ...rows));
  }
}
