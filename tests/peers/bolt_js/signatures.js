// What Bolt's receiver says of each request of a corpus: one JSON object a line in, one `true` or `false` a line out.
const readline = require('node:readline');
const { isValidSlackRequest } = require('@slack/bolt/dist/receivers/verify-request');

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const one = JSON.parse(line);
  const good = isValidSlackRequest({
    signingSecret: one.secret,
    body: Buffer.from(one.body, 'base64').toString(),
    headers: { 'x-slack-signature': one.signature, 'x-slack-request-timestamp': Number(one.timestamp) },
    nowMilliseconds: one.now * 1000,
  });
  console.log(good ? 'true' : 'false');
});
