// Who is here: the members of the presence channel, each uid once however many tabs it has.

import { $, avatar, el } from "./dom.js";
import { personOf } from "./person.js";

const SHOWN = 60;

export class Members {
  #me;
  #members = new Map(); // uid -> person, in order of arrival

  /** onMove(person, what) is told who came and left. */
  constructor({ client, channel, me, onMove }) {
    this.#me = me;
    client.bind("hotsock.subscribed", ({ data }) => this.#replace(data.members), channel);
    client.bind("hotsock.memberAdded", ({ data }) => {
      this.#replace(data.members, data.member);
      onMove(personOf(data.member), "came in");
    }, channel);
    client.bind("hotsock.memberUpdated", ({ data }) => {
      const before = this.#members.get(data.member?.uid);
      const after = personOf(data.member);
      this.#replace(data.members, data.member);
      if (before && before.name !== after.name) onMove(before, `is now ${after.name}`);
    }, channel);
    client.bind("hotsock.memberRemoved", ({ data }) => {
      if (!Array.isArray(data.members)) this.#members.delete(data.member?.uid);
      this.#replace(data.members);
      onMove(personOf(data.member), "left");
    }, channel);
    client.addEventListener("state", ({ detail }) => $("members").classList.toggle("stale", detail.state !== "connected"));
    this.#draw();
  }

  // Frames carry the whole list as it is after the change; a server told to spare them carries only the one.
  #replace(list, one) {
    if (Array.isArray(list)) this.#members = new Map(list.map((member) => [member?.uid, personOf(member)]));
    else if (one) this.#members.set(one.uid, personOf(one));
    this.#draw();
  }

  #draw() {
    const people = [...this.#members.values()];
    const mine = people.findIndex(({ uid }) => uid === this.#me.uid);
    if (mine > 0) people.unshift(...people.splice(mine, 1)); // we come first, the others as they came
    $("members-count").textContent = people.length;
    $("members").replaceChildren(
      ...people.slice(0, SHOWN).map((person) => el("li", { "data-uid": person.uid },
        avatar(person),
        el("bdi", { class: "who" }, person.name),
        person.uid === this.#me.uid ? el("span", { class: "you" }, "you") : "")),
      ...(people.length > SHOWN ? [el("li", { class: "more" }, `and ${people.length - SHOWN} more`)] : []),
      ...(people.length === 0 ? [el("li", { class: "more" }, "Nobody yet.")] : []),
      ...(people.length === 1 && mine === 0 ? [el("li", { class: "more" }, "Nobody else yet.")] : []),
    );
  }
}
