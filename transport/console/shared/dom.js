// What every part of the page draws with. Text only ever enters the document as text.

export const $ = (id) => document.getElementById(id);

/** Makes an element. Attributes that are undefined or false are left out; children are nodes or text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Makes the tick or one of the other small marks, a path in a box of 16. */
export function mark(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "mark-icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Puts a circle in somebody's colour, with their initial, on an element. */
export function paintAvatar(node, { name, color }) {
  node.textContent = [...name][0]?.toUpperCase() ?? "?";
  node.style.backgroundColor = color;
  node.style.color = luminance(color) > 0.3 ? "#1b1b1b" : "#ffffff";
  return node;
}

export function avatar(person, small = false) {
  return paintAvatar(el("span", { class: small ? "avatar small" : "avatar", "aria-hidden": "true" }), person);
}

function luminance(color) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const part = parseInt(color.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const shortClock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const timeOfDay = (at) => clock.format(at);
export const hourAndMinute = (at) => shortClock.format(at);

/** Says how long ago something was: "just now", "40 s ago", "3 min ago", then the time of day. */
export function ago(at, now = Date.now()) {
  const seconds = Math.round((now - at) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `at ${hourAndMinute(at)}`;
}

let toastTimer;

/** Shows a sentence above the page for a few seconds. */
export function toast(text) {
  const node = $("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (node.hidden = true), 6_000);
}

let announcement = "";
let announceTimer;

/** Tells screen readers, at most every second and a half: of a burst only the last is worth hearing. */
export function announce(text) {
  announcement = text;
  announceTimer ??= setTimeout(() => {
    announceTimer = undefined;
    $("announcer").textContent = announcement;
  }, 1_500);
}
