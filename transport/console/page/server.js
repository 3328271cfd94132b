// The server's side: the gate that wants an API key, and behind it charts and lists.

import { API } from "./api.js";
import { apps } from "./apps.js";
import { channels } from "./channels.js";
import { Charts } from "./charts.js";
import { askReady } from "./connection.js";
import { connections } from "./connections.js";
import { $ } from "./dom.js";
import { letters } from "./letters.js";
import { schedules } from "./schedules.js";
import { tokens } from "./tokens.js";
import { filled, tabs, tell } from "./ui.js";

export class Server {
  #api = new API();
  #charts = new Charts(this.#api);
  #lists = {
    "tab-channels": channels($("panel-channels"), this.#api, this),
    "tab-connections": connections($("panel-connections"), this.#api, this),
    "tab-schedules": schedules($("panel-schedules"), this.#api),
    "tab-letters": letters($("panel-letters"), this.#api),
    "tab-tokens": tokens($("panel-tokens"), this.#api, (token) => this.#use(token)),
    "tab-apps": apps($("panel-apps"), this.#api, this),
  };
  #tabs;
  #open; // the list that is shown
  #inside = false;
  #looked = false;
  #use;

  /** use(token) connects the client's side. */
  constructor(use) {
    this.#use = use;
    this.#tabs = tabs($("inside").querySelector("[role=tablist]"), (id) => {
      this.#open = this.#lists[id];
      if (this.#inside) this.refresh();
    });
    $("key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      tell($("key-outcome"), () => this.#enter(filled($("api-key"), "Paste an API key first.")), { UNAUTHORIZED: $("api-key") });
    });
    $("key-ready").addEventListener("click", () => tell($("key-outcome"), async () => this.#enter((await askReady()).apiKey)));
    $("key-forget").addEventListener("click", () => this.#leave());
  }

  /** Says whether this view is looked at. Nothing is asked for while it is not. */
  async look(on) {
    this.#looked = on;
    this.#charts.run(on && this.#inside);
    if (!on || this.#inside) return on && this.refresh();
    if (this.#api.key) return tell($("key-outcome"), () => this.#enter(this.#api.key), { UNAUTHORIZED: $("api-key") });
    askReady().then(() => ($("key-ready").hidden = false), () => {});
  }

  refresh() {
    if (this.#inside && this.#looked) this.#open?.refresh();
  }

  /** Opens one of the lists, by its tab, with words in its search. */
  show(tab, words) {
    this.#lists[tab].search.value = words;
    this.#tabs.show(tab);
    $(tab).focus({ preventScroll: true });
  }

  /** Opens the form that takes a user's tokens back. */
  revoke(uid) {
    this.#tabs.show("tab-tokens");
    this.#lists["tab-tokens"].revoke(uid);
  }

  /** Opens the form of something new in the open list. */
  create() {
    if (this.#inside) this.#open?.create();
    else $("api-key").focus();
  }

  /** Opens the n-th list, from 1. */
  nth(n) {
    const tab = Object.keys(this.#lists)[n - 1];
    if (!this.#inside || !tab) return;
    this.#tabs.show(tab);
    $(tab).focus({ preventScroll: true });
  }

  search() {
    if (this.#inside) this.#open?.search.focus();
    else $("api-key").focus();
  }

  async #enter(key) {
    this.#api.key = key;
    try {
      await this.#api.call("GET", "/console/counts");
    } catch (error) {
      if (error.code === "UNAUTHORIZED") this.#api.key = "";
      throw error;
    }
    $("api-key").value = "";
    this.#inside = true;
    $("gate").hidden = true;
    $("inside").hidden = false;
    this.#charts.run(this.#looked);
    this.#tabs.show("tab-channels");
    $("tab-channels").focus({ preventScroll: true });
    return "";
  }

  #leave() {
    this.#api.key = "";
    this.#inside = false;
    this.#charts.run(false);
    $("inside").hidden = true;
    $("gate").hidden = false;
    for (const { list } of Object.values(this.#lists)) list.replaceChildren();
    this.#lists["tab-channels"].close();
    this.#lists["tab-apps"].close();
    $("api-key").focus();
  }
}
