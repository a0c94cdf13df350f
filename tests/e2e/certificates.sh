#!/bin/bash
# Clients that look at the peer's certificate, or pin its key: what they see in a replay is the
# recorded one, the right pin passes and a wrong one fails alike. OpenSSL (curl, Python) and GnuTLS
# (wget, pycurl, gnutls-cli, GLib). The verification of it all stays the agent's own.
. "$(dirname "$0")/lib.sh"
export PYTHONDONTWRITEBYTECODE=1

start_double
echo "ca_certificate = $DOUBLE_CA" >wgetrc
export WGETRC=$scratch/wgetrc
openssl s_client -connect "localhost:$DOUBLE_HTTPS" </dev/null 2>/dev/null |
	openssl x509 -outform DER >server.der
pin_of() { # of the key on stdin, DER
	openssl dgst -sha256 -binary | base64
}
right=sha256//$(openssl x509 -inform DER -in server.der -pubkey -noout |
	openssl pkey -pubin -outform DER | pin_of)
wrong=sha256//$(echo other | pin_of)
with_gnutls() {
	ldd "$(command -v "$1" || echo /bin/true)" | grep -q libgnutls
}

cat >pycurl_agent.py <<'P'
import io, pycurl, sys
curl, body = pycurl.Curl(), io.BytesIO()
curl.setopt(curl.URL, sys.argv[1])
curl.setopt(curl.PINNEDPUBLICKEY, sys.argv[2])
curl.setopt(curl.CAINFO, sys.argv[3])
curl.setopt(curl.OPT_CERTINFO, 1)
curl.setopt(curl.WRITEDATA, body)
try:
    curl.perform()
except pycurl.error as error:
    print(error.args)
print(curl.getinfo(curl.RESPONSE_CODE), body.getvalue())
for certificate in curl.getinfo(curl.INFO_CERTINFO):
    print(certificate)
P
pinned() { # NAME CODE OF THE WRONG PIN, COMMAND…: PIN in it is the pin
	local client=$1 code=$2
	shift 2
	record_and_replay "$client" "${@//PIN/$right}"
	equal "$client: the right pin" 0 "$recorded"
	record_and_replay "$client-wrong" "${@//PIN/$wrong}"
	equal "$client: a wrong pin" "$code" "$recorded"
	replaying "$client.thc" "${@//PIN/$wrong}" >out 2>err
	equal "$client: a wrong pin fails where the right one was recorded" "$code" "$?"
	same "$client: with the same words" "$client-wrong.rec.err" err
	same "$client: and the same output" "$client-wrong.rec" out
}
url=$https/v1/models
pinned curl 90 curl -sS --pinnedpubkey PIN "$url"
if with_gnutls wget && wget --help | grep -q pinnedpubkey; then
	pinned wget 5 wget -q -t 1 --pinnedpubkey=PIN -O- "$url"
else
	skip wget "no wget with GnuTLS"
fi
if /usr/bin/python3 -c 'import pycurl; assert "GnuTLS" in pycurl.version' 2>/dev/null; then
	pinned pycurl 0 /usr/bin/python3 pycurl_agent.py "$url" PIN "$DOUBLE_CA"
	equal "pycurl: the wrong pin is error 90" 1 "$(grep -c '^(90,' pycurl-wrong.rep)"
else
	skip pycurl "no pycurl with GnuTLS"
fi

# ---- who prints it ----

sees=$(sha256sum <server.der | cut -d' ' -f1)
if command -v gnutls-cli >/dev/null; then
	shown() {
		"$@" gnutls-cli --print-cert --x509cafile "$DOUBLE_CA" -p "$DOUBLE_HTTPS" localhost \
			<<<$'GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r' |
			sed -n '/^-----BEGIN/,/^-----END/p'
	}
	shown recording cli.thc >recorded.pem
	shown replaying_online cli.thc >replayed.pem
	same "gnutls-cli prints the recorded chain" recorded.pem replayed.pem
	equal "which is the server's" "$sees" \
		"$(openssl x509 -in replayed.pem -outform DER | sha256sum | cut -d' ' -f1)"
else
	skip "gnutls-cli prints the recorded chain" "no gnutls-cli"
fi

cat >chains.py <<'P'
import hashlib, socket, ssl, sys
host, port = sys.argv[1].removeprefix("https://").split(":")
with ssl.create_default_context().wrap_socket(
        socket.create_connection((host, int(port))), server_hostname=host) as s:
    leaf = s.getpeercert(True)
    for chain in s._sslobj.get_unverified_chain(), s._sslobj.get_verified_chain():
        print(hashlib.sha256(chain[0].public_bytes(2)).hexdigest())  # 2: DER
    s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    while s.recv(4096):
        pass
P
if /usr/bin/python3 -c 'import _ssl; _ssl._SSLSocket.get_verified_chain' 2>/dev/null; then
	record_and_replay chains /usr/bin/python3 chains.py "$https"
	equal "both chains begin with the recorded leaf" "$sees $sees" "$(paste -sd' ' chains.rep)"
else
	skip "chains" "a Python without them"
fi

# GLib verifies the chain that it was shown by itself, and compares names.
cat >soup_agent.py <<'P'
import hashlib, sys, gi
gi.require_version("Soup", "3.0")
from gi.repository import Gio, Soup
session = Soup.Session()
session.set_tls_database(Gio.TlsFileDatabase.new(sys.argv[2]))
message = Soup.Message.new("GET", sys.argv[1])
try:
    body = session.send_and_read(message, None).get_data()
    print(message.get_status(), body)
except Exception as error:
    print(error)
certificate = message.get_tls_peer_certificate()
print(hashlib.sha256(certificate.props.certificate.unpack() if hasattr(
    certificate.props.certificate, "unpack") else certificate.props.certificate).hexdigest())
print(message.get_tls_peer_certificate_errors())
P
if /usr/bin/python3 -c 'import gi; gi.require_version("Soup", "3.0")
from gi.repository import Gio
assert "Gnutls" in str(Gio.TlsBackend.get_default())' 2>/dev/null; then
	record_and_replay soup /usr/bin/python3 soup_agent.py "$url" "$DOUBLE_CA"
	equal "soup: it sees the recorded certificate" 1 "$(grep -c "^$sees" soup.rep)"
	record_and_replay soup-refuses /usr/bin/python3 soup_agent.py "$url" /etc/hostname
else
	skip soup "no libsoup 3 with GnuTLS"
fi

# ---- years later ----

# A recorded certificate has expired since: what was good then still is.
later=$build/tests/hosts/later.so
if with_gnutls wget; then
	recording now.thc wget -q -O- "$url" >recorded
	offline env TRACEHOOK_MODE=replay TRACEHOOK_CAPTURE=now.thc LD_PRELOAD="$lib:$later" \
		wget -q -t 1 -O- "$url" >replayed 2>err
	same "wget, ten years later" recorded replayed
	LD_PRELOAD=$later fails "where the server's certificate has expired" \
		wget -q -t 1 -O- "$url"
else
	skip "wget, ten years later" "no wget with GnuTLS"
fi
