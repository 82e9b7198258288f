"""What the kernel says about processes and the machine."""
import os
import platform
import re
import shutil
import struct
import subprocess

TICK = os.sysconf('SC_CLK_TCK')
PATH = os.environ.get('PATH', '') + ':/usr/local/sbin:/usr/sbin:/sbin'


def find(*names):
    """The first of these programs that is installed, or None."""
    return next((path for path in (shutil.which(name, path=PATH) for name in names) if path), None)


def stat(pid):
    """The fields of /proc/PID/stat behind the name: state, parent, ..."""
    with open(f'/proc/{pid}/stat', encoding='latin-1') as f:
        text = f.read()
    return text[text.rindex(')') + 2:].split()


def tree(pid):
    """The process and all its descendants."""
    children = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                children.setdefault(int(stat(name)[1]), []).append(int(name))
            except (OSError, ValueError):
                pass
    found, new = [], [pid]
    while new:
        one = new.pop()
        found.append(one)
        new += children.get(one, [])
    return found


def cpu(pids):
    """Seconds that the processes used, with ended threads, and children they waited for."""
    ticks = 0
    for pid in (one for parent in pids for one in tree(parent)):
        try:
            ticks += sum(int(n) for n in stat(pid)[11:15])
        except OSError:
            pass
    return ticks / TICK


def busy():
    """Seconds that the machine worked."""
    with open('/proc/stat', encoding='ascii') as f:
        user, nice, system, _, _, irq, softirq = (int(n) for n in f.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


def pss(pids):
    """Resident memory in KiB; what processes share is divided among them."""
    total = 0
    for pid in (one for parent in pids for one in tree(parent)):
        try:
            with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
                total += int(re.search(r'^Pss:\s+(\d+)', f.read(), re.M).group(1))
        except (OSError, AttributeError):
            pass
    return total


def transactions(store):
    """A count that grows by one with every transaction of an SQLite file with a write-ahead log:
    the third word of the log's index."""
    try:
        with open(store + '-shm', 'rb') as f:
            return struct.unpack('=3I', f.read(12))[2]
    except (OSError, struct.error):
        return 0


def filesystem(path):
    """The type of the file system that the path is on."""
    best = ('', '?')
    with open('/proc/mounts', encoding='utf-8') as f:
        for where, kind in (line.split()[1:3] for line in f):
            if (path + '/').startswith(where.rstrip('/') + '/') and len(where) >= len(best[0]):
                best = (where, kind)
    return best[1]


def say(*command):
    """The first line that a program prints, or None."""
    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             stdin=subprocess.DEVNULL, timeout=20, check=False).stdout
    except OSError:
        return None
    return out.splitlines()[0].strip() if out.strip() else None


def field(path, pattern):
    """What the pattern's group finds in a file, or None."""
    try:
        with open(path, encoding='utf-8') as f:
            found = re.search(pattern, f.read(), re.M)
    except OSError:
        return None
    return found.group(1) if found else None


def description():
    """One line: processors, system, kernel."""
    model = field('/proc/cpuinfo', r'^model name\s*:\s*(.*)') or platform.machine()
    system = field('/etc/os-release', r'^PRETTY_NAME="?([^"\n]*)') or platform.system()
    return f'{os.cpu_count()} x {model}, {system}, Linux {platform.release()}'
