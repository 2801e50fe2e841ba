#!/usr/bin/env python3
"""The web server of the demo's pods: answers with its pod's name, and logs who asked. usage: web.py POD"""
import http.server
import sys

pod = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{pod} greets {self.client_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *values):
        print(f"{self.client_address[0]} {form % values}", flush=True)


http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
