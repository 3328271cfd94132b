// Asking back before what cannot be undone.

import { $, announce, el } from "./dom.js";

// What waits for the answer. A dialog says that it was closed a moment after it is, and may be open again by then.
let settle = () => {};

function closed() {
  if ($("sure").open) return;
  settle($("sure").returnValue === "yes");
}

/** Asks in a dialog, which Escape closes. Resolves to whether the answer was yes. */
export function sure(question, text, yes) {
  const dialog = $("sure");
  dialog.addEventListener("close", closed); // adds it once
  settle(dialog.returnValue === "yes"); // of the last question, if it is still to be told
  $("sure-h").textContent = question;
  $("sure-text").textContent = text;
  $("sure-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  $("sure-no").focus();
  return new Promise((resolve) => (settle = resolve));
}

/** A button that asks back in its own place, for one of many: what it does cannot be undone. */
export function twice(label, question, act) {
  const button = el("button", { type: "button", class: "button small danger" }, label);
  let timer;
  const calm = () => {
    clearTimeout(timer);
    button.textContent = label;
    delete button.dataset.sure;
  };
  button.addEventListener("blur", calm);
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !button.dataset.sure) return;
    event.stopPropagation();
    calm();
  });
  button.addEventListener("click", () => {
    if (button.dataset.sure) {
      calm();
      return act(button);
    }
    button.dataset.sure = "yes";
    button.textContent = question;
    announce(`${question} Press again, or Escape.`);
    timer = setTimeout(calm, 5_000);
  });
  return button;
}
