// What Bolt's receiver says of each request of a corpus: one JSON object a line in, one `true` or `false` a line out. Each goes
// through the whole receiver, at the time that the line says; 401 is how it says no to a signature.
const readline = require('node:readline');
const { Readable } = require('node:stream');
const { HTTPReceiver } = require('@slack/bolt');

const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel() {}, setName() {} };
let receiver;

const heard = (one) =>
  new Promise((resolve) => {
    receiver ??= new HTTPReceiver({ signingSecret: one.secret, logger: quiet });
    receiver.init({ processEvent: (event) => event.ack() });
    Date.now = () => one.now * 1000;
    const body = Buffer.from(one.body, 'base64');
    const request = body.length ? Readable.from([body]) : Readable.from([]);
    Object.assign(request, {
      method: 'POST',
      url: '/slack/events',
      headers: {
        host: 'localhost',
        'content-type': body.toString().startsWith('payload=') ? 'application/x-www-form-urlencoded' : 'application/json',
        'content-length': String(body.length),
        'x-slack-signature': one.signature,
        'x-slack-request-timestamp': one.timestamp,
      },
    });
    const response = { writeHead: (status) => { resolve(status !== 401); return response; }, setHeader() {}, end() {} };
    receiver.requestListener(request, response);
  });

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(await heard(JSON.parse(line)) ? 'true' : 'false');
  }
})();
