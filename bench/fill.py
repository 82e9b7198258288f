"""Fills a store with many clients and runs, past the programs, as those would take hours."""
import sqlite3
import time

COUNT = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {})'

CLIENTS = (
    '''INSERT INTO client (id, enabled, passthrough, continue_when_gone, hash_prompt)
       SELECT printf('many-%06d', n), 1, 1, 0, 0 FROM c''',
    '''INSERT INTO client_agent (client, position, agent)
       SELECT printf('many-%06d', n), 0, (SELECT min(id) FROM agent) FROM c''',
    '''INSERT INTO token (hash, client, created_ms, expires_ms, last_used_ms)
       SELECT randomblob(32), printf('many-%06d', n), 0, 0, 0 FROM c''')

# Ids like those of UUIDs of version 7: in the order of time.
RUNS = '''INSERT INTO run (id, client, agents, mode, started_ms, status, http, finish_reason, model,
    input_tokens, output_tokens, first_byte_ms, duration_ms, prompt, response)
    SELECT printf('01900000-%04x-7000-8000-%012x', n >> 16, n),
    printf('many-%06d', 1 + n * 7919 % {clients}), '["instant"]', 'passthrough',
    {now} - ({runs} - n) * 100, 'ok', 200, 'stop', 'mock-1', 12, 50, 400, 1400,
    'hello there, what is the answer?', 'The answer to your question is forty two' FROM c'''


def fill(path, clients, runs):
    """Seconds that it took."""
    begin = time.monotonic()
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ('journal_mode = OFF', 'synchronous = OFF', 'cache_size = -500000'):
        db.execute('PRAGMA ' + pragma).fetchall()
    indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'run'"
                         " AND type = 'index' AND sql IS NOT NULL").fetchall()
    db.execute('BEGIN')
    for name, _ in indexes:  # made anew in one go
        db.execute(f'DROP INDEX {name}')
    for statement in CLIENTS:
        db.execute(COUNT.format(clients) + statement)
    now = int(time.time() * 1000)
    db.execute(COUNT.format(runs) + RUNS.format(clients=clients, runs=runs, now=now))
    for _, sql in indexes:
        db.execute(sql)
    db.execute('COMMIT')
    db.execute('PRAGMA journal_mode = WAL').fetchall()
    db.close()
    return time.monotonic() - begin


def count(path):
    """Runs in the store."""
    db = sqlite3.connect(path)
    try:
        return db.execute('SELECT count(*) FROM run').fetchone()[0]
    finally:
        db.close()
