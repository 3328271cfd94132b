// One channel of the server: who is there, what it says, what it keeps, and what may be done to it.

import { pathOf } from "./api.js";
import { el } from "./dom.js";
import { drawer } from "./drawer.js";
import { membersIn } from "./members.js";
import { button, Pages } from "./pages.js";
import { sure, twice } from "./sure.js";
import { Tail } from "./tail.js";
import { by, folded, moment, tell, timeOf } from "./ui.js";
import { Writer } from "./writer.js";

const MESSAGES = 20;
const ENTRIES = 100;

export class Detail {
  name;
  node = el("section", { class: "detail", "aria-live": "off", hidden: true, tabindex: "-1" });
  #api;
  #away;
  #gone;
  #tail;
  #who;
  #entries;
  #messages;
  #outcome = el("p", { class: "outcome", role: "status" });

  /** gone is called when the channel was deleted. */
  constructor(api, away, gone) {
    this.#api = api;
    this.#away = away;
    this.#gone = gone;
  }

  close() {
    this.#tail?.stop();
    this.#tail = undefined;
    this.name = undefined;
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  /** Shows a channel, from the top. */
  async show(name) {
    this.close();
    this.name = name;
    const api = this.#api;
    this.#tail = new Tail(api, name);
    this.#outcome.textContent = "";
    const writer = new Writer(api, { channel: name, now: true, done: () => this.#reload() });
    const write = drawer("Publish or set…", writer.node, { class: "button small" });
    const again = button("Refresh", () => this.#reload());
    const schedules = button("Schedules", () => this.#away.show("tab-schedules", name));
    const remove = button("Delete…", () => this.#delete());
    remove.classList.add("danger");
    this.#who = el("div", { class: "who-part" });
    const edit = (key, data) => {
      write.open();
      writer.edit(key, data);
    };
    this.#entries = new Pages("Entries", "None. Set one, or a client with a token that grants set does.", (after) => this.#entriesOf(after, edit));
    this.#messages = new Pages("Messages, newest first", "None that is stored. Publish one, and say how long it is kept.", (before) => this.#messagesOf(before));
    this.node.hidden = false;
    this.node.setAttribute("aria-label", `Channel ${name}`);
    this.node.replaceChildren(
      el("div", { class: "detail-head" }, el("h3", {}, el("bdi", {}, name)), el("div", { class: "actions" }, write.button, schedules, again, remove)),
      this.#outcome, write.node, this.#who, this.#tail.node, this.#entries.node, this.#messages.node);
    this.node.focus({ preventScroll: true });
    if (this.node.getBoundingClientRect().top > innerHeight - 80) this.node.scrollIntoView({ block: "start" });
    await this.#reload();
  }

  async #reload() {
    await Promise.all([this.#look(), this.#entries.load(true), this.#messages.load(true)]);
  }

  async #look() {
    const name = this.name;
    const who = this.#who;
    await tell(this.#outcome, async () => {
      const info = await this.#api.call("GET", pathOf(["channels", name]));
      const { subscriptionsCount } = info.value;
      who.replaceChildren(el("p", { class: "line" }, el("b", { "data-count": subscriptionsCount }, String(subscriptionsCount)), subscriptionsCount === 1 ? "subscription" : "subscriptions"));
      const members = membersIn(info);
      if (members) {
        who.append(el("ul", { class: "entries" }, ...members.map(({ uid, umd }) => el("li", { "data-uid": uid },
          el("p", { class: "line" }, el("b", {}, uid), button("Connections", () => this.#away.show("tab-connections", uid))),
          umd === "null" ? "" : folded(umd, "Metadata")))));
      }
      return "";
    });
  }

  async #delete() {
    const name = this.name;
    if (!await sure(`Delete ${name}?`, "Its entries, stored messages and schedules go, and observers read each entry cleared. Who is subscribed stays. It cannot be taken back.", "Delete")) return;
    const done = await tell(this.#outcome, async () => {
      await this.#api.call("DELETE", pathOf(["channels", name]));
      return `Deleted what ${name} kept`;
    });
    if (!done) return;
    const said = this.#outcome.textContent;
    await this.#reload();
    this.#outcome.textContent = said;
    this.#gone();
  }

  async #entriesOf(after, edit) {
    const path = ["channels", this.name, "storage"];
    const items = (await this.#api.call("GET", pathOf(path, { after }))).get("items").items();
    const rows = items.map((item) => {
      const { key, meta } = item.value;
      const data = item.get("data").text;
      const change = button("Edit", () => edit(key, data));
      change.setAttribute("aria-label", `Edit ${key}`);
      const row = el("li", { "data-key": key },
        el("p", { class: "line" }, el("b", {}, key), by(meta), change, this.#remover(() => row, [...path, key])), folded(data, "Data"));
      return row;
    });
    return { rows, after: items.length === ENTRIES ? items.at(-1).value.key : undefined };
  }

  async #messagesOf(before) {
    const path = ["channels", this.name, "messages"];
    const answer = await this.#api.call("GET", pathOf(path, { before, reverse: "true", limit: MESSAGES }));
    const messages = answer.get("messages").items();
    const rows = messages.map((message) => {
      const { id, event, meta } = message.value;
      const row = el("li", { "data-id": id },
        el("p", { class: "line" }, moment(timeOf(id)), el("b", {}, event), by(meta), this.#remover(() => row, [...path, id])), folded(message.get("data").text, "Data"));
      return row;
    });
    return { rows, after: answer.value.more ? messages.at(-1).value.id : undefined };
  }

  // A button that deletes what stands at a path, and takes its row away.
  #remover(row, path) {
    return twice("Delete", "Really delete?", async () => {
      const next = row().nextElementSibling ?? row().previousElementSibling;
      const done = await tell(this.#outcome, async () => {
        await this.#api.call("DELETE", pathOf(path));
        return `Deleted ${path.at(-1)}`;
      });
      if (!done) return;
      row().remove();
      (next?.querySelector(".danger") ?? this.node).focus({ preventScroll: true });
    });
  }
}
