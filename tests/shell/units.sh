#!/bin/sh
# contrib/systemd/: systemd takes the units as they are, and finds them well protected.
. "${0%/*}/lib.sh"
need systemd-analyze
units=$top_srcdir/contrib/systemd

# What is installed is what stands here, but for the folder of the programs, which may be another one. The user is made
# by magec.sysusers.conf.
unit() { # NAME NAME-HERE
    sed -e 's,/usr/local/bin/magec-fcgi,/bin/true,' "$units/$1" >"$tmp/$2"
}

unit magec-fcgi.service magec-fcgi.service
unit magec-fcgi.socket magec-fcgi.socket
unit magec-fcgi@.service magec-fcgi@second.service
unit magec-fcgi@.socket magec-fcgi@second.socket
for name in magec-fcgi.service magec-fcgi.socket magec-fcgi@second.service magec-fcgi@second.socket; do
    run systemd-analyze verify --man=no "$tmp/$name"
    is "$rc" 0 "$name is a unit"
    is "$(grep -F "$tmp" "$tmp/err")" '' 'without a warning'
done
run systemd-analyze security --no-pager --offline=true --threshold=15 "$tmp/magec-fcgi.service"
is "$rc" 0 'exposed to 1.5 of 10 at most'
diag "$(tail -n 1 "$tmp/out")"

# A further one is the first one with other names.
instance() { # FILE: without comments, and as if its name were "magec"
    sed -e '/^#/d' -e '/^$/d' -e 's/magec-fcgi@%i\.socket/magec-fcgi.socket/g' -e 's,/magec-%i/,/magec/,' \
        -e 's,/etc/magec/%i$,/etc/magec/environment,' -e 's,^\(StateDirectory=magec\)-%i$,\1,' \
        -e 's,/run/magec/%i\.sock,/run/magec/magec.sock,' -e 's/^\(Description=.*\), %i$/\1/' "$1"
}
for name in service socket; do
    instance "$units/magec-fcgi.$name" >"$tmp/first"
    instance "$units/magec-fcgi@.$name" >"$tmp/further"
    is "$(cat "$tmp/further")" "$(cat "$tmp/first")" "magec-fcgi@.$name is magec-fcgi.$name with other names"
done

# As root they would make the user and the folder for real: in a folder of their own they cannot do harm.
mkdir -p "$tmp/root/etc" "$tmp/root/usr/lib/sysusers.d" "$tmp/root/usr/lib/tmpfiles.d"
cp "$units/magec.sysusers.conf" "$tmp/root/usr/lib/sysusers.d/magec.conf"
cp "$units/magec.tmpfiles.conf" "$tmp/root/usr/lib/tmpfiles.d/magec.conf"
if [ "$(id -u)" = 0 ] && command -v systemd-sysusers >/dev/null && command -v systemd-tmpfiles >/dev/null; then
    run systemd-sysusers --root="$tmp/root"
    is "$rc" 0 'sysusers.d makes the user'
    like "$(cat "$tmp/root/etc/passwd")" '^magec:x:[0-9]*:[0-9]*:.*:/var/lib/magec:' 'with the home of the store'
    run systemd-tmpfiles --root="$tmp/root" --create magec.conf
    is "$rc" 0 'tmpfiles.d makes the folder of the socket'
    is "$(stat -c %a "$tmp/root/run/magec")" 755 'where web servers get at it'
    ok 'and leaves that of the store alone, which may be of another user' test ! -e "$tmp/root/var/lib/magec"
else
    skip 'not root, or not all of systemd is here' 5
fi
done_testing
