"""The modes: what is run, and which claims it is held against."""
import collections
import os
import subprocess
import time

import fill
import machine
import measure
import servers
from measure import Case, load

# Streamed calls: stream, calls in flight, connections opened a second, seconds of one call.
Streams = collections.namedtuple('Streams', 'load calls rate seconds')
ONE_20 = Streams('gap20', 1000, 1000, 1)
ONE_100 = Streams('gap100', 1000, 1000, 5)
FOUR_100 = Streams('gap100', 4000, 2000, 5)
TEN_100 = Streams('gap100', 10000, 2500, 5)

Plan = collections.namedtuple('Plan', 'rounds seconds connections streams stream_rounds many_rounds '
                              'starts')
FULL = Plan(5, 1.5, (32, 128), (ONE_20, ONE_100, FOUR_100), 3, 2, 10)
QUICK = Plan(2, 1, (32,), (ONE_20,), 1, 0, 3)

PEER_MAX = {'webhook': 32}  # connections; a process for every call


class Modes:
    """All targets, made before nginx starts, and one function for each mode."""

    def __init__(self, bench, plan, report, runs):
        self.bench, self.plan, self.report, self.runs = bench, plan, report, runs
        self.magec = bench.add(servers.Magec, 'magec-fcgi')
        self.two = bench.add(servers.Magec, 'magec-fcgi-x2', 2)
        self.quiet = bench.add(servers.Magec, 'no-record', variables={'MAGEC_RECORD': 'off'},
                               store=servers.Store(bench, bench.path('quiet.db')))
        self.big = None
        self.go = bench.add(servers.Go, 'go-nginx')
        self.hello = bench.add(servers.Hello, 'hello')
        self.peers = []

    def add_big(self):
        store = servers.Store(self.bench, self.bench.path('big.db'))
        self.big = self.bench.add(servers.Magec, 'big-store', store=store)

    def add_peers(self):
        kinds = ((servers.GoBest, 'go-best'), (servers.Php, 'php-fpm'),
                 (servers.Webhook, 'webhook'))
        self.peers = [p for p in (self.bench.add(k, name) for k, name in kinds) if p]

    def turns(self, title, targets, reference, connections, rounds=None):
        """Targets that run already, one after the other, in rounds of changing order."""
        case = Case(title, reference.name if reference else None)
        for n in range(rounds or self.plan.rounds):
            for target in targets if n % 2 == 0 else reversed(targets):
                self.report.progress(f'{title}: round {n + 1}: {target.name}')
                case.add(target, load(target, 'instant', connections, self.plan.seconds))
        return case

    def stop(self, *targets):
        for target in targets:
            if target:
                target.stop()

    # --- goal 1

    def instant(self):
        targets = [t for t in (self.go, self.magec, *self.peers, self.hello) if t]
        targets = [t for t in targets if self.started(t)]
        for connections in self.plan.connections:
            title = f'Instant upstream, JSON replies, {connections} connections'
            now = [t for t in targets if connections <= PEER_MAX.get(t.name, connections)]
            case = self.turns(title, now, self.go, connections)
            self.report.table(case, measure.INSTANT)
            self.claim_instant(case, connections)
        self.stop(*targets)

    def started(self, target):
        try:
            target.start()
        except servers.Missing as reason:
            self.bench.missing.append(str(reason))
            target.stop()
            return False
        return True

    def claim_instant(self, case, connections):
        claim, name = self.report.claim, self.magec.name
        what = f'instant upstream, {connections} connections: '
        claim(1, what + 'calls/s', case.ratio(name, 'rps'), least=1.5, unit='x go-nginx')
        claim(1, what + 'CPU per call', case.ratio(name, 'cpu'), most=.5, unit='x go-nginx')
        claim(1, what + 'p99', case.ratio(name, 'total_p99'), most=1, unit='x go-nginx')
        claim(1, what + 'errors', case.errors(name), most=0)

    # --- goals 2 and 3

    def sample_streams(self, case, target, streams):
        """In a new process, so that its memory is that of these calls: two calls of each caller,
        and a look at it while the second are under way."""
        title = f'{streams.calls} streams of {streams.load}: {target.name}'
        self.report.progress(title)
        target.restart()
        idle = machine.pss(target.pids())
        warm = streams.calls / streams.rate + streams.seconds + .3
        seconds = max(.5, 2 - streams.seconds / 5)
        s = load(target, streams.load, streams.calls, seconds, warm, streams.rate, True)
        s['transactions_s'] = s['transactions'] / seconds
        s['per_call'] = max(s['memory'] - idle, 0) / streams.calls
        case.add(target, s)
        target.stop()

    def streams(self):
        cases = [(s, Case(f'{s.calls} streamed calls in flight, {servers.STREAMS[s.load][2]} '
                          f'events, {servers.STREAMS[s.load][1]} ms apart',
                          self.go.name if self.go else None)) for s in self.plan.streams]
        for n in range(self.plan.stream_rounds):
            targets = [t for t in (self.go, self.magec) if t]
            for streams, case in cases:
                for target in targets if n % 2 == 0 else reversed(targets):
                    self.sample_streams(case, target, streams)
        for streams, case in cases:
            self.report.table(case, measure.STREAMS)
            self.claim_streams(streams, case)
        if self.plan.many_rounds:
            self.many(next(case for streams, case in cases if streams is ONE_100))

    def claim_streams(self, streams, case):
        claim, name = self.report.claim, self.magec.name
        gap = servers.STREAMS[streams.load][1]
        what = f'{streams.calls} streams, {gap} ms: '
        claim(2, what + 'errors', case.errors(name), most=0)
        claim(2, what + 'CPU per call', case.ratio(name, 'cpu'), most=.55, unit='x go-nginx')
        for key in ('first_p50', 'first_p99'):
            claim(2, what + key.replace('_', ' byte '), case.ratio(name, key), most=1,
                  unit='x go-nginx')
        claim(2, what + 'memory', case.of(name, 'per_call'), most=24, unit='KiB/call')
        if streams is ONE_20:  # a thousand calls end in a second
            claim(5, f'transactions at {case.of(name, "rps"):.0f} calls/s',
                  case.of(name, 'transactions_s'), most=50, unit='a second')

    def many(self, small):
        """Ten times as many; compared with a thousand, taken before."""
        case = Case('10000 streamed calls in flight, 50 events, 100 ms apart', None)
        for _ in range(self.plan.many_rounds):
            self.sample_streams(case, self.magec, TEN_100)
        self.report.table(case, measure.STREAMS)
        claim, name = self.report.claim, self.magec.name
        claim(3, '10000 streams: errors', case.errors(name), most=0)
        claim(3, '10000 streams: memory', case.of(name, 'per_call'), most=24, unit='KiB/call')
        claim(3, '10000 streams: CPU per call', case.of(name, 'cpu') / small.of(name, 'cpu'),
              most=1.3, unit='x 1000 streams')

    # --- goal 4

    def tls(self):
        if 'tls' not in self.bench.backends:
            raise servers.Missing('openssl is not installed (openssl)')
        try:
            self.magec.start('tls')
        finally:
            self.magec.stop()
        plain = Case('1000 streamed calls in flight, 50 events, 20 ms apart', None)
        tls = Case('The same from an upstream with TLS and HTTP/2', None)
        for _ in range(max(1, self.plan.stream_rounds - 1)):
            self.sample_streams(plain, self.magec, ONE_20)
            self.sample_streams(tls, self.magec, ONE_20._replace(load='tls'))
        self.report.table(plain, measure.STREAMS)
        self.report.table(tls, measure.STREAMS)
        name, claim = self.magec.name, self.report.claim
        pairs = zip(tls.samples[name], plain.samples[name])
        claim(4, 'TLS: errors', tls.errors(name), most=0)
        claim(4, 'TLS: memory', tls.of(name, 'per_call'), most=40, unit='KiB/call')
        claim(4, 'TLS: CPU per call', measure.median(a['cpu'] / b['cpu'] for a, b in pairs),
              most=1.5, unit='x plain HTTP')
        claim(4, 'TLS: handshakes', self.handshakes(), most=.1, unit='per call')

    def handshakes(self):
        """Connections for each call, from nginx's log of the upstream with TLS."""
        with open(self.bench.path('tls-connections.log'), encoding='ascii') as log:
            connections = log.read().split()
        return len(set(connections)) / len(connections)

    # --- goal 5

    def record(self):
        self.quiet.start()
        before = fill.count(self.quiet.store.path)
        self.quiet.ask('instant')
        self.quiet.stop()
        claim = self.report.claim
        if fill.count(self.quiet.store.path) > before:
            self.report.say('\nmagec-fcgi does not know MAGEC_RECORD=off: recording is not '
                            'compared with none.')
            claim(5, 'recording: calls/s', None, least=.85, unit='x none')
        else:
            self.magec.start()
            self.quiet.start()
            case = self.turns('Recording against none, 32 connections', [self.quiet, self.magec],
                              self.quiet, 32)
            self.report.table(case, measure.INSTANT)
            self.stop(self.magec, self.quiet)
            claim(5, 'recording: calls/s', case.ratio(self.magec.name, 'rps'), least=.85,
                  unit='x none')

    # --- goal 6

    def processes(self):
        self.magec.start()
        self.two.start()
        case = self.turns('Two processes against one, 128 connections', [self.magec, self.two],
                          self.magec, 128)
        self.stop(self.magec, self.two)
        self.report.table(case, measure.INSTANT)
        self.report.claim(6, 'two processes: calls/s', case.ratio(self.two.name, 'rps'),
                          least=1.25, unit='x one')

    # --- goal 8

    def start(self):
        case = Case('Start', None)
        targets = [t for t in (self.magec, self.go, self.hello) if t]
        for n in range(self.plan.starts):
            for target in targets:
                self.report.progress(f'start: {target.name}')
                seconds = target.start()
                if not n:
                    time.sleep(.5)
                case.add(target, {'ms': seconds * 1000, 'errors': 0, 'others': 0,
                                  'idle': machine.pss(target.pids()) / 1024})
                target.stop()
        self.report.table(case, [('first answer ms', 'ms', '', '.1f'),
                                 ('idle PSS MiB', 'idle', '', '.1f')])
        name, claim = self.magec.name, self.report.claim
        claim(8, 'start to first answer', case.of(name, 'ms'), most=20, unit='ms')
        claim(8, 'idle PSS', case.of(name, 'idle'), most=9, unit='MiB')

    # --- goal 9

    def store(self):
        path = self.big.store.path
        self.report.progress('filling the big store')
        seconds = fill.fill(path, 100000, self.runs)
        megabytes = os.path.getsize(path) / 1e6
        self.report.heading('A big store')
        self.report.say(f'100000 clients and {self.runs} runs: {megabytes:.0f} MB, '
                        f'filled in {seconds:.0f} s.')
        self.magec.start()
        self.big.start()
        case = self.turns('A big store against a small one, 32 connections',
                          [self.magec, self.big], self.magec, 32)
        self.report.table(case, measure.INSTANT)
        self.stop(self.magec)
        claim, name = self.report.claim, self.big.name
        claim(9, 'big store: CPU per call', case.ratio(name, 'cpu'), most=1.2, unit='x small')
        claim(9, 'big store: 1/(calls/s)', 1 / case.ratio(name, 'rps'), most=1.2, unit='x small')
        claim(9, 'big store: magec runs list', self.list_ms(), most=100, unit='ms')
        self.retention()

    def list_ms(self):
        times = []
        for _ in range(5):
            begin = time.monotonic()
            subprocess.run([os.path.join(self.bench.build, 'magec'), 'runs', 'list', '--db',
                            self.big.store.path], stdout=subprocess.DEVNULL, check=True)
            times.append((time.monotonic() - begin) * 1000)
        return measure.median(times)

    def retention(self):
        """The same process options but for how many runs are kept, so that it deletes all along."""
        case = Case('While old runs are deleted, 32 connections', 'kept')
        self.report.progress('retention')
        for options, label in (((), 'kept'), (('--keep-runs', '1000'), 'deleting')):
            self.big.stop()
            self.big.options = options
            before = fill.count(self.big.store.path)
            self.big.start()
            sample = load(self.big, 'instant', 32, max(3, self.plan.seconds))
            self.big.stop()
            case.samples[label] = [sample]
            deleted = before + sample['ok'] - fill.count(self.big.store.path)
        self.report.table(case, measure.INSTANT)
        self.report.say(f'\n{deleted} runs were deleted meanwhile.')
        self.report.claim(9, 'p99 while runs are deleted', case.ratio('deleting', 'total_p99')
                          if deleted > 0 else None, most=2, unit='x otherwise')
