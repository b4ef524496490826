// Bolt's own HTTP receiver, which verifies and acknowledges and stores nothing, for benches/hooks.rs.
// Usage: node receiver.js PORT SIGNING_SECRET    Prints `listening` once it does.
const { App, HTTPReceiver, LogLevel } = require('@slack/bolt');

const receiver = new HTTPReceiver({
  signingSecret: process.argv[3],
  endpoints: ['/slack/events'],
  logLevel: LogLevel.ERROR,
});
const app = new App({
  receiver,
  logLevel: LogLevel.ERROR,
  authorize: async () => ({ botToken: 'xoxb-1', botId: 'B1', botUserId: 'U1' }),
});
app.message(async () => {});
app.start(Number(process.argv[2])).then(() => console.log('listening'));
