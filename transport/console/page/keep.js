// What this tab keeps over a reload: sessionStorage, or nothing where that is off.

export function kept(name) {
  try {
    return sessionStorage.getItem(`dormouse.console.${name}`) ?? "";
  } catch {
    return "";
  }
}

/** Keeps a text; "" is forgotten. */
export function keep(name, text) {
  try {
    if (text) sessionStorage.setItem(`dormouse.console.${name}`, text);
    else sessionStorage.removeItem(`dormouse.console.${name}`);
  } catch {
    // Then the next reload asks again.
  }
}
