#!/usr/bin/python3
# The sample of CMQ's document "投递描述" (订阅消息示例), translated to Python 3 statement by statement: print is a
# function, the server's module has another name, headers have get, dictionaries have items, and a reply is bytes.
from http.server import HTTPServer, BaseHTTPRequestHandler
import json


class TestHTTPHandle(BaseHTTPRequestHandler):
    def do_POST(self):
        content_len = int(self.headers.get('content-length', 0))
        post_body = self.rfile.read(content_len)
        print("receive cmq topic publisher request:")
        print(self.headers)
        print(post_body)
        post_data = json.loads(post_body)
        for k, v in post_data.items():
            print("key:%s value:%s" % (k, v))
        # response http status 200
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'ok')


def start_server(port):
    http_server = HTTPServer(('0.0.0.0', int(port)), TestHTTPHandle)
    http_server.serve_forever()


if __name__ == '__main__':
    start_server(80)
