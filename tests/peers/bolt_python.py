"""Slack's own Bolt for Python, sync and async, against the simulated workspace.

Usage: bolt_python.py http://127.0.0.1:PORT    Prints `ok ...` lines; exits 1 at the first failure.
"""

import asyncio
import json
import sys
import threading
import time
import urllib.parse
import urllib.request

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

BASE = sys.argv[1].rstrip("/")

BUTTON = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Open the form?"}},
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {
                "type": "button",
                "action_id": "open_form",
                "text": {"type": "plain_text", "text": "Open"},
                "value": "42",
            }
        ],
    },
]
FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "subject",
            "label": {"type": "plain_text", "text": "Subject"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}


def look(thing, **query):
    with urllib.request.urlopen(f"{BASE}/sim/{thing}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)


def act(verb, **fields):
    request = urllib.request.Request(f"{BASE}/sim/{verb}", data=json.dumps(fields).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def check(sentence, condition, detail=""):
    print("ok" if condition else "FAILED", sentence, "" if condition else detail, flush=True)
    if not condition:
        sys.exit(1)


def wait_for(sentence, ask, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ask()
        if found:
            check(sentence, True)
            return found
        time.sleep(0.05)
    check(sentence, False, json.dumps(look("state")))


def bot_posts(channel):
    return [m for m in look("history", channel=channel)["messages"] if m.get("app_id")]


def play(flavour, channel):
    """What people do, and what they must see. The app under test is already connected."""
    before = len(bot_posts(channel))
    asked = act("say", person="ada", channel=channel, text=f"hello from {flavour}")
    answer = wait_for(f"{flavour}: a message is answered in its thread", lambda: bot_posts(channel)[before:])[0]
    check(f"{flavour}: the answer is in the right thread", answer["thread_ts"] == asked["ts"], answer)

    told = act("command", person="ada", channel=channel, command="/desk", text="ping")
    check(f"{flavour}: a command is acked with a text", told["acked"] and told["payload"]["text"] == "pong ping", told)
    shown = look("ephemerals")["ephemerals"][-1]
    check(f"{flavour}: the person sees the command's answer", shown["text"] == "pong ping", shown)

    clicked = act("click", person="grace", channel=channel, ts=answer["ts"], action_id="open_form")
    check(f"{flavour}: a click is acked", clicked["acked"], clicked)
    is_open = lambda: [v for v in look("views")["views"] if v["open"]]
    wait_for(f"{flavour}: the click opens a modal", is_open)
    refused = act("submit", person="grace", view="form", values={"subject": {"value": "no"}})
    check(f"{flavour}: a bad submission gets errors", refused["payload"]["response_action"] == "errors", refused)
    check(f"{flavour}: the modal stays with the error shown", is_open()[0]["errors"] == {"subject": "too short"})
    sent = act("submit", person="grace", view="form", values={"subject": {"value": "my invoice"}})
    check(f"{flavour}: a good submission is acked", sent["acked"], sent)
    wait_for(f"{flavour}: the modal closes", lambda: not is_open())
    wait_for(
        f"{flavour}: the submitted value arrived",
        lambda: [m for m in bot_posts(channel) if m["text"] == "got: my invoice"],
    )
    state = look("state")
    check(f"{flavour}: every envelope is acked, on the right socket", not state["complaints"], state)
    wait_for(f"{flavour}: nothing is left unacked", lambda: look("state")["unacked"] == 0)


def errors_of(text):
    return None if len(text) > 3 else {"subject": "too short"}


def sync_app(api, tokens):
    app = App(client=WebClient(token=tokens["bot_token"], base_url=api))

    @app.message("hello")
    def on_message(message, say):
        say(text="Open the form?", blocks=BUTTON, thread_ts=message["ts"])

    @app.event("message")
    def on_other_message():
        pass

    @app.command("/desk")
    def on_command(ack, command):
        ack(f"pong {command['text']}")

    @app.action("open_form")
    def on_click(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view={**FORM, "private_metadata": body["channel"]["id"]})

    @app.view("form")
    def on_submit(ack, view, client):
        text = view["state"]["values"]["subject"]["value"]["value"]
        if errors := errors_of(text):
            return ack(response_action="errors", errors=errors)
        ack()
        client.chat_postMessage(channel=view["private_metadata"], text=f"got: {text}")

    return app


def async_app(api, tokens):
    app = AsyncApp(client=AsyncWebClient(token=tokens["bot_token"], base_url=api))

    @app.message("hello")
    async def on_message(message, say):
        await say(text="Open the form?", blocks=BUTTON, thread_ts=message["ts"])

    @app.event("message")
    async def on_other_message():
        pass

    @app.command("/desk")
    async def on_command(ack, command):
        await ack(f"pong {command['text']}")

    @app.action("open_form")
    async def on_click(ack, body, client):
        await ack()
        view = {**FORM, "private_metadata": body["channel"]["id"]}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    async def on_submit(ack, view, client):
        text = view["state"]["values"]["subject"]["value"]["value"]
        if errors := errors_of(text):
            return await ack(response_action="errors", errors=errors)
        await ack()
        await client.chat_postMessage(channel=view["private_metadata"], text=f"got: {text}")

    return app


def call_methods(api, tokens):
    """The methods of the SDK's own client, which picks GET, form or JSON by itself."""
    client = WebClient(token=tokens["bot_token"], base_url=api)
    support = next(c["id"] for c in client.conversations_list(limit=2)["channels"] if c["name"] == "support")
    pages = sum(len(page["channels"]) for page in client.conversations_list(limit=1))
    check("web api: pagination by the SDK sees every channel", pages == 4, pages)
    ada = client.users_lookupByEmail(email="ada@globex.example")["user"]["id"]
    check("web api: users.info gives the address", client.users_info(user=ada)["user"]["profile"]["email"])
    metadata = {"event_type": "peer_test", "event_payload": {"key": "k1"}}
    posted = client.chat_postMessage(channel=support, text="with metadata", metadata=metadata)
    with_it = client.conversations_history(channel=support, limit=1, include_all_metadata=True)["messages"][0]
    without = client.conversations_history(channel=support, limit=1)["messages"][0]
    check("web api: metadata comes back when asked for", with_it["metadata"]["event_payload"] == {"key": "k1"}, with_it)
    check("web api: and is left out when not", "event_payload" not in without["metadata"], without)
    client.chat_update(channel=support, ts=posted["ts"], text="changed")
    client.reactions_add(channel=support, timestamp=posted["ts"], name="eyes")
    check("web api: a permalink", client.chat_getPermalink(channel=support, message_ts=posted["ts"])["permalink"])
    client.chat_delete(channel=support, ts=posted["ts"])
    dm = client.conversations_open(users=ada)["channel"]["id"]
    check("web api: a direct message opens", dm.startswith("D"), dm)
    too_long = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    try:
        client.chat_postMessage(channel=dm, text="x", blocks=too_long)
        check("web api: too long blocks are refused", False)
    except SlackApiError as error:
        message = error.response["response_metadata"]["messages"][0]
        check("web api: too long blocks are refused", "must be less than 3001 characters" in message, message)


async def run_async(api, tokens):
    app = async_app(api, tokens)
    web = AsyncWebClient(token=tokens["app_token"], base_url=api)
    handler = AsyncSocketModeHandler(app, tokens["app_token"], web_client=web)
    await handler.connect_async()
    await asyncio.to_thread(wait_for, "async: a socket is connected", lambda: look("state")["sockets"] == 1)
    await asyncio.to_thread(play, "async", "sales")
    await handler.close_async()


def main():
    tokens = look("")
    api = tokens["api_url"]
    call_methods(api, tokens)

    web = WebClient(token=tokens["app_token"], base_url=api)
    handler = SocketModeHandler(sync_app(api, tokens), tokens["app_token"], web_client=web)
    threading.Thread(target=handler.connect, daemon=True).start()
    wait_for("sync: a socket is connected", lambda: look("state")["sockets"] == 1)
    play("sync", "support")
    handler.close()
    wait_for("sync: the socket is closed properly", lambda: look("state")["sockets"] == 0)

    asyncio.run(run_async(api, tokens))
    print("ok bolt-python done", flush=True)


main()
