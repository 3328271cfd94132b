// What is wrong with a field, said beneath it.

import { el } from "./dom.js";

let made = 0;

/**
 * Says beneath a field why it was refused. It is taken back when somebody writes there, or by absolve. The focus
 * goes to the field, unless it is in another form by now.
 */
export function blame(field, text) {
  absolve(field);
  const note = el("p", { class: "fault", id: `fault-${++made}` }, text);
  const before = field.getAttribute("aria-describedby") ?? "";
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", `${note.id} ${before}`.trim());
  (field.closest("label") ?? field).after(note);
  field.fault = { note, before };
  const box = field.closest("details");
  if (box) box.open = true;
  field.addEventListener("input", () => absolve(field), { once: true });
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.closest("form") === field.form) field.focus();
}

/** Takes back what blame said of a field, or of all fields of a form. */
export function absolve(node) {
  for (const field of node instanceof HTMLFormElement ? node.elements : [node]) {
    if (!field.fault) continue;
    field.fault.note.remove();
    field.removeAttribute("aria-invalid");
    if (field.fault.before) field.setAttribute("aria-describedby", field.fault.before);
    else field.removeAttribute("aria-describedby");
    delete field.fault;
  }
}
