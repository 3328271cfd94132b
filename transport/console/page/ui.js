// What the parts of the console draw with, beside dom.js.

import { el } from "./dom.js";
import { absolve, blame } from "./fault.js";
import { pretty } from "./json.js";
import { Raw } from "./raw.js";
import { Refusal } from "./refusal.js";

/**
 * Runs work and says in node what came of it: the text that work returns, or why it failed and what to do. What
 * is wrong with a field is said beneath the field: with that which a Refusal names, or which fields has for its
 * code, where it may also be a function of the message. Returns whether it went well.
 */
export async function tell(node, work, fields = {}) {
  const began = performance.now();
  const form = node.closest("form");
  if (form) absolve(form);
  node.dataset.state = "waiting";
  node.textContent = "";
  try {
    const text = await work();
    node.dataset.state = "done";
    node.textContent = text ? `${text} · ${milliseconds(performance.now() - began)}` : "";
    return true;
  } catch (error) {
    const text = error instanceof Refusal ? error.text : String(error?.message ?? error);
    const about = error.field ?? fields[error.code];
    const field = typeof about === "function" ? about(error.message) : about;
    node.dataset.state = "failed";
    if (field && !field.closest("[hidden]")) blame(field, text);
    else node.textContent = text;
    return false;
  }
}

export const milliseconds = (ms) => (ms < 1 ? "<1 ms" : ms < 9.95 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);

/** How many there are of something: "1 channel", "2 channels", "1,000 channels". */
export const counted = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;

/**
 * Reads the JSON that a person wrote into a field, as Raw: it goes out as it was typed. undefined if nothing was.
 * Throws a Refusal of the field that says, in the browser's words, where it is no JSON.
 */
export function typed(field) {
  const text = field.value.trim();
  if (!text) return undefined;
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Refusal("not JSON", `This is not JSON: ${error.message}. Text stands in quotes: "like this".`, field);
  }
  return new Raw(text);
}

/** What a person wrote into a field, without white space round it. Throws a Refusal of the field if it is empty. */
export function filled(field, text) {
  const value = field.value.trim();
  if (!value) throw new Refusal("empty", text, field);
  return value;
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

/** How long it is until a moment: "in 14 min", "in 3 days"; "now" for one that has come. */
export function within(at, now = Date.now()) {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  if (!(seconds > 0)) return "now";
  for (const [unit, size] of [["years", 31_557_600], ["days", 86_400], ["h", 3_600], ["min", 60]]) {
    if (seconds >= 2 * size) return `in ${Math.floor(seconds / size)} ${unit}`;
  }
  return `in ${seconds} s`;
}
