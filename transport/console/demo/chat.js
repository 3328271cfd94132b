// The chat line: the event "chat" on the lobby's channel. The server echoes our own messages, so
// everybody, we too, reads the same lines in the same order.

import { $, avatar, el, hourAndMinute, toast } from "./dom.js";
import { personOf } from "./person.js";

const LIMIT = 100;

/** A message's text. The page sends {"text"}; others may send a bare string, or anything. */
function textOf(data) {
  const text = typeof data === "string" ? data : typeof data?.text === "string" ? data.text : JSON.stringify(data) ?? "";
  return text.slice(0, 2_000);
}

export class Chat {
  #atEnd = true; // whoever reads further up is left there

  constructor({ client, channel, me }) {
    const log = $("chat-log");
    log.addEventListener("scroll", () => (this.#atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40), { passive: true });
    new ResizeObserver(() => this.#follow()).observe(log);
    client.bind("chat", (frame) => this.#say(personOf(frame.meta), textOf(frame.data), me), channel);
    $("chat-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const input = $("chat-input");
      const text = input.value.trim();
      if (!text) return;
      if (client.publish(channel, "chat", { text })) input.value = "";
      else toast("Not connected. Your message is still in the box.");
    });
  }

  #say(by, text, me) {
    this.#append(el("div", { class: "message" },
      avatar(by),
      el("p", {},
        el("bdi", { class: "who" }, by.name),
        by.uid === me.uid ? el("span", { class: "you" }, "you") : "",
        el("time", {}, hourAndMinute(Date.now()))),
      el("p", { class: "text", dir: "auto" }, text)));
  }

  /** Adds a line about somebody: came, left. */
  tell(person, what) {
    this.#append(el("p", { class: "aside" }, el("bdi", {}, person.name), ` ${what}`));
  }

  #append(node) {
    const log = $("chat-log");
    $("chat-empty")?.remove();
    log.append(node);
    while (log.children.length > LIMIT) log.firstElementChild.remove();
    this.#follow();
  }

  #follow() {
    if (this.#atEnd) $("chat-log").scrollTop = $("chat-log").scrollHeight;
  }
}
