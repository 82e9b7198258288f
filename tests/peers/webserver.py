#!/usr/bin/env python3
"""A web server in front of magec-fcgi, run as a plain CGI, with a fault that the path chooses.

usage: webserver.py PROGRAM --port-file FILE [--cert FILE --key FILE]

/FAULT/SERVER/api/v1/webhooks/CLIENT is passed to the program, all but the fault; SERVER is what the header Server
says, "-" for none. MAGEC_DB is in the environment. Faults:

  none          it is as a web server should be
  lump          the answer is collected; "gzip": and compressed
  strip         Authorization is dropped; "strip-all": so is X-Magec-Token
  intercept     errors have a page of its own; "bare": they have lost their headers
  STATUS        every request is this error (404, 502, ...), as the page of SERVER looks; "post-404": every POST is
  redirect      every request is sent elsewhere
  login         it wants a login of its own
  no-get        a GET is a 404
  limit         bodies over 1 MB are a 413; "slam": the connection is closed
  length        a body in chunks is a 411
  deny-expect   Expect is a 417; "mute": it is not answered
  hasty         silence is a 504 after a second; "rude": the connection is closed
  cut           a stream is cut off in its middle; "short": it ends there as if it were whole
  deaf          a caller that hangs up is not noticed
"""
import argparse
import gzip
import http.server
import os
import select
import ssl
import subprocess

PAGES = {
    "nginx": "<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n"
             "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    "Apache": '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>%d</title>\n</head><body>\n'
              "<h1>%d</h1>\n</body></html>\n",
    "lighttpd": '<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">\n'
                "<html><head><title>%d</title></head><body><h1>%d</h1></body></html>\n",
}
PLAIN = "<html><title>%d</title><h1>%d</h1></html>\n"


class Gone(Exception):
    """The answer cannot go on."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    program = None

    def version_string(self):
        return self.software

    def log_message(self, *args):
        pass

    def send_response(self, code, message=None):
        self.send_response_only(code, message)
        if self.software != "-":
            self.send_header("Server", self.software)

    def split(self):
        _, self.fault, self.software, *rest = self.path.split("/", 3) + ["", ""]
        self.rest = "/" + rest[0]
        self.look = self.software
        if self.software.endswith("-page"):  # only the page tells
            self.look, self.software = self.software[:-5], "-"

    def handle_expect_100(self):
        self.split()
        if self.fault == "deny-expect":
            self.own(417)
            return False
        return True if self.fault == "mute" else super().handle_expect_100()

    def own(self, status, *headers):
        page = PAGES.get(self.look, PLAIN) % (status, status)
        self.close_connection = True
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page.encode())

    def read_chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def refuses(self, body):
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        if self.fault == "redirect":
            self.own(301, ("Location", "https://elsewhere.example/"))
        elif self.fault == "login":
            self.own(401, ("WWW-Authenticate", 'Basic realm="x"'))
        elif self.fault.isdigit():
            self.own(int(self.fault))
        elif self.fault == "post-404" and self.command == "POST":
            self.own(404)
        elif self.fault == "no-get" and self.command == "GET":
            self.own(404)
        elif self.fault == "limit" and len(body) > 1000000:
            self.own(413)
        elif self.fault == "slam" and len(body) > 1000000:
            self.close_connection = True
        elif self.fault == "length" and chunked:
            self.own(411)
        else:
            return False
        return True

    def environment(self, body):
        names = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": self.command, "SCRIPT_NAME": "",
                 "PATH_INFO": self.rest, "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1"}
        if self.command == "POST":
            names["CONTENT_LENGTH"] = str(len(body))
            names["CONTENT_TYPE"] = self.headers.get("Content-Type", "")
        stripped = {"strip": ["authorization"], "strip-all": ["authorization", "x-magec-token"]}
        for name, value in self.headers.items():
            if name.lower() not in stripped.get(self.fault, []) + ["transfer-encoding"]:
                names["HTTP_" + name.upper().replace("-", "_")] = value
        return {**os.environ, **names}

    def head(self, out):
        status, headers = 200, []
        while line := out.readline().strip().decode():
            name, value = line.split(": ", 1)
            if name == "Status":
                status = int(value[:3])
            elif name != "Content-Length":
                headers.append((name, value))
        return status, headers

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def body(self, out, wait):
        while wait is None or select.select([out], [], [], wait)[0]:
            data = out.read1(65536)
            if not data:
                return
            yield data
        raise Gone("silence")

    def answer(self, process):
        out = process.stdout
        hasty = 1 if self.fault in ("hasty", "rude") else None
        if hasty and not select.select([out], [], [], hasty)[0]:
            raise Gone("silence")
        status, headers = self.head(out)
        if self.fault == "intercept" and status >= 400:
            self.own(status, *[h for h in headers if h[0] in ("Allow", "WWW-Authenticate")])
            return
        if self.fault == "bare":
            headers = [h for h in headers if h[0] not in ("Allow", "WWW-Authenticate")]
        pieces = self.body(out, None)
        if self.fault in ("lump", "gzip"):
            pieces = [b"".join(pieces)]
        if self.fault == "gzip":
            pieces = [gzip.compress(pieces[0])]
            headers.append(("Content-Encoding", "gzip"))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for n, data in enumerate(pieces):
            if self.fault in ("cut", "short") and n == 5:
                if self.fault == "short":
                    break
                raise Gone("cut")
            try:
                self.chunk(data)
            except OSError:
                if self.fault != "deaf":
                    raise
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        self.split()
        body = b""
        if self.headers.get("Transfer-Encoding"):
            body = self.read_chunks()
        elif self.headers.get("Content-Length"):
            body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.refuses(body):
            return
        with subprocess.Popen([self.program], env=self.environment(body), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            try:
                try:
                    process.stdin.write(body)
                    process.stdin.close()
                except OSError:  # it refuses without reading
                    pass
                self.answer(process)
            except Gone:
                if self.fault == "hasty":
                    self.own(504)
                self.close_connection = True
            except OSError:
                self.close_connection = True
            if process.poll() is None and self.fault != "deaf":
                process.terminate()

    do_GET = do_POST


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    options = parser.parse_args()
    Handler.program = options.program
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(options.port_file + ".new", "w", encoding="ascii") as f:
        f.write(f"{server.server_port}\n")
    os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
