"""Samples, and what is made of them: tables and claims."""
import json
import os
import statistics
import subprocess
import sys
import time

import machine

TIMEOUT = 60
KINDS = ('connect', 'cut', 'protocol', 'status', 'text', 'timeout')


def load(target, name, connections, seconds, warm=.3, rate=0, stream=False):
    """One run of the load generator against a running target. Besides what load prints: CPU in us
    per call of the target (cpu), nginx (web_cpu); KiB of the target while it was loaded (memory);
    transactions during the measured time; and of the machine, the part that others used."""
    bench = target.bench
    token, headers, body, text = target.call(name, stream)
    command = [os.path.join(bench.build, 'bench', 'load'), '-c', connections, '-d', seconds, '-w',
               warm, '-r', rate, '-t', TIMEOUT, '-b', body, '-f', 'The', '-e', text]
    for header in ['Authorization: Bearer ' + token, *headers]:
        command += ['-H', header]
    groups = [target.pids(), [bench.nginx.pid] if target.through else [], [bench.upstream.pid]]
    store = getattr(getattr(target, 'store', None), 'path', '')
    begin, cpu, busy = time.monotonic(), [machine.cpu(g) for g in groups], machine.busy()
    p = bench.spawn('load', [str(word) for word in [*command, target.url(name)]],
                    stdout=subprocess.PIPE)
    time.sleep(warm)
    memory, transactions = machine.pss(groups[0]), machine.transactions(store)
    time.sleep(seconds)
    transactions = machine.transactions(store) - transactions
    out = p.communicate()[0]
    bench.end(p)
    cpu = [machine.cpu(g) - before for g, before in zip(groups, cpu)]
    busy, wall = machine.busy() - busy, time.monotonic() - begin
    if p.returncode:
        raise RuntimeError(f'load ended with {p.returncode}')
    s = json.loads(out)
    s['errors'] = sum(s[kind] for kind in KINDS)
    s['cpu_load'], calls = s['cpu'], max(s['ok'], 1)
    s.update(cpu=cpu[0] / calls * 1e6, web_cpu=cpu[1] / calls * 1e6, memory=memory,
             transactions=transactions,
             others=max(busy - sum(cpu) - s['cpu_load'], 0) / wall / (os.cpu_count() or 1))
    return s


def median(values):
    values = list(values)
    return statistics.median(values) if values else None


class Case:
    """Samples of several targets taken in turns; the reference is the one that others are
    compared with, in pairs of the same round."""

    def __init__(self, title, reference):
        self.title, self.reference, self.samples = title, reference, {}

    def add(self, target, sample):
        self.samples.setdefault(target.name, []).append(sample)

    def of(self, name, key):
        return median(s[key] for s in self.samples.get(name, []))

    def ratio(self, name, key, reference=None):
        """The median of the ratios of pairs, or None."""
        pairs = zip(self.samples.get(name, []),
                    self.samples.get(reference or self.reference, []))
        return median(a[key] / b[key] for a, b in pairs if b[key])

    def errors(self, name):
        return sum(s['errors'] for s in self.samples.get(name, []))


# Heading, key of the sample, "x" for the ratio to the reference, format.
COMMON = [('errors', 'errors', '', '.0f')]
INSTANT = [('calls/s', 'rps', '', '.0f'), ('x', 'rps', 'x', '.2f'),
           ('CPU us/call', 'cpu', '', '.0f'), ('x', 'cpu', 'x', '.2f'),
           ('nginx us/call', 'web_cpu', '', '.0f'), ('p50 ms', 'total_p50', '', '.2f'),
           ('p99 ms', 'total_p99', '', '.2f'), ('x', 'total_p99', 'x', '.2f'), *COMMON]
STREAMS = [('CPU us/call', 'cpu', '', '.0f'), ('x', 'cpu', 'x', '.2f'),
           ('nginx us/call', 'web_cpu', '', '.0f'),
           ('first p50 ms', 'first_p50', '', '.1f'), ('x', 'first_p50', 'x', '.2f'),
           ('first p99 ms', 'first_p99', '', '.1f'), ('x', 'first_p99', 'x', '.2f'),
           ('total p50 ms', 'total_p50', '', '.0f'), ('total p99 ms', 'total_p99', '', '.0f'),
           ('KiB/call', 'per_call', '', '.1f'), *COMMON]


class Report:
    """Prints tables as they come, as text or markdown, and gathers the claims."""

    def __init__(self, markdown):
        self.markdown, self.claims, self.others = markdown, [], []

    def say(self, text=''):
        print(text, flush=True)

    def progress(self, text):
        """Where it is; not part of the result."""
        if sys.stderr.isatty():
            print(f'\r\033[K{text}', end='' if text else '\r', file=sys.stderr, flush=True)

    def heading(self, text):
        self.say(f'\n### {text}\n' if self.markdown else f'\n{text}')

    def rows(self, heads, rows, left=1):
        lines = [heads, *rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
        for n, line in enumerate(lines):
            cells = [c.ljust(w) if i < left else c.rjust(w)
                     for i, (c, w) in enumerate(zip(line, widths))]
            self.say('| ' + ' | '.join(cells) + ' |' if self.markdown else '  ' + '  '.join(cells))
            if not n and self.markdown:
                self.say('|' + '|'.join('-' * (w + 1) + ('-' if i < left else ':')
                                        for i, w in enumerate(widths)) + '|')

    def table(self, case, columns):
        self.progress('')
        self.heading(case.title)
        rows, columns = [], [c for c in columns if case.reference or not c[2]]
        for name, samples in case.samples.items():
            cells = [name, str(len(samples))]
            for _, key, kind, form in columns:
                value = case.ratio(name, key) if kind else case.of(name, key)
                if key == 'errors':
                    value = case.errors(name)
                cells.append('-' if value is None else format(value, form))
            rows.append(cells)
            self.others += [s['others'] for s in samples]
        self.rows(['', 'n', *(c[0] for c in columns)], rows)
        for name in case.samples:
            kinds = {kind: sum(s.get(kind, 0) for s in case.samples[name]) for kind in KINDS}
            if any(kinds.values()):
                status = max(s['wrong_status'] for s in case.samples[name])
                self.say(f'\nErrors of {name}: ' + ', '.join(
                    f'{n} x {kind}' + (f' {status}' if kind == 'status' else '')
                    for kind, n in kinds.items() if n) + '.')

    def claim(self, goal, text, value, least=None, most=None, unit='x'):
        """value None: not measured. Else it has to be at least, or at most, the bound."""
        bound = least if least is not None else most
        word = 'at least' if least is not None else 'at most'
        holds = None if value is None else value >= bound if least is not None else value <= bound
        claimed = f'{word} {bound:g} {unit}' if bound else 'none'
        measured = '-' if value is None else f'{value:.3g} {unit}' if bound else f'{value:g}'
        self.claims.append([str(goal), text, claimed, measured,
                            {None: 'not measured', True: 'holds', False: 'does not hold'}[holds]])

    def finish(self):
        self.progress('')
        self.heading('Claims')
        self.rows(['goal', 'what', 'claimed', 'measured', ''], sorted(
            self.claims, key=lambda claim: claim[0]), 5)
        if self.others:
            self.say(f'\nOthers used {100 * statistics.median(self.others):.0f} % of the machine '
                     f'(median; at most {100 * max(self.others):.0f} %).')
