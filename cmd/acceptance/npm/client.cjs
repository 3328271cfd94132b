// An application with pusher-js as it comes. It writes a line for each thing that happens to it:
//
//   state connected · subscribed room · refused room {"type":…} · told room e {"n":1} · error {"code":4001,…}
//
// A line on its input is what it should do: subscribe NAME, or trigger NAME EVENT DATA, with JSON for data.
//
//   node client.cjs APP HOST PORT TLS    APP is {"id","key","secret"}; TLS is true or false
const readline = require('node:readline');
const exported = (m) => m.default ?? m.Pusher ?? m;
const Client = exported(require('pusher-js'));
const Server = exported(require('pusher'));
const nacl = require('tweetnacl');

const [app, host, port, tls] = [JSON.parse(process.argv[2]), ...process.argv.slice(3)];
const encryptionMasterKeyBase64 = Buffer.from(app.secret.padEnd(32, '.')).toString('base64');
const backend = new Server({ appId: app.id, key: app.key, secret: app.secret, host, port, useTLS: false, encryptionMasterKeyBase64 });
const say = (...words) => console.log(words.map((w) => (typeof w === 'string' ? w : JSON.stringify(w))).join(' '));

const client = new Client(app.key, {
  cluster: '', wsHost: host, wsPort: Number(port), wssPort: Number(port), forceTLS: tls === 'true', enabledTransports: ['ws', 'wss'], disableStats: true, nacl,
  channelAuthorization: {
    customHandler: ({ socketId, channelName }, callback) => callback(null, backend.authorizeChannel(socketId, channelName,
      channelName.startsWith('presence-') ? { user_id: 'node' } : undefined)),
  },
});
client.connection.bind('state_change', ({ current }) => say('state', current));
client.connection.bind('error', (e) => say('error', (e.error ?? e).data ?? String(e.error ?? e)));

const deeds = {
  subscribe(name) {
    const channel = client.subscribe(name);
    channel.bind_global((event, data) => {
      if (event === 'pusher:subscription_succeeded') say('subscribed', name);
      else if (event === 'pusher:subscription_error') say('refused', name, data);
      else if (!event.startsWith('pusher')) say('told', name, event, data);
    });
  },
  trigger: (name, event, data) => client.channel(name).trigger(event, JSON.parse(data)),
};
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const [deed, ...words] = line.split(' '); deeds[deed](...words); })
  .on('close', () => process.exit(0));
