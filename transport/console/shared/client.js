// A small client for a Dormouse server, in one file and without dependencies. Copy it if it suits you.
//
//   import { Client } from "./client.js";
//
//   const client = new Client({
//     url: "wss://example.com/v1",
//     token: async () => (await fetch("/my/token")).text(), // asked before every connection
//   });
//   client.bind("hotsock.channelStorageUpdated", (frame) => draw(frame.key, frame.data), "game.lobby");
//   client.bind("chat", (frame) => say(frame.meta.uid, frame.data), "game.lobby");
//   client.subscribe("game.lobby");
//   client.connect();
//   client.set("game.lobby", "settings.maxPlayers", 8);
//
// It is an EventTarget, with these events of its own:
//
//   state    detail { state, retryAt }; state is one of
//              connecting    the first connection is being made
//              connected     the server has greeted us
//              reconnecting  the connection was lost; the next attempt is at retryAt (ms since 1970), or now if null
//              offline       the same, and the browser says there is no network
//              closed        close() was called
//   latency  detail: milliseconds a ping took
//   frame    detail { sent, text, frame, at }: every frame, both ways, before it is acted on

const GREETING_TIMEOUT = 5_000; // hotsock.connected is the server's first frame; without it the connection is no good
const PONG_TIMEOUT = 10_000;
const STABLE_AFTER = 5_000; // a connection shorter than this does not reset the back-off
const FIRST_DELAY = 1_000;
const DELAY_GROWTH = 1.5;
const MAX_DELAY = 20_000;
const RESUBSCRIBE_DELAY = 1_000;

export class Client extends EventTarget {
  #url;
  #token;
  #pingEvery;
  #subprotocol;
  #bindings = new Set();
  #channels = new Map(); // name -> { asked, more }: is our subscription asked for on this connection, and with what?
  #state = "closed";
  #socket = null;
  #turn = 0; // counts attempts; an older one that comes to life late finds it changed and ends
  #failures = 0; // attempts since the last stable connection
  #greeted = false; // has there ever been a connection?
  #connectedAt = 0;
  #pingSentAt = 0;
  #retryTimer;
  #greetingTimer;
  #pingTimer;
  #pongTimer;

  /**
   * @param {object} options
   * @param {string} options.url  the server's WebSocket address, without a query
   * @param {() => Promise<string>} options.token  makes a fresh connect token
   * @param {number} [options.pingEvery]  milliseconds between pings; 0: only ping() sends any
   * @param {boolean} [options.subprotocol]  the token goes as a subprotocol and not in the URL, so that no log has it
   */
  constructor({ url, token, pingEvery = 5_000, subprotocol = false }) {
    super();
    this.#url = url;
    this.#token = token;
    this.#pingEvery = pingEvery;
    this.#subprotocol = subprotocol;
    globalThis.addEventListener?.("online", () => this.retry());
    globalThis.addEventListener?.("offline", () => this.#socket === null && this.#show("offline"));
  }

  get state() {
    return this.#state;
  }

  /** Connects, and stays connected until close(). */
  connect() {
    if (this.#state === "closed") this.#open();
  }

  /** Ends the connection for good; connect() begins anew. */
  close() {
    this.#drop();
    this.#failures = 0;
    this.#greeted = false;
    this.#show("closed");
  }

  /** Gives the connection up and makes a new one at once, with a fresh token. */
  reconnect() {
    if (this.#state === "closed") return;
    this.#drop();
    this.#open();
  }

  /** Ends the wait for the next attempt, if there is one. */
  retry() {
    if (this.#state !== "closed" && this.#socket === null) this.reconnect();
  }

  /**
   * Calls handler(frame, text) for every frame of that event, on that channel if one is given. text is the frame
   * as it came: JavaScript rounds large numbers.
   * Bindings outlive connections. Returns a function that takes the binding back.
   */
  bind(event, handler, channel) {
    const binding = { event, handler, channel };
    this.#bindings.add(binding);
    return () => this.#bindings.delete(binding);
  }

  /**
   * Subscribes now if connected, and after every reconnection, until unsubscribe(). more is added to the
   * frame: { data: { token } }, say.
   */
  subscribe(channel, more = {}) {
    if (this.#channels.has(channel)) return;
    this.#channels.set(channel, { asked: false, more });
    this.#ask(channel);
  }

  unsubscribe(channel) {
    if (this.#channels.delete(channel)) this.send({ event: "hotsock.unsubscribe", channel });
  }

  /** Makes an end of subscribing to a channel, after a refusal. The server is not told. */
  forget(channel) {
    this.#channels.delete(channel);
  }

  /** Sends a ping; its answer is a latency event. Returns false while there is no connection. */
  ping() {
    if (this.#pingSentAt) return true;
    if (!this.send({ event: "hotsock.ping" })) return false;
    this.#pingSentAt = performance.now();
    this.#pongTimer = setTimeout(() => this.#lost(), PONG_TIMEOUT);
    return true;
  }

  /** Publishes an event to a channel. Nothing comes back but the message itself, if the token says echo. */
  publish(channel, event, data) {
    return this.send({ event, channel, data });
  }

  /** Sets an entry of channel storage; null clears it. Observers, we among them, hear of it once it is stored. */
  set(channel, key, data) {
    return this.send({ event: "hotsock.channelStorageSet", channel, key, data });
  }

  /** Asks for an entry of channel storage; the answer is a hotsock.channelStorageData frame. */
  get(channel, key) {
    return this.send({ event: "hotsock.channelStorageGet", channel, key });
  }

  /**
   * Sends any frame: an object, or its JSON text, which goes as it is. Returns false, and sends nothing, while
   * there is no connection.
   */
  send(frame) {
    if (this.#state !== "connected" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.#emit("frame", { sent: true, text, frame: JSON.parse(text), at: Date.now() });
    this.#socket.send(text);
    return true;
  }

  // The connection

  async #open() {
    const turn = ++this.#turn;
    clearTimeout(this.#retryTimer);
    this.#show(this.#greeted || this.#failures > 0 ? "reconnecting" : "connecting");
    try {
      const token = await this.#token();
      if (turn !== this.#turn) return;
      const socket = this.#subprotocol
        ? new WebSocket(this.#url, ["hotsock.v1", `token.${token}`])
        : new WebSocket(`${this.#url}?token=${encodeURIComponent(token)}`);
      this.#socket = socket;
      this.#greetingTimer = setTimeout(() => this.#lost(), GREETING_TIMEOUT);
      socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
      socket.onclose = () => socket === this.#socket && this.#lost();
    } catch {
      if (turn === this.#turn) this.#lost();
    }
  }

  // The first attempt after a stable connection is made at once, later ones wait 1 s and then half as
  // long again each time, with up to 1 s of chance so that a thousand clients do not come in one moment.
  #lost() {
    if (this.#connectedAt && Date.now() - this.#connectedAt > STABLE_AFTER) this.#failures = 0;
    this.#drop();
    let delay = 0;
    if (this.#failures > 0) {
      delay = Math.min(MAX_DELAY, FIRST_DELAY * DELAY_GROWTH ** (this.#failures - 1) + Math.random() * 1_000);
    }
    this.#failures++;
    this.#show("reconnecting", Date.now() + delay);
    this.#retryTimer = setTimeout(() => this.#open(), delay);
  }

  #drop() {
    this.#turn++;
    for (const timer of [this.#retryTimer, this.#greetingTimer, this.#pingTimer, this.#pongTimer]) clearTimeout(timer);
    for (const subscription of this.#channels.values()) subscription.asked = false;
    const socket = this.#socket;
    this.#socket = null;
    this.#connectedAt = 0;
    this.#pingSentAt = 0;
    socket?.close();
  }

  #show(state, retryAt = null) {
    if (state === "offline" && (this.#state === "closed" || this.#state === "connected")) return;
    if (state === "reconnecting" && globalThis.navigator?.onLine === false) state = "offline";
    this.#state = state;
    this.#emit("state", { state, retryAt });
  }

  // The frames

  #receive(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    this.#emit("frame", { sent: false, text, frame, at: Date.now() });
    this.#handlers.get(frame?.event)?.(frame);
    for (const { event, handler, channel } of [...this.#bindings]) {
      if (event !== frame?.event || (channel !== undefined && channel !== frame.channel)) continue;
      try {
        handler(frame, text);
      } catch (error) {
        reportError(error); // one handler's mistake is not the others'
      }
    }
  }

  #handlers = new Map(Object.entries({
    "hotsock.connected": () => {
      clearTimeout(this.#greetingTimer);
      this.#greeted = true;
      this.#connectedAt = Date.now();
      this.#show("connected");
      for (const channel of this.#channels.keys()) this.#ask(channel);
      this.#ping();
    },
    "hotsock.ping": () => this.send({ event: "hotsock.pong" }),
    "hotsock.pong": () => {
      if (!this.#pingSentAt) return;
      clearTimeout(this.#pongTimer);
      this.#emit("latency", performance.now() - this.#pingSentAt);
      this.#pingSentAt = 0;
    },
    "hotsock.error": ({ channel, error }) => {
      const subscription = this.#channels.get(channel);
      if (error?.code !== "NOT_SUBSCRIBED" || !subscription) return;
      subscription.asked = false;
      setTimeout(() => this.#ask(channel), RESUBSCRIBE_DELAY);
    },
  }));

  #ask(channel) {
    const subscription = this.#channels.get(channel);
    if (subscription?.asked === false && this.send({ event: "hotsock.subscribe", channel, ...subscription.more })) {
      subscription.asked = true;
    }
  }

  #ping() {
    if (!this.#pingEvery) return;
    this.#pingTimer = setTimeout(() => this.#ping(), this.#pingEvery);
    this.ping();
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
