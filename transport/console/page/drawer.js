// A part of the page that a button opens and closes.

import { el } from "./dom.js";

/**
 * Makes a button for a node that is closed at first. Escape in the node closes it and goes back to the button.
 * Returns { button, node, open(), close(), hide() }; open() goes to the first field, hide() nowhere.
 */
export function drawer(label, node, attributes = {}) {
  const button = el("button", { type: "button", class: "button", "aria-expanded": "false", ...attributes }, label);
  const show = (on) => {
    node.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
  };
  const open = () => {
    show(true);
    node.querySelector("input:not([type=radio],[disabled]), select, textarea")?.focus();
  };
  const close = () => {
    show(false);
    button.focus();
  };
  button.addEventListener("click", () => (node.hidden ? open() : close()));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    close();
  });
  show(false);
  return { button, node, open, close, hide: () => show(false) };
}
