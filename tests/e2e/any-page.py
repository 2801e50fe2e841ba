#!/usr/bin/env python3
"""An HTTP proxy that has the same page for every address: stands in for the Internet. usage: any-page.py PORT"""
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class AnyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), AnyPage).serve_forever()
