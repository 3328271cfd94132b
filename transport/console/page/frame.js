// One frame in a list of them: a line that opens.

import { el, timeOfDay } from "./dom.js";
import { pretty } from "./json.js";

const encoder = new TextEncoder();

/** A frame's text with what lists show of it: { sent, text, at, size, event, about }. frame is its value. */
export const entryOf = ({ sent, text, frame, at }) => ({
  sent, text, at, size: encoder.encode(text).length,
  event: String(frame?.event ?? "?"), about: [frame?.channel, frame?.key].filter((s) => typeof s === "string").join(" "),
});

/** Draws an entry. */
export function frameRow({ sent, text, at, size, event, about }) {
  const body = el("pre", { tabindex: "0" });
  const way = sent ? "sent" : "received";
  const node = el("details", { class: `frame ${way}`, "data-event": event },
    el("summary", {},
      el("span", { class: "way", title: way, role: "img", "aria-label": way }, sent ? "↑" : "↓"),
      el("time", {}, `${timeOfDay(at)}.${String(at % 1000).padStart(3, "0")}`),
      el("span", { class: "event" }, event),
      el("span", { class: "size" }, `${size} B`),
      el("span", { class: "about" }, about)),
    body);
  node.addEventListener("toggle", () => node.open && body.replaceChildren(...pretty(text)), { once: true });
  return node;
}
