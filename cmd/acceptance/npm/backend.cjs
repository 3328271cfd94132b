// A backend with Pusher's library for Node.js as it comes. It answers each line with one:
//
//   {"trigger":["room","e",{"n":1}]}                  {"status":200,"body":"{\"ok\":true}"}
//   {"webhook":{"headers":{…},"rawBody":"…"}}         {"valid":true,"events":[…]}
//
//   node backend.cjs APP HOST PORT    APP is {"id","key","secret"}
const readline = require('node:readline');
const exported = (m) => m.default ?? m.Pusher ?? m;
const Server = exported(require('pusher'));

const [app, host, port] = [JSON.parse(process.argv[2]), ...process.argv.slice(3)];
const encryptionMasterKeyBase64 = Buffer.from(app.secret.padEnd(32, '.')).toString('base64');
const server = new Server({ appId: app.id, key: app.key, secret: app.secret, host, port, useTLS: false, encryptionMasterKeyBase64 });

const deeds = {
  async trigger(request) {
    const answer = await server.trigger(...request).catch((e) => e);
    return { status: answer.status, body: typeof answer.body === 'string' ? answer.body : await answer.text() };
  },
  webhook(request) {
    const hook = server.webhook(request);
    return hook.isValid() ? { valid: true, events: hook.getEvents() } : { valid: false };
  },
};
readline.createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const [[deed, request]] = Object.entries(JSON.parse(line));
    console.log(JSON.stringify(await deeds[deed](request)));
  })
  .on('close', () => process.exit(0));
