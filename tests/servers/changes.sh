#!/bin/sh
# A client that has called is known to the responder; whatever changes in the store counts for its very next call
# all the same, by whatever program it was changed.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3

answered() { # STATUS TEXT NAME: what the next call comes to
    fcgi say
    is "$end $status" "whole $1" "$3"
    like "$(cat "$tmp/body")" "$2" "$3: what is said"
}

new_store
make_echo 0ms
serve
answered 200 '"agent":"parrot"' 'a call'
answered 200 '"agent":"parrot"' 'another, of a client that is known'

magec agent add second --backend echo >/dev/null
magec client set say --agents second >/dev/null
answered 200 '"agent":"second"' 'another agent'
sql "UPDATE backend SET type = 'sing' WHERE id = 'echo'"
answered 500 'ok":false' 'a backend changed with another program'
sql "UPDATE backend SET type = 'echo' WHERE id = 'echo'"
answered 200 '"agent":"second"' 'and changed back'

fcgi say --body '{"agent": "third", "prompt": "x"}'
is "$status" 403 'an agent that is not there'
magec agent add third --backend echo >/dev/null
magec client set say --agents second,third >/dev/null
fcgi say --body '{"agent": "third", "prompt": "x"}'
is "$status" 200 'it is, and the client may use it'
magec client set say --agents second >/dev/null
fcgi say --body '{"agent": "third", "prompt": "x"}'
is "$status" 403 'it may not any more'

magec client set say --disable >/dev/null
answered 403 'this webhook is disabled' 'the client is disabled'
magec client set say --enable >/dev/null
answered 200 '"ok":true' 'and enabled'
old=$token
token=$(magec client token say | token_of)
answered 200 '"ok":true' 'a new token'
new=$token token=$old
answered 401 'the token is not valid' 'the old one has ended'
token=$new
answered 200 '"ok":true' 'the new one goes on'
before=$(sql 'SELECT count(*) FROM run')
magec client remove say >/dev/null
answered 401 'the token is not valid' 'the client is removed'
is "$(sql 'SELECT count(*) FROM run')" "$before" 'what is refused is no run'
stop "$responder"
is "$rc" 0 'it ends well'
done_testing
