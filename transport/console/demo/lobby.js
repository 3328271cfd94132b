// The demo page: a game lobby that every open tab shares. This file puts its parts together.
//
//   client.js    the protocol          person.js   who we are, who they are
//   settings.js  channel storage       changes.js  who changed what
//   chat.js      a published event     members.js  presence
//   frames.js    the wire, as it is    dom.js      drawing
//   json.js      JSON, in colours
//
// client.js, dom.js and json.js are of ../shared/.
//
// For tests that drive the page, these data-testid attributes stay as they are:
//
//   state                  the connection; data-state is connecting, connected, reconnecting, offline or closed
//   latency, retry         the last ping's time; the button that ends a wait
//   name                   our own name, an input
//   setting-title -mode -map -maxPlayers -minutes -friendlyFire
//                          the controls; their row (.setting) has data-state initial, saving, waiting or saved
//   setting-maxPlayers-less, setting-maxPlayers-more
//   note-title …           who set it and when, one for each setting
//   match-title, match-facts   the settings as one reads them
//   others                 entries under settings. that have no control
//   log                    the changes, newest first; a line's data-name is the setting's name
//   members, members-count presence; a member's li has data-uid
//   chat-log, chat-input, chat-send
//   commands, copy         the terminal commands; a button for each
//   frames-toggle, frames-drawer, frames, frames-count, frames-filter, frames-pings, frames-pause,
//   frames-clear, frames-close, cut
//                          the drawer; each frame is a <details data-event> with class sent or received
//   toast, announcer       what went wrong; what screen readers are told

import { Changes } from "./changes.js";
import { Chat } from "./chat.js";
import { Client } from "./client.js";
import { $, el, paintAvatar, toast } from "./dom.js";
import { Frames } from "./frames.js";
import { Members } from "./members.js";
import { Me, personOf } from "./person.js";
import { Settings } from "./settings.js";

const LOBBY = "game.lobby";
const PRESENCE = "presence.lobby";
const RENAME_TIMEOUT = 3_000;

const me = new Me();
const client = new Client({
  url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/v1`,
  token: async () => {
    const token = await me.token();
    showMe();
    showCommands();
    return token;
  },
});

const changes = new Changes();
new Frames({ client });
new Settings({ client, channel: LOBBY, me, onChange: (change) => changes.add(change) });
const chat = new Chat({ client, channel: LOBBY, me });
new Members({ client, channel: PRESENCE, me, onMove: (person, what) => chat.tell(person, what) });

// The connection

const STATES = { connecting: "Connecting", connected: "Connected", reconnecting: "Reconnecting", offline: "Offline", closed: "Closed" };
let countdown;

client.addEventListener("state", ({ detail: { state, retryAt } }) => {
  clearInterval(countdown);
  $("state").dataset.state = state;
  $("latency").textContent = "";
  $("chat-send").setAttribute("aria-disabled", String(state !== "connected"));
  $("state-text").textContent = STATES[state];
  $("retry").hidden = true;
  if (retryAt === null || retryAt - Date.now() < 500) return;
  $("retry").hidden = false;
  const count = () => ($("latency").textContent = `in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s`);
  count();
  countdown = setInterval(count, 500);
});
client.addEventListener("latency", ({ detail: ms }) => ($("latency").textContent = ms < 1 ? "<1 ms" : `${Math.round(ms)} ms`));
$("retry").addEventListener("click", () => client.retry());

const REFUSALS_OF_RENAME = new Set(["UNKNOWN_EVENT", "INVALID_UMD_TOKEN", "UMD_UPDATE_PERMISSION_DENIED"]);
client.bind("hotsock.error", ({ error }) => {
  if (REFUSALS_OF_RENAME.has(error?.code) && renaming) return client.reconnect();
  if (error?.code !== "NOT_SUBSCRIBED") toast(error?.message || error?.code || "The server refused that.");
});

// Our name. A new one is told with a new token: the server takes it as an update of our umd, and where
// it does not, a new connection with that token does.

let renaming;

function showMe() {
  paintAvatar($("me-avatar"), me);
  if (document.activeElement !== $("name")) $("name").value = me.name;
}

async function rename() {
  const name = $("name").value.trim();
  if (!name || name === me.name) return showMe();
  const before = me.name;
  me.name = name;
  try {
    const token = await me.token();
    showMe();
    $("name").value = me.name;
    clearTimeout(renaming);
    if (client.send({ event: "hotsock.umdUpdate", data: { token } })) renaming = setTimeout(() => client.reconnect(), RENAME_TIMEOUT);
  } catch {
    me.name = before;
    toast("The server did not answer. Your name is unchanged.");
    showMe();
  }
}

function renamed() {
  clearTimeout(renaming);
  renaming = undefined;
}

client.bind("hotsock.memberUpdated", ({ data }) => {
  if (data.member?.uid === me.uid && personOf(data.member).name === me.name) renamed();
}, PRESENCE);
client.bind("hotsock.connected", renamed);

$("name").addEventListener("change", rename);
$("name").addEventListener("keydown", (event) => {
  if (event.key === "Escape") $("name").value = me.name;
  if (event.key === "Enter" || event.key === "Escape") $("name").blur();
});

// Commands for a terminal

function showCommands() {
  const known = [...$("commands").children].map((line) => line.dataset.command);
  $("terminal").hidden = me.commands.length === 0;
  if (known.join("\n") === me.commands.join("\n")) return;
  $("commands").replaceChildren(...me.commands.map((command) => {
    const code = el("code", { tabindex: "0" }, command);
    const button = el("button", { type: "button", class: "button", "data-testid": "copy", "aria-label": `Copy: ${command}` }, "Copy");
    button.addEventListener("click", () => copy(command, code, button));
    return el("li", { "data-command": command }, code, button);
  }));
}

async function copy(text, code, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch { // not allowed here: mark the text, so that the keyboard can copy it
    getSelection().selectAllChildren(code);
    button.textContent = "Marked";
  }
  setTimeout(() => (button.textContent = "Copy"), 2_000);
}

await me.beAlone();
if (me.name) showMe();
client.subscribe(LOBBY);
client.subscribe(PRESENCE);
client.connect();
