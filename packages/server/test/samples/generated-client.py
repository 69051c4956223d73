"""Publishes through the client that openapi-python-client has generated from the OpenAPI document.

Arguments: the server's URL and a topic. Prints the position of each message.
"""
import io
import sys

from generated import Client
from generated.api.inboxes import keep_in_inbox
from generated.api.messages import publish
from generated.models import MessageInput
from generated.types import File

url, topic = sys.argv[1:]
client = Client(base_url=url)
print(publish.sync(topic, client=client, body=MessageInput(body={"total": 17}, type_="invoice.paid")).seq)
print(publish.sync(topic, client=client, body=File(payload=io.BytesIO(b"<a/>"))).seq)
print(keep_in_inbox.sync(topic, client=client, body=File(payload=io.BytesIO(b"kept"))).response)
