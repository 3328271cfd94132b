// What the servers on Node share: whose token is right, and what the bench asks of them beside their work.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

/** verifier returns what tells whether a JWT is signed with secret (base64), by HS256, and still good. */
export function verifier(secret) {
  const key = Buffer.from(secret, "base64");
  return (token) => {
    const [head, claims, signature] = String(token).split(".");
    const given = Buffer.from(signature ?? "", "base64url");
    const right = createHmac("sha256", key).update(`${head}.${claims}`).digest();
    return (
      given.length === right.length &&
      timingSafeEqual(given, right) &&
      decode(head).alg === "HS256" &&
      decode(claims).exp > Date.now() / 1000
    );
  };
}

const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));

/** serve listens for clients and for the bench, on free ports, and says where. counters returns numbers by name. */
export function serve(clients, counters = () => ({})) {
  const admin = createServer((request, response) => {
    if (request.url === "/metrics") {
      const all = { nodejs_heap_size_used_bytes: process.memoryUsage().heapUsed, ...counters() };
      response.end(Object.entries(all).map(([name, n]) => `${name} ${n}\n`).join(""));
    } else if (request.url === "/debug/pprof/heap?gc=1") {
      globalThis.gc();
      response.end();
    } else {
      response.writeHead(404).end();
    }
  });
  const address = (server) => `127.0.0.1:${server.address().port}`;
  // Before it is ready, nobody asks; many connect at once.
  clients.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () =>
    admin.listen(0, "127.0.0.1", () => console.error(JSON.stringify({ listen: address(clients), admin: address(admin) }))),
  );
}
