"""A mail server for the tests: aiosmtpd, with TLS and a login.

    python smtp.py starttls|tls FOLDER        FOLDER holds cert.pem and key.pem

Prints its port, then each mail it takes as a line of JSON. The user is "deskd", the password "right".
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keep:
    async def handle_DATA(self, server, session, envelope):
        line = {
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": (session.auth_data or b"").decode(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "mail": envelope.content.decode().replace("\r\n", "\n"),
        }
        print(json.dumps(line), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"deskd" and data.password == b"right"
    return AuthResult(success=right, handled=False, auth_data=data.login)


async def main(mode, folder):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    wrapped = mode == "tls"

    def connection():
        return SMTP(
            Keep(),
            hostname="localhost",
            tls_context=None if wrapped else context,
            require_starttls=not wrapped,
            authenticator=authenticate,
            auth_required=True,
            # Behind TLS from the first byte aiosmtpd itself sees none.
            auth_require_tls=not wrapped,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=context if wrapped else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], sys.argv[2]))
