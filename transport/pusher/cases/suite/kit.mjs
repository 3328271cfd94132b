// What every scene has: clients with a backend that signs for them, ears, and patience.
//
//   node main.mjs PORT APP HOOKS    APP is {"id","key","secret"} of an app that counts subscribers, tells of its storage, and
//                                   has webhooks, which HOOKS, an address, lists as they came
import { createRequire } from 'node:module';
import process from 'node:process';
import nacl from 'tweetnacl';

const require = createRequire(import.meta.url);
const exported = (m) => m.default ?? m.Pusher ?? m;
globalThis.window ??= globalThis; // Echo asks for it
const Client = exported(require('pusher-js'));
export const Server = exported(require('pusher'));

const [port, given, hooks] = process.argv.slice(2);
export const app = JSON.parse(given);
const patience = 15_000;

const address = { appId: app.id, key: app.key, host: '127.0.0.1', port, useTLS: false };
export const server = new Server({
  ...address, secret: app.secret, encryptionMasterKeyBase64: Buffer.from('0123456789abcdef0123456789abcdef').toString('base64'),
});
export const stranger = new Server({ ...address, secret: 'wrong' });

const open = [];

// client connects as somebody: a user of presence channels, or one that signs in. signs may answer for the backend.
export function client({ key = app.key, user = { id: 'nobody' }, watchlist, signs } = {}) {
  const info = user.info ?? {};
  const sign = signs ?? {};
  const c = new Client(key, {
    cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'], nacl,
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, callback) => {
        const presence = channelName.startsWith('presence-') ? { user_id: user.id, user_info: info } : undefined;
        callback(null, sign.channel?.(socketId, channelName) ?? server.authorizeChannel(socketId, channelName, presence));
      },
    },
    userAuthentication: {
      customHandler: ({ socketId }, callback) => {
        callback(null, sign.user?.(socketId) ?? server.authenticateUser(socketId, { id: user.id, user_info: info, ...(watchlist && { watchlist }) }));
      },
    },
  });
  open.push(c);
  return c;
}

// leave ends every client of a scene.
export function leave() {
  for (const c of open.splice(0)) c.disconnect();
}

// told is what somebody hears: told.next() is the next, told.none() that nothing waits.
export function told(bind) {
  const heard = [];
  let wake = () => {};
  bind((what) => { heard.push(what); wake(); });
  return {
    async next() {
      if (heard.length === 0) {
        await within(new Promise((resolve) => { wake = resolve; }), 'nothing was heard');
      }
      return heard.shift();
    },
    none() { equal(heard, [], 'heard besides'); },
  };
}

export function within(promise, why) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(why)), patience); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function equal(got, want, what = 'got') {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what} ${a}, want ${b}`);
}

export async function until(condition, what) {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not so`);
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

export const connected = (c) => within(new Promise((resolve) => (c.connection.state === 'connected' ? resolve() : c.connection.bind('connected', resolve))), 'not connected');

export async function subscribed(c, name) {
  const channel = c.subscribe(name);
  await within(new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_succeeded', resolve);
    channel.bind('pusher:subscription_error', (e) => reject(new Error(`not subscribed to ${name}: ${JSON.stringify(e)}`)));
  }), `not subscribed to ${name}`);
  return channel;
}

// refused subscribes to what is not to be had, and returns what is said of it.
export async function refused(c, name) {
  const channel = c.subscribe(name);
  return within(new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_error', resolve);
    channel.bind('pusher:subscription_succeeded', () => reject(new Error(`subscribed to ${name}`)));
  }), `nothing is said of ${name}`);
}

// signedIn signs in, and waits until the user can be sent to.
export async function signedIn(c) {
  c.signin();
  await within(c.user.signinDonePromise, 'not signed in');
  await until(() => c.user.serverToUserChannel?.subscribed, 'the own channel');
}

// errors is what a connection is told of what it must not do.
export const errors = (c) => told((f) => c.connection.bind('error', (e) => f((e.error ?? e).data)));

export async function read(path, params) {
  const r = await server.get({ path, ...(params && { params }) });
  return r.json();
}

// write makes a call with a method for which the library signs, but which it does not make.
export async function write(method, path, body) {
  const target = `/apps/${app.id}${path}`;
  const text = body && JSON.stringify(body);
  const query = server.createSignedQueryString({ method, path: target, ...(text && { body: text }) });
  const r = await fetch(`http://127.0.0.1:${port}${target}?${query}`, { method, ...(text && { body: text }) });
  return r.json();
}

// failure is how a call fails: its status, and what is said.
export async function failure(call) {
  const e = await call.then(() => null, (fault) => fault);
  const said = JSON.parse(e?.body ?? '{}');
  return [e?.status, said.error, said.code];
}

// webhooks are all events that the app's webhook was told of one channel, in their order, each verified by the library.
export async function webhooks(channel) {
  const requests = await (await fetch(hooks)).json();
  return requests.flatMap((request) => {
    const hook = server.webhook(request);
    if (!hook.isValid() || stranger.webhook(request).isValid()) throw new Error(`the signature of ${JSON.stringify(request)}`);
    if (Math.abs(hook.getTime() - Date.now()) > 600_000) throw new Error(`the time of ${JSON.stringify(request)}`);
    return hook.getEvents().filter((event) => event.channel === channel);
  });
}

let serial = 0;
// fresh is a name that nobody has used.
export const fresh = (prefix) => `${prefix}scene-${++serial}`;
