// Taking tokens back, and, on a development server, making them.

import { pathOf } from "./api.js";
import { askReady } from "./connection.js";
import { drawer } from "./drawer.js";
import { el } from "./dom.js";
import { List } from "./list.js";
import { Raw } from "./raw.js";
import { signForm } from "./sign.js";
import { sure, twice } from "./sure.js";
import { filled, moment, tell } from "./ui.js";

/** The list of what was taken back. use(token) connects with a token that was signed. */
export function tokens(panel, api, use) {
  const form = revokeForm(api, () => list.refresh());
  const revoke = drawer("Revoke…", form.node, { "aria-keyshortcuts": "n" });
  const sign = drawer("Sign a token…", signForm(use), { hidden: true });
  askReady().then(() => (sign.button.hidden = false), () => {});
  const list = new List(panel, {
    search: "Filter by uid or jti",
    empty: "No token is revoked. Revoke those of a user, or one by its jti, and the connections made with them end.",
    more: [revoke.button, sign.button],
    drawers: [revoke, sign],
    async page(words) {
      const { revoked } = (await api.call("GET", "/tokens/revoked")).value;
      const wanted = words.toLowerCase();
      return { items: revoked.filter(({ uid, jti }) => (uid ?? jti).toLowerCase().includes(wanted)), after: undefined };
    },
    row({ uid, jti, at, until }, list) {
      const lift = twice("Lift", "Really lift?", () => list.act(async () => {
        await api.call("DELETE", pathOf(["tokens", "revoked"], { uid, jti }));
        return `Lifted: tokens of ${uid ?? jti} that have not expired are good again`;
      }));
      return el("li", { "data-uid": uid, "data-jti": jti },
        el("p", { class: "line" }, el("b", {}, uid === undefined ? "jti" : "uid"), el("bdi", {}, uid ?? jti), lift),
        el("p", { class: "line soft" }, "revoked ", moment(at), until === undefined ? "kept until it is lifted" : el("span", {}, "forgotten ", moment(until * 1000))));
    },
  });
  list.create = () => revoke.open();
  /** Fills the form with a user. */
  list.revoke = (uid) => {
    form.fill(uid);
    revoke.open();
  };
  return list;
}

function revokeForm(api, done) {
  const by = ["uid", "jti"].map((value, i) => el("input", { type: "radio", name: "revoke-by", value, checked: i === 0 }));
  const id = el("input", { class: "field", id: "revoke-id", autocomplete: "off", spellcheck: "false", maxlength: "1024" });
  const until = el("input", { class: "field", id: "revoke-until", type: "datetime-local", "aria-describedby": "revoke-note" });
  const label = el("span", {}, "The user's uid");
  const outcome = el("p", { class: "outcome", role: "status" });
  const kind = () => by.find((radio) => radio.checked).value;
  const show = () => (label.textContent = kind() === "uid" ? "The user's uid" : "The token's jti");
  const node = el("form", { class: "form", id: "revoke-form" },
    el("fieldset", { class: "choice" }, el("legend", {}, "Which tokens"),
      el("label", {}, by[0], " all of a user"), el("label", {}, by[1], " one")),
    el("div", { class: "row" },
      el("div", { class: "cell" }, el("label", {}, label, id)),
      el("div", { class: "cell" }, el("label", {}, "Forget it after (optional)", until))),
    el("p", { class: "hint", id: "revoke-note" }, "When the last such token has expired: its exp. Tokens of the user that are signed from now on, with an iat, are good."),
    el("div", { class: "actions" }, el("button", { class: "button danger" }, "Revoke"), outcome));
  node.addEventListener("input", show);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    tell(outcome, async () => {
      const name = filled(id, kind() === "uid" ? "Write the uid first." : "Write the jti first.");
      if (!await sure(`Revoke ${kind()} ${name}?`, "Such tokens are good for nothing from now on, and the connections and subscriptions that were made with them end.", "Revoke")) return "";
      const at = until.value ? Math.floor(new Date(until.value).getTime() / 1000) : 0;
      const { connections } = (await api.call("POST", "/tokens/revoke", { [kind()]: name, until: at ? new Raw(String(at)) : undefined })).value;
      id.value = "";
      done();
      return `Revoked ${name}; ${connections === 1 ? "1 connection" : `${connections} connections`} ended`;
    }, { INVALID_MESSAGE: id });
  });
  return {
    node,
    fill(uid) {
      by[0].checked = true;
      id.value = uid;
      show();
    },
  };
}
