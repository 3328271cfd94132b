// The channels that are open here, and the one that is looked at.

import { $, el } from "./dom.js";
import { Refusal } from "./refusal.js";
import { filled, tell } from "./ui.js";

const LIMIT = 200; // channels that are open at once

/**
 * A room is a channel as this page sees it: { name, state, asked, alias, count }. state is open, asked or
 * subscribed; asked is the name that it was subscribed by.
 *
 * Events: "show" with detail the room, when another one is looked at, and when its state changes.
 */
export class Rooms extends EventTarget {
  shown = null;
  #session;
  #rooms = new Map(); // by real name
  #asked = 0; // subscriptions, as refs

  constructor(session) {
    super();
    this.#session = session;
    const { client } = session;
    client.bind("hotsock.subscribed", (frame) => this.#subscribed(frame));
    client.bind("hotsock.unsubscribed", ({ channel }) => this.#left(channel));
    session.addEventListener("state", ({ detail }) => detail.state !== "connected" && this.#all("open"));
    $("subscribe-form").addEventListener("submit", (event) => {
      event.preventDefault();
      tell($("subscribe-outcome"), () => this.#subscribe(named(), $("subscribe-token").value.trim()), {
        INVALID_CHANNEL: $("channel"), SUBSCRIBE_PERMISSION_DENIED: $("channel"), PRESENCE_CHANNEL_USER_ID_REQUIRED: $("channel"),
        ALREADY_SUBSCRIBED: $("channel"), INVALID_SUBSCRIBE_TOKEN: $("subscribe-token"),
      });
    });
    $("open-room").addEventListener("click", () => tell($("subscribe-outcome"), async () => {
      this.look(this.#open(named()));
      return "";
    }));
  }

  get(name) {
    return this.#rooms.get(name);
  }

  /** Looks at a room, or at none. */
  look(room) {
    this.shown = room;
    this.#draw();
    this.#tellAll();
  }

  /** Ends all subscriptions, here and there. */
  clear() {
    for (const room of this.#rooms.values()) this.#session.client.forget(room.asked);
    this.#rooms.clear();
    this.look(null);
  }

  async #subscribe(channel, token) {
    if (!this.#session.connected) throw new Refusal("offline", "Not connected. Connect first.");
    const { client } = this.#session;
    const ref = `subscribe-${++this.#asked}`;
    client.forget(channel);
    client.subscribe(channel, { ...(token && { data: { token } }), ref });
    try {
      const frame = await this.#session.expect(ref, (frame) =>
        frame.event === "hotsock.subscribed" && (frame.channel === channel || frame.meta?.channelAlias === channel));
      const room = this.#open(frame.channel);
      room.asked = channel;
      $("channel").value = $("subscribe-token").value = "";
      this.look(room);
      return `Subscribed to ${frame.channel}`;
    } catch (error) {
      if (error.code === "ALREADY_SUBSCRIBED") this.look(this.#open(channel));
      else client.forget(channel);
      throw error;
    }
  }

  #open(name) {
    let room = this.#rooms.get(name);
    if (!room) {
      if (this.#rooms.size >= LIMIT) throw new Refusal("full", `${LIMIT} channels are open. Close one first.`);
      room = { name, state: "open", asked: name, alias: "", count: 0 };
      this.#rooms.set(name, room);
    }
    return room;
  }

  #subscribed({ channel, data, meta }) {
    const room = this.#open(channel);
    room.state = "subscribed";
    room.alias = meta?.channelAlias ?? "";
    room.automatic = data?.autoSubscribed === true;
    if (!this.shown) this.shown = room;
    this.#draw();
    this.#tellAll();
  }

  #left(channel) {
    const room = this.#rooms.get(channel);
    if (!room) return;
    this.#session.client.forget(room.asked);
    room.state = "open";
    this.#draw();
    this.#tellAll();
  }

  #all(state) {
    for (const room of this.#rooms.values()) room.state = state;
    this.#draw();
    this.#tellAll();
  }

  #close(room) {
    this.#session.client.forget(room.asked);
    if (room.state === "subscribed") this.#session.client.send({ event: "hotsock.unsubscribe", channel: room.name });
    this.#rooms.delete(room.name);
    this.look(this.shown === room ? ([...this.#rooms.values()].at(-1) ?? null) : this.shown);
    ($("rooms").querySelector("button") ?? $("channel")).focus({ preventScroll: true });
  }

  #tellAll() {
    this.dispatchEvent(new CustomEvent("show", { detail: this.shown }));
  }

  #draw() {
    $("rooms-count").textContent = this.#rooms.size;
    const focused = document.activeElement?.closest("#rooms li")?.dataset.channel;
    $("rooms").replaceChildren(...[...this.#rooms.values()].map((room) => {
      const look = el("button", { type: "button", class: "room-name", "aria-pressed": String(room === this.shown), "data-state": room.state },
        el("span", { class: "dot", "aria-hidden": "true" }),
        el("bdi", {}, room.name),
        room.alias ? el("span", { class: "badge" }, `alias ${room.alias}`) : "",
        el("span", { class: "sr-only" }, room.state === "subscribed" ? ", subscribed" : ", not subscribed"));
      look.addEventListener("click", () => this.look(room));
      const label = room.state === "subscribed" ? "Unsubscribe" : "Close";
      const close = el("button", { type: "button", class: "button small", "aria-label": `${label}: ${room.name}` }, label);
      close.addEventListener("click", () => this.#close(room));
      return el("li", { "data-channel": room.name, "data-state": room.state }, look, close);
    }));
    if (focused !== undefined) {
      [...$("rooms").children].find((li) => li.dataset.channel === focused)?.querySelector("button").focus({ preventScroll: true });
    }
  }
}

const named = () => filled($("channel"), "Write the channel's name first.");
