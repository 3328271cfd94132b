// Socket.IO with SQLite: a channel is a room, and what is set is stored before anybody hears of it.
//
//   node --expose-gc socketio.mjs SECRET FILE
import { createServer } from "node:http";
import Database from "better-sqlite3";
import { Server } from "socket.io";
import { serve, verifier } from "./parts.mjs";

const [secret, file] = process.argv.slice(2);

const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL"); // every commit is synced
db.exec("CREATE TABLE IF NOT EXISTS entries (channel TEXT, key TEXT, data TEXT NOT NULL, PRIMARY KEY (channel, key)) WITHOUT ROWID");
const put = db.prepare("INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data");
const get = db.prepare("SELECT data FROM entries WHERE channel = ? AND key = ?").pluck();
const putAll = db.transaction((sets) => {
  for (const { channel, key, data } of sets) put.run(channel, key, JSON.stringify(data));
});

const clients = createServer();
const rightful = verifier(secret);
const io = new Server(clients, {
  transports: ["websocket"],
  allowUpgrades: false,
  serveClient: false,
  allowRequest: (request, decide) =>
    decide(null, rightful(new URL(request.url, "http://localhost").searchParams.get("token"))),
});

// As Socket.IO's documentation advises for many connections: the request is not needed any more.
io.engine.on("connection", (raw) => {
  raw.request = null;
});

// All sets that one turn of the event loop has read are one transaction with one sync.
let waiting = [];
let commits = 0;

function commit() {
  const sets = waiting;
  waiting = [];
  putAll(sets); // what it throws ends the process: nobody knows what is on disk then
  commits++;
  for (const { channel, key, data, acknowledge } of sets) {
    io.to(channel).emit("updated", channel, key, data);
    acknowledge(key);
  }
}

io.on("connection", (socket) => {
  socket.on("subscribe", (channel) => {
    socket.join(channel);
    socket.emit("subscribed", channel);
  });
  socket.on("publish", (channel, data) => io.to(channel).emit("message", channel, data));
  socket.on("set", (channel, key, data, acknowledge) => {
    if (waiting.push({ channel, key, data, acknowledge }) === 1) setImmediate(commit);
  });
  socket.on("get", (channel, key, answer) => answer(key, JSON.parse(get.get(channel, key) ?? "null")));
});

serve(clients, () => ({ commits_total: commits }));
