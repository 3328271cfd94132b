// What the parts of the console draw with, beside dom.js.

import { el } from "./dom.js";
import { pretty } from "./json.js";
import { Raw } from "./raw.js";
import { Refusal } from "./refusal.js";

/**
 * Runs work and says in node what came of it: the text that work returns, or why it failed and what to do.
 * Returns whether it went well.
 */
export async function tell(node, work) {
  const began = performance.now();
  node.dataset.state = "waiting";
  node.textContent = "";
  try {
    const text = await work();
    node.dataset.state = "done";
    node.textContent = text ? `${text} · ${milliseconds(performance.now() - began)}` : "";
    return true;
  } catch (error) {
    node.dataset.state = "failed";
    node.textContent = error instanceof Refusal ? error.text : String(error?.message ?? error);
    return false;
  }
}

export const milliseconds = (ms) => (ms < 1 ? "<1 ms" : ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);

/** A button that asks back: what it does cannot be undone. */
export function twice(label, sure, act) {
  const button = el("button", { type: "button", class: "button small danger" }, label);
  let timer;
  const calm = () => {
    clearTimeout(timer);
    button.textContent = label;
    delete button.dataset.sure;
  };
  button.addEventListener("blur", calm);
  button.addEventListener("click", () => {
    if (button.dataset.sure) {
      calm();
      return act(button);
    }
    button.dataset.sure = "yes";
    button.textContent = sure;
    timer = setTimeout(calm, 5_000);
  });
  return button;
}

/**
 * Reads JSON that a person wrote, as Raw: it goes out as it was typed. undefined if nothing was.
 * Throws a Refusal that says where it is no JSON.
 */
export function typed(text) {
  text = text.trim();
  if (!text) return undefined;
  try {
    JSON.parse(text);
  } catch {
    throw new Refusal("not JSON", `This is not JSON. Text stands in quotes: ${JSON.stringify(text.slice(0, 24))}`);
  }
  return new Raw(text);
}

/** JSON in one line that opens to a whole block. raw is its text. */
export function folded(raw, label) {
  if (raw.length < 80 && !/^[[{]/.test(raw)) return el("code", { class: "value" }, ...pretty(raw));
  const body = el("pre", { tabindex: "0" });
  const fold = el("details", { class: "fold" }, el("summary", { "aria-label": label }, el("code", { class: "value" }, raw.slice(0, 400))), body);
  fold.addEventListener("toggle", () => fold.open && body.replaceChildren(...pretty(raw)), { once: true });
  return fold;
}

/** Makes a row of buttons with role tab work: by mouse, and by arrows, Home and End. */
export function tabs(list, onShow = () => {}) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const show = (tab, focus = false) => {
    for (const other of all) {
      const on = other === tab;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
    }
    if (focus) tab.focus();
    onShow(tab.id);
  };
  for (const [i, tab] of all.entries()) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: all.length - 1 }[key];
      if (to !== undefined) show(all[(to + all.length) % all.length], true);
    });
  }
  return { show: (id) => show(document.getElementById(id)) };
}

/** Who it was by: a uid, or the server. */
export const by = (meta) => el("span", { class: "by" }, "by ", el("bdi", {}, typeof meta?.uid === "string" ? meta.uid : "server"));

const TIME = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The time in a message's id, in ms since 1970; undefined if it is no id of ours. */
export function timeOf(id) {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id ?? "")) return undefined;
  return [...id.slice(0, 10)].reduce((n, c) => n * 32 + TIME.indexOf(c), 0);
}

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const otherDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

/** A moment: the time of day, with the date if it is another. */
export function moment(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  const text = date.toDateString() === new Date().toDateString() ? sameDay.format(date) : otherDay.format(date);
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, text);
}
