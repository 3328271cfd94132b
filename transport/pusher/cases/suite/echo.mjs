// What applications do with Laravel Echo.
import * as echo from 'laravel-echo';
import { app, client, equal, fresh, read, server, told, until } from './kit.mjs';

const Echo = echo.default?.default ?? echo.default;

// as is Echo for a user.
const as = (id, signs) => new Echo({ broadcaster: 'pusher', key: app.key, client: client({ user: { id, info: { id, name: `user ${id}` } }, signs }) });

const occupied = (name, n = 1) => until(async () => (await read(`/channels/${name}`)).subscription_count === n, `${n} on ${name}`);

export const scenes = {
  'channels and private channels': async () => {
    const a = as('1');
    const [open, closed] = [fresh(''), fresh('')];
    const heard = told((f) => a.channel(open).listen('.news', f));
    const secret = told((f) => a.private(closed).subscribed(() => f('subscribed')).listen('OrderShipped', f));
    equal(await secret.next(), 'subscribed');
    await occupied(open);
    await server.trigger(open, 'news', { n: 1 });
    await server.trigger(`private-${closed}`, 'App\\Events\\OrderShipped', { n: 2 });
    equal([await heard.next(), await secret.next()], [{ n: 1 }, { n: 2 }]);
  },

  'all events, and none any more': async () => {
    const a = as('1');
    const name = fresh('');
    const ch = a.channel(name);
    const all = told((f) => ch.listenToAll((event, data) => f([event, data])));
    const one = told((f) => ch.listen('.one', f));
    await occupied(name);
    await server.trigger(name, 'one', 1);
    equal([await all.next(), await one.next()], [['.one', 1], 1]);
    ch.stopListening('.one');
    await server.trigger(name, 'App\\Events\\Two', 2);
    await server.trigger(name, 'one', 3);
    equal([await all.next(), await all.next()], [['Two', 2], ['.one', 3]]);
    one.none();
  },

  'encrypted channels': async () => {
    const a = as('1');
    const name = fresh('');
    const heard = told((f) => a.encryptedPrivate(name).listen('.news', f));
    await occupied(`private-encrypted-${name}`);
    await server.trigger(`private-encrypted-${name}`, 'news', { hidden: true });
    equal(await heard.next(), { hidden: true });
  },

  'notifications': async () => {
    const a = as('1');
    const name = `App.Models.User.${fresh('')}`;
    const heard = told((f) => a.private(name).notification(f));
    await occupied(`private-${name}`);
    await server.trigger(`private-${name}`, 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated', { id: 'n1', type: 'paid' });
    equal(await heard.next(), { id: 'n1', type: 'paid' });
  },

  'whispers': async () => {
    const [a, b] = [as('1'), as('2')];
    const name = fresh('');
    const rooms = [a, b].map((e) => e.private(name));
    const heard = told((f) => rooms[0].listenForWhisper('typing', f));
    const own = told((f) => rooms[1].listenForWhisper('typing', f));
    await occupied(`private-${name}`, 2);
    rooms[1].whisper('typing', { who: 2 });
    equal(await heard.next(), { who: 2 });
    rooms[0].whisper('typing', { who: 1 });
    equal(await own.next(), { who: 1 });
    [heard, own].forEach((h) => h.none());
  },

  'here, joining and leaving': async () => {
    const [a, b] = [as('1'), as('2')];
    const room = fresh('');
    const joined = a.join(room);
    const [here, joining, leaving] = ['here', 'joining', 'leaving'].map((what) => told((f) => joined[what](f)));
    const typed = told((f) => joined.listenForWhisper('typing', f));
    const heard = told((f) => joined.listen('.news', f));
    equal(await here.next(), [{ id: '1', name: 'user 1' }]);
    const other = b.join(room);
    const others = told((f) => other.here(f));
    equal(await others.next(), [{ id: '1', name: 'user 1' }, { id: '2', name: 'user 2' }]);
    equal(await joining.next(), { id: '2', name: 'user 2' });
    other.whisper('typing', { who: 2 });
    equal(await typed.next(), { who: 2 });
    await server.trigger(`presence-${room}`, 'news', { n: 1 });
    equal(await heard.next(), { n: 1 });
    b.leave(room);
    equal(await leaving.next(), { id: '2', name: 'user 2' });
    [here, joining, leaving, typed, heard].forEach((h) => h.none());
  },

  'leaving all kinds of a channel': async () => {
    const a = as('1');
    const name = fresh('');
    const all = [name, `private-${name}`, `private-encrypted-${name}`, `presence-${name}`];
    a.channel(name);
    a.private(name);
    a.encryptedPrivate(name);
    a.join(name);
    for (const channel of all) await occupied(channel);
    a.leave(name);
    for (const channel of all) await occupied(channel, 0);
  },

  'a refusal is told': async () => {
    const a = as('1', { channel: () => ({ auth: `${app.key}:0` }) });
    const refused = told((f) => a.private(fresh('')).error(f));
    equal(await refused.next(), { type: 'AuthError', error: 'The connection is unauthorized.', status: 401 });
  },
};
