// The messages of a channel: as they come, and what is stored, page by page.

import { $, el } from "./dom.js";
import { Raw } from "./raw.js";
import { by, filled, folded, moment, tell, timeOf, typed } from "./ui.js";

const LIMIT = 300; // messages of one channel on the page
const PAGE = 25;

export class Messages {
  #session;
  #rooms;
  #lists = new Map(); // room -> { list, rows: id -> row, oldest, end, dropped }

  constructor(session, rooms) {
    this.#session = session;
    this.#rooms = rooms;
    session.addEventListener("frame", ({ detail }) => !detail.sent && this.#hear(detail));
    rooms.addEventListener("show", ({ detail }) => this.#show(detail));
    $("publish-form").addEventListener("submit", (event) => {
      event.preventDefault();
      tell($("publish-outcome"), () => this.#publish(),
        { INVALID_EVENT: $("event"), UNKNOWN_EVENT: $("event"), PUBLISH_PERMISSION_DENIED: $("event"), DATA_TOO_LARGE: $("data") });
    });
    $("older").addEventListener("click", () => tell($("older-outcome"), () => this.#older()));
  }

  async #publish() {
    const channel = this.#rooms.shown.name;
    const event = filled($("event"), "Write the event's name first.");
    const message = { channel, event, data: typed($("data")) ?? null };
    if ($("by-http").checked) {
      const { id } = (await this.#session.call("publishMessage", { ...message, eagerIdGeneration: true })).value;
      return `Published, id ${id}`;
    }
    await this.#session.ask(message);
    return "Published";
  }

  async #older() {
    const room = this.#rooms.shown;
    const state = this.#of(room);
    const answer = await this.#session.call("listMessages", {
      channel: room.name, reverse: true, limit: PAGE, before: state.oldest ?? undefined,
    });
    const messages = answer.get("messages").items();
    for (const message of messages) this.#put(state, message.value, message.get("data")?.text ?? "null", false);
    state.oldest = messages.at(-1)?.value.id ?? state.oldest;
    state.end = messages.length < PAGE;
    this.#note(room);
    return messages.length === 0 ? "Nothing older is stored that this connection may see" : `${messages.length} stored messages`;
  }

  #hear({ frame, text }) {
    const room = this.#rooms.get(frame?.channel);
    if (!room || typeof frame.event !== "string") return;
    if (frame.event === "hotsock.messageReactionAdded") return this.#count(room, frame.data, 1);
    if (frame.event === "hotsock.messageReactionRemoved") return this.#count(room, frame.data, -1);
    if (frame.event.startsWith("hotsock.")) return;
    const state = this.#of(room);
    this.#put(state, frame, new Raw(text).get("data")?.text ?? "null", true);
    if (room === this.#rooms.shown) this.#note(room);
  }

  #of(room) {
    let state = this.#lists.get(room);
    if (!state) {
      state = { list: el("ol", { class: "messages" }), rows: new Map(), oldest: null, end: false, dropped: 0 };
      this.#lists.set(room, state);
    }
    return state;
  }

  #show(room) {
    for (const known of this.#lists.keys()) if (this.#rooms.get(known.name) !== known) this.#lists.delete(known);
    if (!room) return;
    const { list } = this.#of(room);
    if ($("messages").firstElementChild !== list) {
      $("messages").replaceChildren(list);
      $("older-outcome").textContent = $("publish-outcome").textContent = "";
    }
    this.#note(room);
  }

  #note(room) {
    const state = this.#of(room);
    const n = state.list.children.length;
    $("messages-note").textContent = state.dropped ? `${n} are shown; ${state.dropped} others are gone from this page.`
      : n === 0 ? "Nothing yet. Your own messages come back if the token says echo."
      : "";
    $("older").textContent = state.oldest ? "Older" : "Load history";
    $("older").disabled = state.end;
  }

  // One message, where it belongs: live ones first, older ones last, none twice.
  #put(state, message, raw, live) {
    if (message.id && state.rows.has(message.id)) {
      if (!live) state.rows.get(message.id).draw(message.reactions);
      return;
    }
    const row = this.#row(message, raw);
    if (live) state.list.prepend(row.node);
    else state.list.append(row.node);
    if (message.id) state.rows.set(message.id, row);
    while (state.list.children.length > LIMIT) {
      const last = live ? state.list.lastElementChild : state.list.firstElementChild;
      if (last.dataset.id) state.rows.delete(last.dataset.id);
      if (live) state.oldest = state.list.children[LIMIT - 1].dataset.id || state.oldest;
      last.remove();
      state.dropped++;
      if (live) state.end = false;
    }
  }

  #row(message, raw) {
    const chips = el("span", { class: "chips" });
    const react = message.id ? this.#reactForm(message) : "";
    const open = el("button", { type: "button", class: "button small", "aria-expanded": "false" }, "React");
    open.addEventListener("click", () => {
      react.hidden = !react.hidden;
      open.setAttribute("aria-expanded", String(!react.hidden));
      if (!react.hidden) react.querySelector("input").focus();
    });
    const node = el("li", { "data-id": message.id ?? "", "data-event": message.event },
      el("p", { class: "line" },
        moment(timeOf(message.id) ?? Date.now()),
        el("b", {}, message.event),
        by(message.meta),
        chips,
        message.id ? open : ""),
      folded(raw, "Data"),
      react);
    const counts = new Map();
    const draw = (reactions) => {
      if (reactions) {
        counts.clear();
        for (const [reaction, { count }] of Object.entries(reactions)) counts.set(reaction, count);
      }
      chips.replaceChildren(...[...counts].map(([reaction, n]) => el("span", { class: "chip" }, `${reaction} ${n}`)));
    };
    draw(message.reactions);
    const count = (reaction, by) => {
      const n = (counts.get(reaction) ?? 0) + by;
      if (n > 0) counts.set(reaction, n);
      else counts.delete(reaction);
      draw();
    };
    return { node, draw, count };
  }

  #reactForm({ id, channel }) {
    const input = el("input", { class: "field", value: "👍", maxlength: "100", "aria-label": "Reaction", autocomplete: "off" });
    const outcome = el("p", { class: "outcome", role: "status" });
    const form = el("form", { class: "react", hidden: true }, input,
      el("button", { class: "button small" }, "Add"),
      el("button", { type: "button", class: "button small", "data-do": "remove" }, "Remove"),
      el("button", { type: "button", class: "button small", "data-do": "who" }, "Who"),
      outcome);
    // One's own reaction comes back only where the token says echo: then the frame counts it, else we do.
    const send = async (action) => {
      const reaction = input.value.trim();
      await this.#session.ask({ event: "hotsock.messageReaction", channel, data: { messageId: id, reaction, action } });
      await this.#recount(channel, id);
      return action === "add" ? `${reaction} added` : `${reaction} removed`;
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      tell(outcome, () => send("add"));
    });
    form.querySelector("[data-do=remove]").addEventListener("click", () => tell(outcome, () => send("remove")));
    form.querySelector("[data-do=who]").addEventListener("click", () => tell(outcome, async () => {
      const { reactions } = (await this.#session.call("listReactions", { channel, messageId: id })).value;
      return reactions.length ? reactions.map(({ reaction, uid }) => `${reaction} ${uid}`).join(", ") : "Nobody has reacted";
    }));
    return form;
  }

  async #recount(channel, id) {
    const { reactions } = (await this.#session.call("listReactions", { channel, messageId: id })).value;
    const counts = Object.create(null);
    for (const { reaction } of reactions) (counts[reaction] ??= { count: 0 }).count++;
    const room = this.#rooms.get(channel);
    if (room) this.#of(room).rows.get(id)?.draw(counts);
  }

  #count(room, data, by) {
    if (typeof data?.reaction === "string") this.#of(room).rows.get(data.messageId)?.count(data.reaction, by);
  }
}
