// Plays what applications do with the client and server libraries that they have, against one server, and writes a line
// for each scene: "ok NAME", or "failed NAME: why".
//
//   node suite.mjs PORT APPS [NAME...]    APPS is a list of {"id","key","secret"}; the first counts subscribers
import { createRequire } from 'node:module';
import process from 'node:process';
import { once } from 'node:events';

const require = createRequire(import.meta.url);
const exported = (m) => m.default ?? m.Pusher ?? m;
globalThis.window ??= globalThis; // Echo asks for it
const Client = exported(require('pusher-js'));
const Server = exported(require('pusher'));
const Echo = exported(await import('laravel-echo'));
const nacl = require('tweetnacl');

const [port, list, ...names] = process.argv.slice(2);
const [app] = JSON.parse(list);
const patience = 15_000;

const server = new Server({
  appId: app.id, key: app.key, secret: app.secret, host: '127.0.0.1', port, useTLS: false,
  encryptionMasterKeyBase64: Buffer.from('0123456789abcdef0123456789abcdef').toString('base64'),
});

const open = [];

// client connects as somebody: a user of presence channels, or one that signs in.
function client({ key = app.key, user = { id: 'nobody' }, watchlist } = {}) {
  const c = new Client(key, {
    cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'], disableStats: true, nacl,
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, callback) => {
        const presence = channelName.startsWith('presence-') ? { user_id: user.id, user_info: user.info ?? {} } : undefined;
        callback(null, server.authorizeChannel(socketId, channelName, presence));
      },
    },
    userAuthentication: {
      customHandler: ({ socketId }, callback) => callback(null, server.authenticateUser(socketId, { id: user.id, user_info: user.info ?? {}, ...(watchlist && { watchlist }) })),
    },
  });
  open.push(c);
  return c;
}

// told is what somebody hears: told.next() is the next, told.none() that nothing waits.
function told(bind) {
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

function within(promise, why) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(why)), patience); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function equal(got, want, what = 'got') {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what} ${a}, want ${b}`);
}

const connected = (c) => within(new Promise((resolve) => (c.connection.state === 'connected' ? resolve() : c.connection.bind('connected', resolve))), 'not connected');

async function subscribed(c, name) {
  const channel = c.subscribe(name);
  await within(new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_succeeded', resolve);
    channel.bind('pusher:subscription_error', (e) => reject(new Error(`not subscribed to ${name}: ${JSON.stringify(e)}`)));
  }), `not subscribed to ${name}`);
  return channel;
}

async function read(path, params) {
  const r = await server.get({ path, ...(params && { params }) });
  return r.json();
}

let serial = 0;
const fresh = (prefix) => `${prefix}scene-${++serial}`;

const scenes = {
  'a client connects': async () => {
    const c = client();
    await connected(c);
    if (!/^\d+\.\d+$/.test(c.connection.socket_id)) throw new Error(`socket id ${c.connection.socket_id}`);
  },

  'an unknown key ends it for good': async () => {
    const c = client({ key: 'unknown' });
    const errors = told((f) => c.connection.bind('error', f));
    const states = told((f) => c.connection.bind('disconnected', f));
    const said = await errors.next();
    equal((said.error ?? said).data, { code: 4001, message: 'App key unknown does not exist.' });
    await states.next();
    equal(c.connection.state, 'disconnected');
  },

  'events reach all but one': async () => {
    const [a, b] = [client(), client()];
    const name = fresh('');
    const heard = [];
    for (const c of [a, b]) {
      const ch = await subscribed(c, name);
      heard.push(told((f) => ch.bind('news', f)));
    }
    await server.trigger(name, 'news', { text: 'ä "quoted"', n: 1 }, { socket_id: a.connection.socket_id });
    await server.trigger(name, 'news', 'plain');
    equal(await heard[0].next(), 'plain');
    equal(await heard[1].next(), { text: 'ä "quoted"', n: 1 });
    equal(await heard[1].next(), 'plain');
  },

  'several channels and batches': async () => {
    const c = client();
    const [one, two] = [fresh(''), fresh('private-')];
    const heard = [];
    for (const name of [one, two]) {
      const ch = await subscribed(c, name);
      heard.push(told((f) => ch.bind('e', f)));
    }
    await server.trigger([one, two], 'e', 1);
    await server.triggerBatch([{ channel: one, name: 'e', data: 2 }, { channel: two, name: 'e', data: 3 }]);
    equal([await heard[0].next(), await heard[0].next(), await heard[1].next(), await heard[1].next()], [1, 2, 1, 3]);
  },

  'client events': async () => {
    const [a, b] = [client(), client()];
    const name = fresh('private-');
    const [ca, cb] = [await subscribed(a, name), await subscribed(b, name)];
    const heard = told((f) => cb.bind('client-typing', f));
    if (!ca.trigger('client-typing', { who: 'a' })) throw new Error('not sent');
    equal(await heard.next(), { who: 'a' });
  },

  'presence': async () => {
    const [a, b] = [client({ user: { id: '1', info: { name: 'Ada' } } }), client({ user: { id: '2', info: { name: 'Bob' } } })];
    const name = fresh('presence-');
    const ca = await subscribed(a, name);
    equal([ca.members.count, ca.members.me], [1, { id: '1', info: { name: 'Ada' } }]);
    const came = told((f) => ca.bind('pusher:member_added', f));
    const went = told((f) => ca.bind('pusher:member_removed', f));
    const typed = told((f) => ca.bind('client-x', (data, meta) => f({ data, meta })));
    const cb = await subscribed(b, name);
    equal([cb.members.count, cb.members.get('1').info], [2, { name: 'Ada' }]);
    equal(await came.next(), { id: '2', info: { name: 'Bob' } });
    cb.trigger('client-x', 1);
    equal(await typed.next(), { data: 1, meta: { user_id: '2' } });
    equal(await read(`/channels/${name}/users`), { users: [{ id: '1' }, { id: '2' }] });
    equal(await read('/channels', { filter_by_prefix: name, info: 'user_count' }),
      { channels: { [name]: { subscription_count: 2, occupied: true, user_count: 2 } } });
    b.disconnect();
    equal(await went.next(), { id: '2', info: { name: 'Bob' } });
    equal(ca.members.count, 1);
  },

  'encrypted channels': async () => {
    const c = client();
    const name = fresh('private-encrypted-');
    const ch = await subscribed(c, name);
    const heard = told((f) => ch.bind('secret', f));
    await server.trigger(name, 'secret', { text: 'hidden' });
    equal(await heard.next(), { text: 'hidden' });
  },

  'cache channels': async () => {
    const name = fresh('cache-');
    const [a, b] = [client(), client()];
    const ca = a.subscribe(name);
    const missed = told((f) => ca.bind('pusher:cache_miss', () => f('missed')));
    equal(await missed.next(), 'missed');
    await server.trigger(name, 'e', { last: true });
    const cb = b.subscribe(name);
    const heard = told((f) => cb.bind('e', f));
    equal(await heard.next(), { last: true });
    const kept = (await read(`/channels/${name}`, { info: 'cache' })).cache;
    equal([JSON.parse(kept.data), kept.ttl > 0], [{ last: true }, true]);
  },

  'subscribers are counted': async () => {
    const name = fresh('');
    const [a, b] = [client(), client()];
    const ca = a.subscribe(name);
    const counts = told((f) => ca.bind('pusher:subscription_count', f));
    equal(await counts.next(), { subscription_count: 1 });
    await subscribed(b, name);
    equal(await counts.next(), { subscription_count: 2 });
    equal(ca.subscriptionCount, 2);
  },

  'users sign in and are sent to': async () => {
    const user = { id: fresh('user-'), info: { name: 'Ada' } };
    const tabs = [client({ user }), client({ user })];
    const heard = [];
    for (const c of tabs) {
      c.signin();
      heard.push(told((f) => c.user.bind('greeting', f)));
      await within(c.user.signinDonePromise, 'not signed in');
      await until(() => c.user.serverToUserChannel?.subscribed, 'the own channel');
    }
    await server.sendToUser(user.id, 'greeting', { hello: 1 });
    await server.sendToUser(user.id, 'greeting', { hello: 2 });
    for (const h of heard) equal([await h.next(), await h.next()], [{ hello: 1 }, { hello: 2 }]);
    heard.forEach((h) => h.none());
    const ended = told((f) => tabs[0].connection.bind('disconnected', f));
    await server.terminateUserConnections(user.id);
    await ended.next();
    await until(() => tabs.every((c) => c.connection.state === 'disconnected'), 'both are ended');
  },

  'a watchlist': async () => {
    const [watched, absent] = [fresh('user-'), fresh('user-')];
    const friend = client({ user: { id: watched } });
    friend.signin();
    await within(friend.user.signinDonePromise, 'not signed in');
    await until(() => friend.user.serverToUserChannel?.subscribed, 'the own channel');
    const c = client({ user: { id: fresh('user-') }, watchlist: [watched, absent] });
    const [online, offline] = [told((f) => c.user.watchlist.bind('online', f)), told((f) => c.user.watchlist.bind('offline', f))];
    c.signin();
    equal((await online.next()).user_ids, [watched]);
    equal((await offline.next()).user_ids, [absent]);
    friend.disconnect();
    equal((await offline.next()).user_ids, [watched]);
  },

  'what the server library refuses': async () => {
    const stranger = new Server({ appId: app.id, key: app.key, secret: 'wrong', host: '127.0.0.1', port, useTLS: false });
    const refused = await stranger.trigger('room', 'e', 1).then(() => null, (e) => e);
    equal([refused?.status, JSON.parse(refused?.body ?? '{}').error], [401, 'The secret authentication failed']);
    const r = await server.trigger(['a', 'b'], 'e', 1, { info: 'subscription_count' });
    equal(await r.json(), { ok: true, channels: { a: { subscription_count: 0 }, b: { subscription_count: 0 } } });
  },

  'echo': async () => {
    const [a, b] = ['1', '2'].map((id) => new Echo({ broadcaster: 'pusher', key: app.key, client: client({ user: { id, info: { id, name: `user ${id}` } } }) }));
    const [open, closed, room] = [fresh(''), fresh(''), fresh('')];
    const heard = told((f) => a.channel(open).listen('.news', f));
    const secret = told((f) => a.private(closed).listen('.news', f));
    const typed = told((f) => a.private(closed).listenForWhisper('typing', f));
    await until(async () => (await read(`/channels/${open}`)).occupied && (await read(`/channels/private-${closed}`)).occupied, 'subscribed');
    await server.trigger(open, 'news', { n: 1 });
    await server.trigger(`private-${closed}`, 'news', { n: 2 });
    equal([await heard.next(), await secret.next()], [{ n: 1 }, { n: 2 }]);
    const other = b.private(closed);
    await until(async () => (await read(`/channels/private-${closed}`)).subscription_count === 2, 'subscribed');
    other.whisper('typing', { who: 2 });
    equal(await typed.next(), { who: 2 });
    const joined = a.join(room);
    const [here, joining, leaving] = ['here', 'joining', 'leaving'].map((what) => told((f) => joined[what](f)));
    equal(await here.next(), [{ id: '1', name: 'user 1' }]);
    b.join(room);
    equal(await joining.next(), { id: '2', name: 'user 2' });
    b.leave(room);
    equal(await leaving.next(), { id: '2', name: 'user 2' });
  },
};

async function until(condition, what) {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not so`);
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

for (const [name, play] of Object.entries(scenes)) {
  if (names.length > 0 && !names.includes(name)) continue;
  try {
    await play();
    console.log(`ok ${name}`);
  } catch (e) {
    console.log(`failed ${name}: ${e?.message ?? JSON.stringify(e)}`);
  }
  for (const c of open.splice(0)) c.disconnect();
}
if (process.stdout.writableLength > 0) await once(process.stdout, 'drain');
process.exit(0);
