// The console: the client's side of a server, for who has a token, and the server's, for who has an API key.
// This file puts its parts together.
//
//   session.js     the connection, asked for answers   connection.js  its card: token, state, ping
//   rooms.js       channels, and the one looked at     messages.js    publish, live, history, reactions
//   storage.js     entries                             members.js     presence
//   log.js         the wire, as it is                  refusal.js     what goes wrong, and what to do
//   server.js      the API key, and what it opens      api.js         calls with it
//   list.js        a list, page by page                charts.js      rates; chart.js draws one
//   channels.js    connections.js   schedules.js   letters.js         the lists
//   ui.js          drawing, beside dom.js              keep.js        what outlives a reload
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
import { tabs, tell, typed } from "./ui.js";

const session = new Session();
const log = new Log(session);
const rooms = new Rooms(session);
new Messages(session, rooms);
new Storage(session, rooms);
new Members(session, rooms);
const connection = new Connection(session, rooms);
const server = new Server();

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
    const text = $("umd").value.trim();
    const one = $("umd-channel").checked;
    if (one && !rooms.shown) throw new Refusal("no channel", "Open a channel first, or update the whole connection.");
    if (!connection.ready && !text) throw new Refusal("token", "Paste an umd token first.");
    const token = connection.ready ? await connection.signUMD(typed(text) ?? new Raw("null")) : text;
    await session.ask({ event: "hotsock.umdUpdate", ...(one && { channel: rooms.shown.name }), data: { token } });
    return one ? `Updated on ${rooms.shown.name}` : "Updated";
  });
});

$("raw-form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell($("raw-outcome"), async () => {
    const frame = typed($("raw").value);
    if (!frame) throw new Refusal("no frame", "Write a frame first.");
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
  n: () => go("#client", $("channel")),
  p: () => connection.ping(),
  f: () => log.pause(),
  r: () => server.refresh(),
  "/": () => (location.hash === "#server" ? server.search() : $("log-filter").focus()),
  "?": () => $("help").showModal(),
};

function go(hash, field) {
  location.hash = hash;
  show();
  field.focus();
}

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input:not([type=checkbox],[type=radio]), select, textarea");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    return event.target.form.requestSubmit();
  }
  if (writing || event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
$("help-open").addEventListener("click", () => $("help").showModal());

show();
await connection.begin();
