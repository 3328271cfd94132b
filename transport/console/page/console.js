// The console: the client's side of a server, for who has a token, and the server's, for who has an API key.
// This file puts its parts together.
//
//   session.js     the connection, asked for answers   connection.js  its card: token, state, ping
//   rooms.js       channels, and the one looked at     messages.js    publish, live, history, reactions
//   storage.js     entries                             members.js     presence
//   log.js         the wire, as it is                  refusal.js     what goes wrong, and what to do
//   server.js      the API key, and what it opens      api.js         calls with it
//   list.js        a list, page by page                charts.js      rates; chart.js draws one
//   channels.js    connections.js   schedules.js   letters.js   tokens.js   apps.js   the lists
//   channel.js     one channel                         tail.js        what it says, as it does
//   app.js         one app of Pusher clients           pages.js       a short list, page by page
//   writer.js      a message or an entry, now or later sign.js        a token, where the server signs
//   ui.js          drawing, beside dom.js              fault.js       what is wrong with a field
//   sure.js        asking back                         drawer.js      a form that a button opens
//   frame.js       one frame in a list                 keep.js        what outlives a reload
//
// client.js, dom.js, json.js and raw.js are of ../shared/. Ids are what tests find things by.

import { Connection } from "./connection.js";
import { $, toast } from "./dom.js";
import { Log } from "./log.js";
import { Members } from "./members.js";
import { Messages } from "./messages.js";
import { Raw } from "./raw.js";
import { Refusal } from "./refusal.js";
import { Rooms } from "./rooms.js";
import { Server } from "./server.js";
import { Session } from "./session.js";
import { Storage } from "./storage.js";
import { filled, tabs, tell, typed } from "./ui.js";

const session = new Session();
const log = new Log(session);
const rooms = new Rooms(session);
new Messages(session, rooms);
new Storage(session, rooms);
new Members(session, rooms);
const connection = new Connection(session, rooms);
const server = new Server((token) => {
  location.hash = "#client";
  connection.use(token);
});

tabs($("room").querySelector("[role=tablist]"));

rooms.addEventListener("show", ({ detail: room }) => {
  $("room").hidden = !room;
  $("room-h").textContent = room?.name ?? "No channel";
  $("room-about").textContent = !room ? "Subscribe to one, and what it says is shown here."
    : room.state !== "subscribed" ? "Not subscribed: it is only what you ask for."
    : room.automatic ? "Subscribed by the token" : "Subscribed";
});

// Metadata, and any frame

$("umd-form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell($("umd-outcome"), async () => {
    const one = $("umd-channel").checked;
    if (one && !rooms.shown) throw new Refusal("no channel", "Open a channel first, or update the whole connection.");
    const token = connection.ready ? await connection.signUMD(typed($("umd")) ?? new Raw("null")) : filled($("umd"), "Paste an umd token first.");
    await session.ask({ event: "hotsock.umdUpdate", ...(one && { channel: rooms.shown.name }), data: { token } });
    return one ? `Updated on ${rooms.shown.name}` : "Updated";
  }, { INVALID_UMD_TOKEN: $("umd"), UMD_UPDATE_PERMISSION_DENIED: $("umd"), INVALID_MESSAGE: $("umd") });
});

$("raw-form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell($("raw-outcome"), async () => {
    filled($("raw"), "Write a frame first.");
    const frame = typed($("raw"));
    if (!session.client.send(frame.text)) throw new Refusal("offline", "Not connected. Connect first.");
    return "Sent; the answer is among the frames";
  });
});

session.addEventListener("fault", ({ detail }) => toast(detail.text));

// Views: the part of the address behind # says which, so that a reload stays.

function show() {
  const server_ = location.hash === "#server";
  $("client").hidden = server_;
  $("server").hidden = !server_;
  for (const [id, on] of [["to-client", !server_], ["to-server", server_]]) {
    if (on) $(id).setAttribute("aria-current", "page");
    else $(id).removeAttribute("aria-current");
  }
  server.look(server_);
}
addEventListener("hashchange", show);

// Keys

const KEYS = {
  c: () => (location.hash = "#client"),
  s: () => (location.hash = "#server"),
  n: () => (location.hash === "#server" ? server.create() : $("channel").focus()),
  p: () => connection.ping(),
  f: () => log.pause(),
  r: () => server.refresh(),
  "/": () => (location.hash === "#server" ? server.search() : $("log-filter").focus()),
  "?": () => $("help").showModal(),
  ...Object.fromEntries(["1", "2", "3", "4", "5", "6"].map((n) => [n, () => location.hash === "#server" && server.nth(Number(n))])),
};

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input:not([type=checkbox],[type=radio]), select, textarea");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    return event.target.form.requestSubmit();
  }
  if (writing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
$("help-open").addEventListener("click", () => $("help").showModal());

show();
await connection.begin();
