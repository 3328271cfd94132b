// The package ws alone: what a client sends goes to its channel's subscribers as it stands.
//
//   node --expose-gc ws.mjs SECRET
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { serve, verifier } from "./parts.mjs";

const rightful = verifier(process.argv[2]);
const clients = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const channels = new Map(); // the subscribers by name

clients.on("upgrade", (request, socket, head) => {
  const query = new URL(request.url, "http://localhost").searchParams;
  if (!rightful(query.get("token"))) {
    socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    return;
  }
  sockets.handleUpgrade(request, socket, head, (client) => join(client, query.get("channel"), query.get("role")));
});

function join(client, name, role) {
  let subscribers = channels.get(name);
  if (!subscribers) channels.set(name, (subscribers = new Set()));
  if (role === "subscribe" || role === "both") {
    subscribers.add(client);
    client.on("close", () => subscribers.delete(client));
  }
  client.on("message", (message) => {
    for (const s of subscribers) s.send(message, { binary: false });
  });
  client.send('{"event":"hotsock.connected","data":{}}');
}

serve(clients);
