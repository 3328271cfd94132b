// Who is in a channel.

import { $, el } from "./dom.js";
import { Raw } from "./raw.js";
import { folded, tell } from "./ui.js";

const SHOWN = 300;

export class Members {
  #session;
  #rooms;
  #known = new Map(); // room -> { uid, umd }, umd as its text

  constructor(session, rooms) {
    this.#session = session;
    this.#rooms = rooms;
    for (const event of ["subscribed", "memberAdded", "memberUpdated", "memberRemoved"]) {
      session.client.bind(`hotsock.${event}`, ({ channel }, text) => {
        const room = rooms.get(channel);
        if (!room) return;
        const data = new Raw(text).get("data");
        const members = membersIn(data) ?? this.#changed(room, memberOf(data?.get("member")), event);
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
      const members = membersIn(info);
      if (members) this.#known.set(room, members);
      this.#draw(room);
      const n = info.value.subscriptionsCount;
      return n === 1 ? "1 subscription" : `${n} subscriptions`;
    }));
  }

  #last = null;

  // A server may be told to send who changed, and not the whole list.
  #changed(room, member, event) {
    if (!member) return undefined;
    const others = (this.#known.get(room) ?? []).filter(({ uid }) => uid !== member.uid);
    return event === "memberRemoved" ? others : [...others, member];
  }

  #draw(room) {
    const members = this.#known.get(room) ?? [];
    $("members-count").textContent = members.length;
    const me = this.#session.greeting?.meta.uid;
    const rows = members.slice(0, SHOWN).map(({ uid, umd }) => el("li", { "data-uid": uid },
      el("p", { class: "line" }, el("b", {}, uid), me !== null && uid === me ? el("span", { class: "badge" }, "you") : ""),
      umd === "null" ? "" : folded(umd, "Metadata")));
    if (members.length > SHOWN) rows.push(el("li", { class: "hint" }, `and ${members.length - SHOWN} more`));
    if (members.length === 0) {
      rows.push(el("li", { class: "hint" }, room.name.startsWith("presence.")
        ? "Nobody that we know of. Subscribe, or ask the server."
        : "Only channels whose names begin with presence. have members; others are counted."));
    }
    $("members").replaceChildren(el("ul", { class: "entries" }, ...rows));
  }
}

// A member as { uid, umd }, umd as its text; undefined if it is none.
function memberOf(raw) {
  const uid = raw?.value?.uid;
  return typeof uid === "string" ? { uid, umd: raw.get("umd")?.text ?? "null" } : undefined;
}

/** The members of an answer or of a frame's data, each as { uid, umd }; undefined if it has no list of them. */
export function membersIn(raw) {
  return Array.isArray(raw?.value?.members) ? raw.get("members").items().map(memberOf).filter(Boolean) : undefined;
}
