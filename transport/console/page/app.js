// One app of Pusher clients: what it does, what it may do, and its channels, each with its users and what it keeps.

import { pathOf } from "./api.js";
import { Chart } from "./chart.js";
import { EVERY, KEPT, number, perSecond } from "./charts.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { Pages } from "./pages.js";
import { Refusal } from "./refusal.js";
import { counted, folded, moment, tell } from "./ui.js";

const PAGE = 50;

const SWITCHES = {
  clientMessages: "client events", clientEventsOnPublic: "client events on public channels", userAuthentication: "connections must sign in",
  subscriptionCount: "subscription counts", watchlist: "watchlists", storageEvents: "changes of storage",
};
const LIMITS = {
  connections: "Connections", backendEventsPerSecond: "Events of backends, a second", clientEventsPerSecond: "Events of one client, a second",
  readRequestsPerSecond: "Reads of backends, a second", presenceMembers: "Users of a presence channel", presenceMemberSizeInKB: "What is said of a user, KiB",
  channelNameLength: "Length of a channel's name", eventChannels: "Channels of one event", eventNameLength: "Length of an event's name",
  eventPayloadInKB: "An event's data, KiB", eventBatch: "Events of one batch",
};

export class App {
  id;
  node = el("section", { class: "detail app", "aria-live": "off", hidden: true, tabindex: "-1" });
  #api;
  #timer;
  #charts;
  #last; // what was counted last
  #facts;
  #outcome = el("p", { class: "outcome", role: "status" });

  constructor(api) {
    this.#api = api;
  }

  close() {
    clearTimeout(this.#timer);
    this.id = undefined;
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  /** Shows an app, from the top. */
  async show(id) {
    this.close();
    this.id = id;
    this.#last = undefined;
    this.#outcome.textContent = "";
    this.#charts = {
      connections: new Chart("app-connections", "Connections", KEPT, number),
      framesIn: new Chart("app-in", "From clients", KEPT, perSecond),
      framesOut: new Chart("app-out", "To clients", KEPT, perSecond),
      calls: new Chart("app-calls", "Backend calls", KEPT, perSecond),
    };
    this.#facts = el("div", { class: "facts-part" });
    const lists = el("div", { class: "paged" });
    const channels = new List(lists, {
      search: "Search channels by the beginning of the name",
      empty: "Nobody is subscribed to anything.",
      page: async (prefix, after) => {
        const { channels, more } = (await this.#api.call("GET", pathOf(["admin", "apps", id, "channels"], { prefix, after, limit: PAGE }))).value;
        return { items: channels, after: more ? channels.at(-1).name : undefined };
      },
      row: (channel) => this.#row(channel),
    });
    this.node.hidden = false;
    this.node.setAttribute("aria-label", `App ${id}`);
    this.node.replaceChildren(
      el("div", { class: "detail-head" }, el("h3", {}, el("bdi", {}, id))),
      this.#outcome, this.#facts, el("div", { class: "charts small" }, ...Object.values(this.#charts).map(({ node }) => node)),
      el("h4", {}, "Channels that somebody is on"), lists);
    this.node.focus({ preventScroll: true });
    if (this.node.getBoundingClientRect().top > innerHeight - 80) this.node.scrollIntoView({ block: "start" });
    await Promise.all([this.#ask(id), channels.refresh()]);
  }

  // Asks for what the app does, again and again while it is looked at. What passed meanwhile is a gap.
  async #ask(id) {
    clearTimeout(this.#timer);
    if (this.node.checkVisibility() && !document.hidden) {
      try {
        const app = (await this.#api.call("GET", pathOf(["admin", "apps", id]))).value;
        if (id !== this.id) return;
        this.#outcome.textContent = "";
        this.#take(app);
      } catch (error) {
        if (id !== this.id) return;
        this.#last = undefined;
        for (const chart of Object.values(this.#charts)) chart.add(null);
        this.#outcome.dataset.state = "failed";
        this.#outcome.textContent = error instanceof Refusal ? error.text : String(error);
      }
    }
    if (id === this.id) this.#timer = setTimeout(() => this.#ask(id), EVERY);
  }

  #take(app) {
    const before = this.#last;
    const seconds = before ? (app.at - before.at) / 1000 : 0;
    const gap = !(seconds > 0 && seconds < 5) || app.counts.opened < before.counts.opened;
    this.#charts.connections.add(app.connections);
    for (const name of ["framesIn", "framesOut", "calls"]) {
      this.#charts[name].add(gap ? null : Math.max(0, app.counts[name] - before.counts[name]) / seconds);
    }
    this.#last = app;
    const { id, key, enabled, switches, limits, webhooks } = app;
    const known = JSON.stringify([key, enabled, switches, limits, webhooks]);
    if (this.#facts.dataset.known === known) return; // who reads in it is left alone
    this.#facts.dataset.known = known;
    const on = Object.entries(SWITCHES).filter(([name]) => switches[name]).map(([, text]) => text);
    this.#facts.replaceChildren(
      el("p", { class: "line" }, enabled ? "" : el("span", { class: "badge", "data-app-off": id }, "disabled"), "key ", el("code", {}, key),
        el("span", { class: "soft" }, webhooks ? counted(webhooks, "webhook") : "no webhooks")),
      el("details", { class: "fold" }, el("summary", {}, "What it may do"),
        el("p", { class: "soft" }, on.length ? `On: ${on.join(", ")}.` : "Nothing that is off by itself is on."),
        el("dl", { class: "limits" }, ...Object.entries(LIMITS).map(([name, text]) =>
          el("div", {}, el("dt", {}, text), el("dd", {}, limits[name] === null ? "any" : limits[name].toLocaleString("en")))))));
  }

  #row({ name, subscriptionCount, userCount }) {
    const body = el("div", { class: "inner" });
    const row = el("details", { class: "fold" },
      el("summary", {}, el("bdi", {}, name),
        el("span", { class: "soft" }, counted(subscriptionCount, "subscription"), userCount === undefined ? "" : `, ${counted(userCount, "user")}`)),
      body);
    row.addEventListener("toggle", () => row.open && this.#look(body, name));
    return el("li", { "data-channel": name }, row);
  }

  // Shows what a channel keeps, and its users.
  #look(body, name) {
    const path = ["admin", "apps", this.id, "channels", name];
    const outcome = el("p", { class: "outcome", role: "status" });
    body.replaceChildren(outcome);
    return tell(outcome, async () => {
      const channel = await this.#api.call("GET", pathOf(path));
      const { cached, userCount } = channel.value;
      const parts = [];
      if (cached) {
        parts.push(el("div", { class: "kept" },
          el("p", { class: "line" }, "Kept for those who come: ", el("b", {}, cached.event), el("span", { class: "soft" }, "until ", moment(cached.expiresAt))),
          folded(channel.get("cached").get("data").text, "Data")));
      } else if (cached === null) parts.push(el("p", { class: "soft" }, "It keeps nothing for those who come."));
      const users = this.#pages("Users", "Nobody any more.", [...path, "users"], "users", (user) => {
        const info = user.get("userInfo").text;
        return el("li", { "data-user": user.value.id }, el("p", { class: "line" }, el("b", {}, user.value.id)), info === "null" ? "" : folded(info, "Info"));
      });
      const entries = this.#pages("Entries", "", [...path, "storage"], "entries", (entry) => {
        const { key, expiresAt } = entry.value;
        return el("li", { "data-key": key },
          el("p", { class: "line" }, el("b", {}, key), expiresAt ? el("span", { class: "soft" }, "until ", moment(expiresAt)) : ""), folded(entry.get("data").text, "Data"));
      });
      await Promise.all([userCount === undefined || users.load(true), entries.load(true)]);
      if (userCount !== undefined) parts.push(users.node);
      if (entries.shown) parts.push(entries.node);
      if (parts.length === 0) parts.push(el("p", { class: "soft" }, "It has no entries. Only presence channels list their users, and only cache channels keep an event."));
      body.replaceChildren(...parts);
      return "";
    });
  }

  // A list of what a call answers with under a name, page by page, whose next begins behind the last id or key.
  #pages(title, empty, path, name, row) {
    return new Pages(title, empty, async (after) => {
      const page = await this.#api.call("GET", pathOf(path, { after, limit: PAGE }));
      const items = page.get(name).items();
      const last = items.at(-1)?.value;
      return { rows: items.map(row), after: page.value.more ? last.id ?? last.key : undefined };
    });
  }
}
