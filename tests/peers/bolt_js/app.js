// Slack's own Bolt for JavaScript against the simulated workspace.
// Usage: node app.js http://127.0.0.1:PORT    Prints `ok ...` lines; exits 1 at the first failure.
const { App, LogLevel } = require('@slack/bolt');

const BASE = process.argv[2].replace(/\/$/, '');

const BUTTON = [
  { type: 'section', text: { type: 'mrkdwn', text: 'Open the form?' } },
  {
    type: 'actions',
    block_id: 'row',
    elements: [
      { type: 'button', action_id: 'open_form', text: { type: 'plain_text', text: 'Open' }, value: '42' },
    ],
  },
];
const FORM = {
  type: 'modal',
  callback_id: 'form',
  title: { type: 'plain_text', text: 'Form' },
  submit: { type: 'plain_text', text: 'Send' },
  blocks: [
    {
      type: 'input',
      block_id: 'subject',
      label: { type: 'plain_text', text: 'Subject' },
      element: { type: 'plain_text_input', action_id: 'value' },
    },
  ],
};

const look = async (thing) => (await fetch(`${BASE}/sim/${thing}`)).json();
const act = async (verb, fields) =>
  (await fetch(`${BASE}/sim/${verb}`, { method: 'POST', body: JSON.stringify(fields) })).json();

function check(sentence, condition, detail) {
  console.log(condition ? 'ok' : 'FAILED', sentence, condition ? '' : JSON.stringify(detail));
  if (!condition) process.exit(1);
}

async function waitFor(sentence, ask) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    const found = await ask();
    if (found) {
      check(sentence, true);
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return check(sentence, false, await look('state'));
}

const botPosts = async () =>
  (await look('history?channel=general')).messages.filter((message) => message.app_id);
const openViews = async () => (await look('views')).views.filter((view) => view.open);

function makeApp(tokens) {
  const app = new App({
    token: tokens.bot_token,
    appToken: tokens.app_token,
    socketMode: true,
    logLevel: LogLevel.WARN,
    clientOptions: { slackApiUrl: tokens.api_url },
  });
  app.message('hello', async ({ message, say }) => {
    await say({ text: 'Open the form?', blocks: BUTTON, thread_ts: message.ts });
  });
  app.command('/desk', async ({ ack, command }) => ack(`pong ${command.text}`));
  app.action('open_form', async ({ ack, body, client }) => {
    await ack();
    await client.views.open({
      trigger_id: body.trigger_id,
      view: { ...FORM, private_metadata: body.channel.id },
    });
  });
  app.view('form', async ({ ack, view, client }) => {
    const text = view.state.values.subject.value.value;
    if (text.length < 4) {
      await ack({ response_action: 'errors', errors: { subject: 'too short' } });
      return;
    }
    await ack();
    await client.chat.postMessage({ channel: view.private_metadata, text: `got: ${text}` });
  });
  return app;
}

async function main() {
  const tokens = await look('');
  const app = makeApp(tokens);
  await app.start();
  await waitFor('js: a socket is connected', async () => (await look('state')).sockets === 1);

  const asked = await act('say', { person: 'ada', channel: 'general', text: 'hello from bolt-js' });
  const answer = (await waitFor('js: a message is answered', async () => (await botPosts())[0] && botPosts()))[0];
  check('js: the answer is in the right thread', answer.thread_ts === asked.ts, answer);

  const told = await act('command', { person: 'ada', channel: 'general', command: '/desk', text: 'ping' });
  check('js: a command is acked with a text', told.acked && told.payload.text === 'pong ping', told);

  const clicked = await act('click', {
    person: 'grace', channel: 'general', ts: answer.ts, action_id: 'open_form',
  });
  check('js: a click is acked', clicked.acked, clicked);
  await waitFor('js: the click opens a modal', async () => (await openViews()).length === 1);
  const refused = await act('submit', { person: 'grace', view: 'form', values: { subject: { value: 'no' } } });
  check('js: a bad submission gets errors', refused.payload.response_action === 'errors', refused);
  const sent = await act('submit', { person: 'grace', view: 'form', values: { subject: { value: 'my invoice' } } });
  check('js: a good submission is acked', sent.acked, sent);
  await waitFor('js: the modal closes', async () => (await openViews()).length === 0);
  await waitFor('js: the submitted value arrived', async () =>
    (await botPosts()).some((message) => message.text === 'got: my invoice'));

  await act('socket', { do: 'disconnect', reason: 'refresh_requested' });
  await waitFor('js: it reconnects after refresh_requested', async () =>
    (await look('calls')).calls['apps.connections.open'].ok >= 2 && (await look('state')).sockets >= 1);
  const state = await look('state');
  check('js: every envelope was acked, on the right socket', state.complaints.length === 0, state);
  check('js: nothing was lost', state.lost === 0, state);
  console.log('ok bolt-js done');
  process.exit(0);
}

main().catch((error) => check('js: no exception', false, String(error)));
