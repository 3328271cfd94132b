// What clients do, with pusher-js.
import { app, client, connected, equal, errors, fresh, read, refused, server, signedIn, subscribed, told, until, within } from './kit.mjs';

export const scenes = {
  'a client connects': async () => {
    const c = client();
    await connected(c);
    if (!/^\d+\.\d+$/.test(c.connection.socket_id)) throw new Error(`socket id ${c.connection.socket_id}`);
  },

  'an unknown key ends it for good': async () => {
    const c = client({ key: 'unknown' });
    const said = errors(c);
    const states = told((f) => c.connection.bind('disconnected', f));
    equal(await said.next(), { code: 4001, message: 'App key unknown does not exist.' });
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

  'a channel is left and joined again': async () => {
    const c = client();
    const name = fresh('');
    const left = told((f) => c.bind_global((event, data) => event === 'e' && f(data)));
    const mark = await subscribed(c, fresh('mark-'));
    await subscribed(c, name);
    await server.trigger(name, 'e', 1);
    c.unsubscribe(name);
    await until(async () => !(await read(`/channels/${name}`)).occupied, 'left');
    await server.trigger(name, 'e', 2);
    await subscribed(c, name);
    await server.trigger([name, mark.name], 'e', 3);
    equal([await left.next(), await left.next(), await left.next()], [1, 3, 3]);
  },

  'a subscription that is refused says why': async () => {
    const wrong = (name) => ({ auth: `${app.key}:${'0'.repeat(64)}`, ...(name.startsWith('presence-') && { channel_data: '{"user_id":"1"}' }) });
    const c = client({ signs: { channel: (_, name) => (name.includes('wrong') ? wrong(name) : null) } });
    for (const prefix of ['private-', 'presence-', 'private-cache-']) {
      equal(await refused(c, fresh(`${prefix}wrong-`)), { type: 'AuthError', error: 'The connection is unauthorized.', status: 401 });
    }
    equal(await refused(c, 'x'.repeat(201)), { type: 'LimitReached', error: 'The channel name is longer than the allowed 200 characters.', status: 4009 });
    equal((await refused(c, 'no channel!')).type, 'InvalidChannel');
    await subscribed(c, fresh('private-'));
  },

  'client events': async () => {
    const [a, b] = [client(), client()];
    const name = fresh('private-');
    const [ca, cb] = [await subscribed(a, name), await subscribed(b, name)];
    const own = told((f) => ca.bind('client-typing', f));
    const heard = told((f) => cb.bind('client-typing', f));
    if (!ca.trigger('client-typing', { who: 'a' })) throw new Error('not sent');
    cb.trigger('client-typing', { who: 'b' });
    equal(await heard.next(), { who: 'a' });
    equal(await own.next(), { who: 'b' });
    [own, heard].forEach((h) => h.none());
  },

  'client events that are refused say why': async () => {
    const c = client();
    const said = errors(c);
    const kind = { code: null, message: 'Client event rejected - only supported on private and presence channels' };
    for (const prefix of ['', 'cache-']) {
      (await subscribed(c, fresh(prefix))).trigger('client-x', 1);
      equal(await said.next(), kind);
    }
    const ch = await subscribed(c, fresh('private-'));
    ch.trigger(`client-${'x'.repeat(200)}`, 1);
    equal(await said.next(), { code: 4301, message: 'Event name is too long. Maximum allowed size is 200.' });
    ch.trigger('client-x', 'x'.repeat(101 << 10));
    equal(await said.next(), { code: 4301, message: 'The event data should be less than 100 KB.' });
    c.unsubscribe(ch.name);
    ch.trigger('client-x', 1);
    equal(await said.next(), { code: 4009, message: 'The client is not a member of the specified channel.' });
    equal(c.connection.state, 'connected');
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
    b.disconnect();
    equal(await went.next(), { id: '2', info: { name: 'Bob' } });
    equal(ca.members.count, 1);
  },

  'presence with several tabs of one user': async () => {
    const name = fresh('presence-');
    const user = { id: '2', info: { name: 'Bob' } };
    const [watcher, ...tabs] = [client({ user: { id: '1' } }), client({ user }), client({ user: { ...user, info: { name: 'other' } } })];
    const cw = await subscribed(watcher, name);
    const came = told((f) => cw.bind('pusher:member_added', f));
    const went = told((f) => cw.bind('pusher:member_removed', f));
    await subscribed(tabs[0], name);
    const second = await subscribed(tabs[1], name);
    equal([second.members.count, second.members.me], [2, { id: '2', info: { name: 'Bob' } }]);
    const members = [];
    second.members.each((m) => members.push(m.id));
    equal(members, ['1', '2']);
    tabs[0].disconnect();
    await until(async () => (await read(`/channels/${name}`)).subscription_count === 2, 'one tab is closed');
    tabs[1].disconnect();
    equal([await came.next(), await went.next()], [{ id: '2', info: { name: 'Bob' } }, { id: '2', info: { name: 'Bob' } }]);
    [came, went].forEach((h) => h.none());
  },

  'presence of who is signed in': async () => {
    const user = { id: fresh('user-'), info: { name: 'Ada' } };
    const c = client({ user, signs: { channel: (id, name) => server.authorizeChannel(id, name) } });
    await signedIn(c);
    const ch = await subscribed(c, fresh('presence-'));
    equal(ch.members.me, { id: user.id, info: user.info });
  },

  'encrypted channels': async () => {
    const c = client();
    const [name, plain] = [fresh('private-encrypted-'), fresh('private-')];
    const ch = await subscribed(c, name);
    const heard = told((f) => ch.bind('secret', f));
    const wire = told((f) => c.connection.bind('message', (m) => m.channel === name && f(m)));
    await server.trigger(name, 'secret', { text: 'hidden' });
    equal(await heard.next(), { text: 'hidden' });
    equal(Object.keys((await wire.next()).data).sort(), ['ciphertext', 'nonce']);
    await server.triggerBatch([{ channel: name, name: 'secret', data: 'more' }, { channel: plain, name: 'e', data: 1 }]);
    equal(await heard.next(), 'more');
  },

  'cache channels': async () => {
    for (const prefix of ['cache-', 'private-cache-', 'private-encrypted-cache-', 'presence-cache-']) {
      const name = fresh(prefix);
      const [a, b] = [client({ user: { id: '1' } }), client({ user: { id: '2' } })];
      const ca = a.subscribe(name);
      const missed = told((f) => ca.bind('pusher:cache_miss', () => f(`missed ${name}`)));
      equal(await missed.next(), `missed ${name}`);
      const live = told((f) => ca.bind('e', f));
      await server.trigger(name, 'e', { last: 1 });
      await server.trigger(name, 'e', { last: 2 });
      equal([await live.next(), await live.next()], [{ last: 1 }, { last: 2 }]);
      const cb = b.subscribe(name);
      const heard = told((f) => cb.bind('e', f));
      equal(await heard.next(), { last: 2 });
      heard.none();
    }
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
    b.unsubscribe(name);
    equal(await counts.next(), { subscription_count: 1 });
  },

  'users sign in, are sent to and are ended': async () => {
    const user = { id: fresh('user-'), info: { name: 'Ada' } };
    const tabs = [client({ user }), client({ user })];
    const heard = [];
    for (const c of tabs) {
      heard.push(told((f) => c.user.bind('greeting', f)));
      await signedIn(c);
      equal(c.user.user_data, { id: user.id, user_info: user.info });
    }
    await server.sendToUser(user.id, 'greeting', { hello: 1 });
    await server.sendToUser(user.id, 'greeting', { hello: 2 });
    for (const h of heard) equal([await h.next(), await h.next()], [{ hello: 1 }, { hello: 2 }]);
    heard.forEach((h) => h.none());
    equal((await read('/channels')).channels[`#server-to-user-${user.id}`], undefined);
    const said = errors(tabs[0]);
    await server.terminateUserConnections(user.id);
    equal(await said.next(), { code: 4009, message: 'You got disconnected by the app.' });
    await until(() => tabs.every((c) => c.connection.state === 'disconnected'), 'both are ended');
  },

  'a bad sign-in ends it for good': async () => {
    const c = client({ signs: { user: () => ({ auth: `${app.key}:${'0'.repeat(64)}`, user_data: '{"id":"1"}' }) } });
    const said = errors(c);
    c.signin();
    equal(await said.next(), { code: 4009, message: 'Connection not authorized.' });
    await within(until(() => c.connection.state === 'disconnected', 'ended'), 'ended');
  },

  'a watchlist': async () => {
    const [watched, absent] = [fresh('user-'), fresh('user-')];
    const friend = client({ user: { id: watched } });
    await signedIn(friend);
    const c = client({ user: { id: fresh('user-') }, watchlist: [watched, absent] });
    const [online, offline] = [told((f) => c.user.watchlist.bind('online', f)), told((f) => c.user.watchlist.bind('offline', f))];
    c.signin();
    equal((await online.next()).user_ids, [watched]);
    equal((await offline.next()).user_ids, [absent]);
    friend.disconnect();
    equal((await offline.next()).user_ids, [watched]);
    const other = client({ user: { id: absent } });
    other.signin();
    equal((await online.next()).user_ids, [absent]);
    [online, offline].forEach((h) => h.none());
  },
};
