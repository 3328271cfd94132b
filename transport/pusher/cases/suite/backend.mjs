// What backends do, with Pusher's server library for Node.js.
import { app, client, equal, failure, fresh, read, server, signedIn, stranger, subscribed, told, until, webhooks, write } from './kit.mjs';

export const scenes = {
  'what a backend reads': async () => {
    const [a, b] = [client({ user: { id: '1', info: { name: 'Ada' } } }), client({ user: { id: '2' } })];
    const [room, open, kept] = [fresh('presence-'), fresh(''), fresh('cache-')];
    await subscribed(a, room);
    await subscribed(b, room);
    await subscribed(b, open);
    await server.trigger(kept, 'e', { last: true });
    equal(await read('/channels', { filter_by_prefix: room, info: 'user_count' }), { channels: { [room]: { subscription_count: 2, occupied: true, user_count: 2 } } });
    const { channels } = await read('/channels');
    equal([channels[room], channels[open], channels[kept]], [{ subscription_count: 2, occupied: true }, { subscription_count: 1, occupied: true }, undefined]);
    equal(await read('/channels', { filter_by_prefix: 'no-such-' }), { channels: {} });
    equal(await read(`/channels/${room}`, { info: 'user_count,subscription_count' }), { subscription_count: 2, occupied: true, user_count: 2 });
    equal(await read(`/channels/${open}`), { subscription_count: 1, occupied: true });
    equal(await read(`/channels/${fresh('nobody-')}`), { subscription_count: 0, occupied: false });
    const { cache } = await read(`/channels/${kept}`, { info: 'cache' });
    equal([JSON.parse(cache.data), cache.event, cache.ttl > 0], [{ last: true }, 'e', true]);
    equal(await read(`/channels/${room}/users`), { users: [{ id: '1' }, { id: '2' }] });
    equal(await read(`/channels/${room}/users`, { with_user_info: 1 }), { users: [{ id: '1', user_info: { name: 'Ada' } }, { id: '2', user_info: {} }] });
  },

  'publishing tells how many there are': async () => {
    const [a, b] = [fresh(''), fresh('presence-')];
    await subscribed(client(), a);
    await subscribed(client({ user: { id: '1' } }), b);
    const one = await server.trigger([a, b], 'e', 1, { info: 'subscription_count,user_count' });
    equal(await one.json(), { ok: true, channels: { [a]: { subscription_count: 1 }, [b]: { user_count: 1, subscription_count: 1 } } });
    const many = await server.triggerBatch([{ channel: a, name: 'e', data: 1 }, { channel: b, name: 'e', data: 2, info: 'user_count' }]);
    equal(await many.json(), { ok: true, batch: [{}, { user_count: 1 }] });
    equal(await (await server.trigger(a, 'e', 1)).json(), { ok: true });
  },

  'what a backend must not': async () => {
    equal(await failure(stranger.trigger('room', 'e', 1)), [401, 'The secret authentication failed', 401]);
    equal(await failure(server.get({ path: '/channels', params: { info: 'user_count' } })), [400, 'user_count is only available for presence channels', 400]);
    equal(await failure(server.get({ path: '/channels/room/users' })), [400, 'The channel must be a presence channel.', 400]);
    equal(await failure(server.trigger('room', 'e', 'x'.repeat(101 << 10))), [413, 'The event data should be less than 100 KB.', 413]);
    equal(await failure(server.triggerBatch(Array(11).fill({ channel: 'room', name: 'e', data: 1 }))), [400, 'Cannot batch-send more than 10 messages at once', 400]);
    equal(await failure(server.trigger('room', 'pusher:error', {})), [400, 'The received data is incorrect', 400]);
  },

  'names with everything that they may have': async () => {
    const name = fresh('private-A_=@,.;-');
    const ch = await subscribed(client(), name);
    const event = 'App\\Events\\Über "x" / #1 +%20&';
    const heard = told((f) => ch.bind(event, f));
    await server.trigger(name, event, { '<b>': '\u2028 \ud83d\ude00 +&=%' });
    equal(await heard.next(), { '<b>': '\u2028 \ud83d\ude00 +&=%' });
    equal(await read(`/channels/${name}`), { subscription_count: 1, occupied: true });
    equal(Object.keys((await read('/channels', { filter_by_prefix: name })).channels), [name]);
    for (const prefix of ['a+b', 'a b', 'a%20b', 'a,b;c=d', 'ü/ü']) equal(await read('/channels', { filter_by_prefix: prefix }), { channels: {} });
  },

  'the storage of a channel': async () => {
    for (const prefix of ['', 'private-encrypted-']) {
      const name = fresh(prefix);
      const entry = `/channels/${name}/storage/settings.players`;
      equal(await write('PUT', entry, { data: { most: 8, text: 'ä' } }), { ok: true });
      equal(await read(entry), { data: { most: 8, text: 'ä' } });
      const ch = client().subscribe(name);
      const heard = told((f) => ch.bind('pusher:storage_updated', f));
      equal(await heard.next(), { key: 'settings.players', data: { most: 8, text: 'ä' } });
      equal(await write('PUT', entry, { data: 9, store: 60 }), { ok: true });
      equal(await heard.next(), { key: 'settings.players', data: 9 });
      equal(Object.keys((await read(`/channels/${name}/storage`)).storage), ['settings.players']);
      equal(await write('DELETE', entry), { ok: true });
      equal(await heard.next(), { key: 'settings.players', data: null });
      equal(await failure(server.get({ path: entry })), [404, 'The channel has no entry of this key.', 404]);
    }
  },

  'a user that nobody is': async () => {
    const nobody = fresh('user-');
    equal(await (await server.terminateUserConnections(nobody)).json(), { ok: true });
    equal(await (await server.sendToUser(nobody, 'e', 1)).json(), { ok: true });
  },

  'a user is ended, and no other': async () => {
    const [one, other] = [client({ user: { id: fresh('user-') } }), client({ user: { id: fresh('user-') } })];
    await signedIn(one);
    await signedIn(other);
    await server.terminateUserConnections(one.user.user_data.id);
    await until(() => one.connection.state === 'disconnected', 'ended');
    equal(other.connection.state, 'connected');
  },

  'webhooks are verified': async () => {
    const [a, b] = [client({ user: { id: '1' } }), client({ user: { id: '2' } })];
    const name = fresh('presence-cache-');
    const ca = await subscribed(a, name);
    const cb = await subscribed(b, name);
    const heard = told((f) => cb.bind('client-x', f));
    ca.trigger('client-x', { '<': 'ü' });
    await heard.next();
    const socket = a.connection.socket_id;
    b.disconnect();
    await until(() => ca.members.count === 1, 'one has left');
    a.disconnect();
    const want = [
      { name: 'channel_occupied' }, { name: 'member_added', user_id: '1' }, { name: 'cache_miss' }, { name: 'member_added', user_id: '2' }, { name: 'cache_miss' },
      { name: 'client_event', event: 'client-x', data: { '<': 'ü' }, socket_id: socket, user_id: '1' },
      { name: 'member_removed', user_id: '2' }, { name: 'member_removed', user_id: '1' }, { name: 'channel_vacated' },
    ].map((event) => JSON.stringify(Object.entries({ ...event, channel: name }).sort())).sort();
    let got = [];
    await until(async () => {
      got = (await webhooks(name)).map((event) => JSON.stringify(Object.entries(event).sort()));
      return got.length >= want.length;
    }, `webhooks of ${app.id}`).catch(() => {});
    equal(got.sort(), want);
  },
};
