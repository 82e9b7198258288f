"""Starts and stops everything that is measured, in one temporary folder, on 127.0.0.1 only."""
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import machine

HERE = os.path.dirname(os.path.abspath(__file__))
WEBHOOKS = '/api/v1/webhooks'
SYSTEM_CA = '/etc/ssl/certs/ca-certificates.crt'
PEER_TOKEN = 'secret-token-0123456789abcdef'
PHP = ('php-fpm', *(f'php-fpm8.{i}' for i in range(9, -1, -1)))
PROMPT = '"prompt":"hello there, what is the answer?"'

# Streams of the mock upstream: ms to the first event, ms between two, events.
STREAMS = {'instant': (0, 0, 1), 'gap20': (0, 20, 50), 'gap100': (0, 100, 50)}


class Missing(Exception):
    """Something cannot be measured here, and why."""


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Target:
    """Something that answers webhooks. Subclasses say how it is started, and what a call is."""
    through = 'fastcgi'  # how nginx reaches it: fastcgi, proxy, or None: not at all
    location = ''        # more lines for nginx
    keeps = True         # whether it knows FastCGI's keep-alive
    token = PEER_TOKEN
    count = 1            # processes

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.port, self.own_port = free_port(), free_port()
        self.sockets = [bench.path(f'{name}{i}.sock') for i in range(self.count)]
        self.processes = []

    def commands(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def call(self, load, stream):
        """The token, more headers, the body, and what must be in the reply."""
        end = '[DONE]' if stream else '"response":"The'
        body = '{' + PROMPT + (',"stream":true' if stream else '') + '}'
        return self.token, [], body, end

    def url(self, load):
        port = self.port if self.through else self.own_port
        return f'http://127.0.0.1:{port}{WEBHOOKS}/{load}'

    def pids(self):
        return [p.pid for p in self.processes]

    def start(self, load='instant'):
        """Seconds until it had answered for the first time."""
        for path in self.sockets:
            if os.path.exists(path):
                os.unlink(path)
        begin = time.monotonic()
        for command in self.commands():
            self.processes.append(self.bench.spawn(self.name, command, self.environment()))
        while self.through == 'fastcgi' and not all(os.path.exists(s) for s in self.sockets):
            self.check_alive(begin)
            time.sleep(.0002)
        while True:
            status, reply = self.ask(load)
            if status == 200:
                return time.monotonic() - begin
            if status not in (0, 502) or '"error"' in reply:  # not nginx's own words
                raise Missing(f'{self.name} answered {status}: {reply[:200].strip()}')
            self.check_alive(begin)
            time.sleep(.001)

    def check_alive(self, begin):
        ended = any(p.poll() is not None for p in self.processes)
        if ended or time.monotonic() - begin > 20:
            log = open(self.bench.path(self.name + '.log'), encoding='utf-8', errors='replace')
            with log:
                raise Missing(f'{self.name} does not answer: {log.read()[-300:].strip()}')

    def ask(self, load):
        """One call: status and reply; 0 when nothing answers."""
        token, headers, body, _ = self.call(load, False)
        port, path = re.match(r'http://127.0.0.1:(\d+)(.*)', self.url(load)).groups()
        fields = {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json'}
        fields.update(h.split(': ', 1) for h in headers)
        connection = http.client.HTTPConnection('127.0.0.1', int(port), timeout=20)
        try:
            connection.request('POST', path, body, fields)
            reply = connection.getresponse()
            return reply.status, reply.read().decode('utf-8', 'replace')
        except (OSError, http.client.HTTPException):
            return 0, ''
        finally:
            connection.close()

    def stop(self):
        for p in self.processes:
            self.bench.end(p)
        self.processes = []

    def restart(self):
        self.stop()
        return self.start()


class Magec(Target):
    """magec-fcgi; with count > 1 several processes on one store."""

    def __init__(self, bench, name, count=1, store=None, options=(), variables=None):
        self.count = count
        super().__init__(bench, name)
        self.store = store or bench.store()
        self.options, self.variables = options, variables or {}

    def commands(self):
        program = os.path.join(self.bench.build, 'magec-fcgi')
        return [[program, '--store', self.store.path, '--listen', 'unix:' + path, *self.options]
                for path in self.sockets]

    def environment(self):
        return {'SSL_CERT_FILE': self.bench.path('ca.pem'), 'MAGEC_ALLOW_ROOT': '1', **self.variables}

    def call(self, load, stream):
        if not stream:
            return self.store.tokens[load], [], '{' + PROMPT + '}', '"response":"The'
        accept = ['Accept: text/event-stream']
        return self.store.tokens[load], accept, '{' + PROMPT + '}', 'event: done'


class Hello(Target):
    """The limit: a FastCGI program that does no work."""

    def commands(self):
        return [[os.path.join(self.bench.build, 'bench', 'hello'), self.sockets[0]]]


class Go(Target):
    """A server in Go behind nginx."""
    through = 'proxy'
    options, variables = [], {}

    def __init__(self, bench, name):
        super().__init__(bench, name)
        self.program = bench.go_server()

    def commands(self):
        clients = [f'{name}={url}/chat/completions' for name, url in self.bench.backends.items()]
        address = f'127.0.0.1:{self.own_port}'
        return [[self.program, '-listen', address, '-token', PEER_TOKEN, *self.options, *clients]]

    def environment(self):
        return self.variables


class GoBest(Go):
    """The same without nginx, with small buffers and less garbage collection."""
    through, options, variables = None, ['-small'], {'GOGC': '400'}


class Php(Target):
    """A script under PHP-FPM behind nginx."""
    keeps = False

    def __init__(self, bench, name, children=32):
        self.program = machine.find(*PHP)
        if not self.program:
            raise Missing('PHP is not installed (php-fpm and php-curl)')
        modules = subprocess.run([self.program, '-m'], stdout=subprocess.PIPE, text=True,
                                 stderr=subprocess.DEVNULL, check=False).stdout.split()
        if 'curl' not in modules:
            raise Missing('PHP has no curl (php-curl)')
        super().__init__(bench, name)
        clients = ' '.join(f'{k}={v}/chat/completions' for k, v in bench.backends.items())
        script = os.path.join(HERE, 'peers', 'webhook.php')
        self.location = (f'fastcgi_param SCRIPT_FILENAME {script}; fastcgi_param BENCH_CLIENTS '
                         f'"{clients}"; fastcgi_param BENCH_TOKEN {PEER_TOKEN};')
        user = 'user = root\ngroup = root\n' if os.geteuid() == 0 else ''
        bench.write('php.conf', f'''[global]
error_log = {bench.path('php-error.log')}
log_level = warning
daemonize = no
[www]
listen = {self.sockets[0]}
listen.backlog = 4096
{user}pm = static
pm.max_children = {children}
''')

    def commands(self):
        root = ['-R'] if os.geteuid() == 0 else []
        return [[self.program, '-F', *root, '-y', self.bench.path('php.conf')]]


class Webhook(Target):
    """Debian's webhook, which starts a shell script with curl for every call; without nginx."""
    through = None

    def __init__(self, bench, name):
        self.program = machine.find('webhook')
        if not self.program:
            raise Missing('webhook is not installed (webhook)')
        if not machine.find('curl'):
            raise Missing('curl is not installed (curl)')
        super().__init__(bench, name)
        url = bench.backends['instant'] + '/chat/completions'
        script = os.path.join(HERE, 'peers', 'hook.sh')
        bench.write('hooks.json', f'''[{{"id": "instant", "http-methods": ["POST"],
"execute-command": "/bin/sh", "include-command-output-in-response": true,
"pass-arguments-to-command": [{{"source": "string", "name": "{script}"}},
{{"source": "string", "name": "{url}"}}, {{"source": "payload", "name": "prompt"}}],
"trigger-rule": {{"match": {{"type": "value", "value": "Bearer {PEER_TOKEN}",
"parameter": {{"source": "header", "name": "Authorization"}}}}}}}}]
''')

    def commands(self):
        return [[self.program, '-hooks', self.bench.path('hooks.json'), '-ip', '127.0.0.1',
                 '-port', str(self.own_port), '-urlprefix', WEBHOOKS.strip('/')]]

    def call(self, load, stream):
        return PEER_TOKEN, [], '{' + PROMPT + '}', '[DONE]'


class Store:
    """A store with one client for each stream of the upstream; tokens has their tokens."""

    def __init__(self, bench, path):
        self.bench, self.path, self.tokens = bench, path, {}
        self.magec('init')
        for name, url in bench.backends.items():
            self.magec('backend', 'add', name, '--type', 'openai', '--url', url)
            self.magec('agent', 'add', name, '--backend', name, '--model', 'mock-1')
            said = self.magec('client', 'add', name, '--passthrough', '--agents', name)
            self.tokens[name] = re.search(r'mgc_[0-9a-f]{40}', said).group()

    def magec(self, *arguments):
        program = os.path.join(self.bench.build, 'magec')
        return subprocess.run([program, *arguments, '--db', self.path], stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True, check=True).stdout


class Bench:
    """The temporary folder, the upstream, nginx and the targets. Use as a context."""

    def __init__(self, build, keep_conn):
        self.build, self.keep_conn = os.path.abspath(build), keep_conn
        self.targets, self.children, self.missing, self.backends = [], [], [], {}
        self.folder = self.upstream = self.nginx = self.shared_store = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='magec-bench.')
        return self

    def __exit__(self, *_):
        for p in reversed(self.children):
            self.end(p)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)

    def spawn(self, name, command, variables=None, stdout=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith('MAGEC_')}
        with open(self.path(name + '.log'), 'ab') as log:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout or log,
                                 stderr=log, env={**kept, **(variables or {})},
                                 start_new_session=True)
        self.children.append(p)
        return p

    def end(self, p):
        if p.poll() is None:
            p.terminate()
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)  # its own group: a session of its own
                p.wait()
        if p in self.children:
            self.children.remove(p)

    def add(self, kind, name, *arguments, **more):
        """A new target, or None when it is missing; then .missing says why."""
        try:
            target = kind(self, name, *arguments, **more)
        except Missing as reason:
            self.missing.append(str(reason))
            return None
        self.targets.append(target)
        return target

    def store(self):
        """The store that targets share unless they have their own."""
        if not self.shared_store:
            self.shared_store = Store(self, self.path('magec.db'))
        return self.shared_store

    def go_server(self):
        """Builds the server in Go, once."""
        program, go = self.path('server'), machine.find('go')
        if not go:
            raise Missing('Go is not installed (golang-go)')
        if not os.path.exists(program):
            source = os.path.join(HERE, 'peers', 'server.go')
            built = subprocess.run([go, 'build', '-o', program, source], check=False, text=True,
                                   stderr=subprocess.PIPE, env={**os.environ, 'GO111MODULE': 'off'})
            if built.returncode:
                raise Missing('peers/server.go cannot be built: ' + built.stderr[-300:])
        return program

    def start_upstream(self):
        scripts = [f'0:{first}:{gap}:{events}' for first, gap, events in STREAMS.values()]
        program = os.path.join(self.build, 'bench', 'upstream')
        self.upstream = self.spawn('upstream', [program, *scripts], stdout=subprocess.PIPE)
        for name in STREAMS:
            self.backends[name] = f'http://127.0.0.1:{int(self.upstream.stdout.readline())}/v1'
        if machine.find('openssl'):
            self.make_certificate()
            self.backends['tls'] = f'https://127.0.0.1:{free_port()}/v1'

    def make_certificate(self):
        def openssl(*arguments):
            subprocess.run([machine.find('openssl'), *arguments], cwd=self.folder, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
        openssl('req', '-x509', *key, '-days', '2', '-subj', '/CN=bench', '-keyout', 'ca.key',
                '-out', 'ca.pem')
        openssl('req', *key, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
                '-keyout', 'tls.key', '-out', 'tls.csr')
        openssl('x509', '-req', '-in', 'tls.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
                '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', 'tls.pem')
        if os.path.exists(SYSTEM_CA):  # as many as a real bundle has
            with open(SYSTEM_CA, 'rb') as bundle, open(self.path('ca.pem'), 'ab') as ca:
                shutil.copyfileobj(bundle, ca)

    def start_nginx(self):
        program = machine.find('nginx')
        if not program:
            raise Missing('nginx is not installed (nginx-light)')
        self.write('nginx.conf', self.nginx_conf())
        command = [program, '-e', self.path('nginx-error.log'), '-c', self.path('nginx.conf')]
        self.nginx = self.spawn('nginx', command)
        deadline = time.monotonic() + 10
        while not os.path.exists(self.path('nginx.pid')):
            if self.nginx.poll() is not None or time.monotonic() > deadline:
                with open(self.path('nginx-error.log'), encoding='utf-8') as log:
                    raise Missing('nginx does not start: ' + log.read()[-300:])
            time.sleep(.01)

    def nginx_conf(self):
        user = 'user root;' if os.geteuid() == 0 else ''  # who may use the sockets
        temporary = '\n'.join(f'    {kind}_temp_path {self.path("nginx-" + kind)};' for kind in
                              ('client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi'))
        servers = ''.join(self.server_conf(t) for t in self.targets if t.through)
        return f'''daemon off; {user} pid {self.path('nginx.pid')};
worker_processes auto; worker_rlimit_nofile 65536;
events {{ worker_connections 32000; multi_accept on; }}
http {{
    access_log off; tcp_nodelay on; client_body_buffer_size 16k;
    keepalive_requests 1000000000; keepalive_timeout 120;
    fastcgi_read_timeout 120; proxy_read_timeout 120;
    log_format connection $connection;
{temporary}
{self.tls_conf()}{servers}}}
'''

    def server_conf(self, target):
        servers = target.sockets if target.through == 'fastcgi' else \
            [f'127.0.0.1:{target.own_port}']
        keep = self.keep_conn and target.keeps or target.through == 'proxy'
        lines = ' '.join(f'server {"unix:" if s[0] == "/" else ""}{s} max_fails=0;' for s in servers)
        if keep:
            lines += ' keepalive 4096; keepalive_requests 1000000000;'
        if target.through == 'proxy':
            how = f'''proxy_pass http://{target.name};
            proxy_http_version 1.1; proxy_set_header Connection "";'''
        else:
            how = FASTCGI.format(name=target.name, keep='on' if keep else 'off')
        return f'''    upstream {target.name} {{ {lines} }}
    server {{
        listen 127.0.0.1:{target.port} backlog=4096;
        location {WEBHOOKS}/ {{
            {how} {target.location}
        }}
    }}
'''

    def tls_conf(self):
        """An upstream with TLS: HTTP/2 in front of the stream with 20 ms between two events."""
        if 'tls' not in self.backends:
            return ''
        port = re.search(r':(\d+)/', self.backends['tls']).group(1)
        plain = re.search(r'//(.*)/v1', self.backends['gap20']).group(1)
        return f'''    upstream plain {{ server {plain}; keepalive 4096;
        keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} ssl http2 backlog=4096;
        ssl_certificate {self.path('tls.pem')}; ssl_certificate_key {self.path('tls.key')};
        access_log {self.path('tls-connections.log')} connection;
        location / {{
            proxy_pass http://plain; proxy_buffering off;
            proxy_http_version 1.1; proxy_set_header Connection "";
        }}
    }}
'''


FASTCGI = f'''fastcgi_pass {{name}}; fastcgi_keep_conn {{keep}};
            fastcgi_split_path_info ^({WEBHOOKS})(/.*)$;
            fastcgi_param SCRIPT_NAME $fastcgi_script_name;
            fastcgi_param PATH_INFO $fastcgi_path_info;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param GATEWAY_INTERFACE CGI/1.1;
            fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_PORT $remote_port;
            fastcgi_param SERVER_ADDR $server_addr;
            fastcgi_param SERVER_PORT $server_port;
            fastcgi_param SERVER_NAME $server_name;'''
