// A form that has a development server sign a token.

import { announce, el } from "./dom.js";
import { Raw } from "./raw.js";
import { Refusal, refusalOf, unreachable } from "./refusal.js";
import { tell, typed } from "./ui.js";

const SCOPES = { connect: "connect", subscribe: "subscribe", umd: "umd", publish: "publish, over HTTP", read: "read, over HTTP" };
const TIMES = [["300", "5 minutes"], ["3600", "1 hour"], ["86400", "1 day"], ["2592000", "30 days"]];

// What a token may allow on its channels: a word, and the directives it stands for.
const RIGHTS = {
  subscribe: { subscribe: true },
  history: { historyStart: 0 },
  info: { getInfo: true },
  publish: { messages: { publish: true } },
  echo: { messages: { echo: true } },
  store: { messages: { store: 86_400 } },
  react: { messages: { react: true } },
  observe: { storage: { observe: true } },
  get: { storage: { get: true } },
  set: { storage: { set: true } },
};

/** The form. use(token) is called when somebody wants to connect with what was signed. */
export function signForm(use) {
  const scope = el("select", { class: "field" }, ...Object.entries(SCOPES).map(([value, text]) => el("option", { value }, text)));
  const uid = el("input", { class: "field", value: "ann", autocomplete: "off", spellcheck: "false" });
  const time = el("select", { class: "field" }, ...TIMES.map(([value, text]) => el("option", { value, selected: value === "3600" }, text)));
  const channel = el("input", { class: "field", value: "*", autocomplete: "off", spellcheck: "false" });
  const rights = Object.keys(RIGHTS).map((right) => el("input", { type: "checkbox", value: right, checked: true }));
  const claims = el("textarea", { class: "field code", id: "claims", rows: "12", autocomplete: "off", spellcheck: "false", "aria-describedby": "claims-note" });
  const token = el("textarea", { class: "field code", id: "signed", rows: "4", readonly: true });
  const copy = el("button", { type: "button", class: "button" }, "Copy");
  const go = el("button", { type: "button", class: "button" }, "Connect with it");
  const outcome = el("p", { class: "outcome", role: "status" });
  const result = el("div", { class: "cell", hidden: true }, el("label", {}, "Token", token), el("div", { class: "actions" }, copy, go));

  const write = () => (claims.value = JSON.stringify(claimsOf({
    scope: scope.value, uid: uid.value.trim(), seconds: Number(time.value), channel: channel.value.trim(),
    rights: rights.filter((right) => right.checked).map((right) => right.value),
  }), null, 2));
  const fields = el("div", { class: "sign-fields" },
    el("div", { class: "row" },
      el("div", { class: "cell" }, el("label", {}, "For", scope)),
      el("div", { class: "cell" }, el("label", {}, "uid", uid)),
      el("div", { class: "cell" }, el("label", {}, "Good for", time)),
      el("div", { class: "cell" }, el("label", {}, "Channels, a name or a pattern", channel))),
    el("fieldset", { class: "choice" }, el("legend", {}, "May"), ...rights.map((right) => el("label", {}, right, ` ${right.value}`))));
  fields.addEventListener("input", write);

  const form = el("form", { class: "form sign", id: "sign-form" }, fields,
    el("div", { class: "cell" }, el("label", {}, "Claims", claims),
      el("p", { class: "hint", id: "claims-note" }, "Signed as they stand here. What you change above writes them anew.")),
    el("div", { class: "actions" }, el("button", { class: "button solid" }, "Sign"), outcome), result);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell(outcome, async () => {
      const written = typed(claims) ?? new Raw("{}");
      result.hidden = true;
      token.value = await signed(written);
      result.hidden = false;
      go.hidden = !String(written.value?.scope).split(" ").includes("connect");
      return "Signed";
    }, { INVALID_MESSAGE: claims, BODY_TOO_LARGE: claims });
  });
  copy.addEventListener("click", async () => {
    token.select();
    await navigator.clipboard.writeText(token.value).then(() => announce("Copied"), () => {});
  });
  go.addEventListener("click", () => use(token.value));
  write();
  return form;
}

function claimsOf({ scope, uid, seconds, channel, rights }) {
  const allowed = {};
  for (const right of rights) {
    for (const [name, value] of Object.entries(RIGHTS[right])) {
      if (typeof value === "object") Object.assign((allowed[name] ??= { "*": {} })["*"], value);
      else allowed[name] = value;
    }
  }
  return {
    scope, ...(uid && { uid }), exp: Math.floor(Date.now() / 1000) + seconds, iat: Math.floor(Date.now() / 1000),
    ...(scope === "umd" ? { umd: { name: uid }, umdUpdate: true } : channel && { channels: { [channel]: allowed } }),
  };
}

// Asks the server for a token with these claims. Rejects with a Refusal.
async function signed(claims) {
  let answer;
  try {
    answer = await fetch("token", { method: "POST", body: claims.text, cache: "no-store", signal: AbortSignal.timeout(8_000) });
  } catch {
    throw unreachable();
  }
  if (!answer.ok) throw await refusalOf(answer);
  const { token } = await answer.json();
  if (typeof token !== "string") throw new Refusal("none", "The server signed nothing.");
  return token;
}
