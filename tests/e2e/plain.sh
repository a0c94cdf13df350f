#!/bin/bash
# HTTP without TLS: the socket calls are tapped. curl, Python and Perl.
. "$(dirname "$0")/lib.sh"
start_double

record_and_replay get curl -sS "$http/v1/models"
record_and_replay localhost curl -sS "http://localhost:$DOUBLE_HTTP/v1/models"
record_and_replay keep-alive curl -sS "$http/t/echo?1" "$http/t/echo?2"
record_and_replay http10 curl -sS --http1.0 "$http/t/until-close"
record_and_replay large curl -sS "$http/t/bytes?n=3000000"
record_and_replay cut curl -sS "$http/t/cut?how=rst"
record_and_replay python /usr/bin/python3 -c "
import urllib.request
print(urllib.request.urlopen('$http/t/echo').read().decode())"

# Perl writes and reads with write() and read() on a socket that nobody called HTTP.
record_and_replay perl perl -MIO::Socket::INET -e '
my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die;
print $s "GET /t/until-close HTTP/1.1\r\nHost: x\r\n\r\n"; $s->flush;
print while <$s>' "$DOUBLE_HTTP"

# A refused connection is a fact of the recording, and is refused again.
record_and_replay refused curl -s -w '%{exitcode}' "http://127.0.0.1:1/nobody"
