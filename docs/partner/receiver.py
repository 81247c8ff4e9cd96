"""A receiver of webhooks: verifies what comes, keeps each message once, answers, and only then acts on it.

SECRET=whsec_... STORE=hooks.db PORT=3000 python receiver.py
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
TOO_OLD_SECONDS = 300

store = sqlite3.connect(os.environ["STORE"])
store.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, body TEXT)")


def verified(headers, body):
    """Whether it is signed with our secret and not older than five minutes: the bytes as they came, nothing parsed."""
    moment = headers["webhook-timestamp"] or ""
    if not (moment.isascii() and moment.isdigit()) or abs(time.time() - int(moment[:12])) > TOO_OLD_SECONDS:
        return False
    expected = base64.b64encode(hmac.digest(KEY, f"{headers['webhook-id']}.{moment}.".encode() + body, hashlib.sha256))
    given = [each.partition(",") for each in (headers["webhook-signature"] or "").split(" ")]
    return any(version == "v1" and hmac.compare_digest(found.encode(), expected) for version, _, found in given)


class Hooks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = verified(self.headers, body)
        if good:
            with store:  # kept before it is answered: what was answered with 2xx never comes again by itself
                row = (self.headers["webhook-id"], body.decode())
                new = store.execute("INSERT OR IGNORE INTO message VALUES (?, ?)", row).rowcount
        self.send_response(204 if good else 401)
        self.end_headers()
        if good and new:
            print(self.headers["webhook-id"], json.loads(body)["type"], flush=True)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Hooks).serve_forever()
