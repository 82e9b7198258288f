#!/usr/bin/python3
"""Runs the benchmarks: magec-fcgi and its peers behind nginx, against a mock of the model's server,
on 127.0.0.1. README.md says what the figures mean."""
import sys
sys.dont_write_bytecode = True  # pylint: disable=wrong-import-position
import argparse
import signal
import time

import claims
import machine
import servers
from measure import Report

# Mode: the function, whether the quick run has it.
MODES = {'instant': True, 'streams': True, 'tls': True, 'record': True, 'processes': True,
         'start': True, 'store': False}


def arguments():
    p = argparse.ArgumentParser(description='Measures magec-fcgi against its peers.')
    p.add_argument('--build', default='.', help='where magec-fcgi and bench/load are (.)')
    p.add_argument('--quick', action='store_true', help='less than a minute')
    p.add_argument('--only', metavar='MODE,...', help='of: ' + ', '.join(MODES))
    p.add_argument('--rounds', type=int, help='samples of each target')
    p.add_argument('--runs', type=int, default=1000000, help='in the big store (1000000)')
    p.add_argument('--keep-conn', action=argparse.BooleanOptionalAction, default=True,
                   help='let nginx keep FastCGI connections (yes)')
    p.add_argument('--markdown', action='store_true', help='print the tables as markdown')
    a = p.parse_args()
    a.modes = a.only.split(',') if a.only else [m for m, quick in MODES.items()
                                                if quick or not a.quick]
    wrong = [m for m in a.modes if m not in MODES]
    if wrong:
        p.error(f'there is no mode "{wrong[0]}"; there are: ' + ', '.join(MODES))
    if a.runs < 2000 or a.rounds is not None and a.rounds < 1:
        p.error('there have to be 2000 runs and one round at least')
    return a


def describe(bench, report, options):
    nginx, go = machine.find('nginx'), machine.find('go')
    php = machine.find(*servers.PHP)
    said = [machine.say(f'{bench.build}/magec-fcgi', '--version'), machine.say(nginx, '-v'),
            go and machine.say(go, 'version'), php and machine.say(php, '-v')]
    report.say(('## ' if report.markdown else '') + time.strftime('%Y-%m-%d'))
    report.say()
    for line in (machine.description(), '; '.join(s for s in said if s),
                 f'Store on {machine.filesystem(bench.folder)}; FastCGI connections between nginx '
                 f'and magec-fcgi are {"kept" if options.keep_conn else "not kept"}.'):
        report.say('- ' + line if report.markdown else line)


def run(bench, options, report):
    plan = claims.QUICK if options.quick else claims.FULL
    bench.start_upstream()
    modes = claims.Modes(bench, plan, report, options.runs)
    if options.rounds:
        modes.plan = plan._replace(
            rounds=options.rounds, stream_rounds=options.rounds,
            many_rounds=min(options.rounds, plan.many_rounds))
    if 'store' in options.modes:
        modes.add_big()
    if 'instant' in options.modes and not options.quick:
        modes.add_peers()
    bench.start_nginx()
    describe(bench, report, options)
    for name in options.modes:
        try:
            getattr(modes, name)()
        except servers.Missing as reason:
            report.progress('')
            report.say(f'\nNot measured: {name}: {reason}')
    if bench.missing:
        report.say('\nMissing: ' + '; '.join(bench.missing) + '.')
    report.finish()


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    begin = time.monotonic()
    report = Report(options.markdown)
    try:
        with servers.Bench(options.build, options.keep_conn) as bench:
            run(bench, options, report)
    except servers.Missing as reason:
        sys.exit(f'bench: {reason}')
    except KeyboardInterrupt:
        sys.exit(130)
    report.say(f'It took {time.monotonic() - begin:.0f} s.')


if __name__ == '__main__':
    main()
