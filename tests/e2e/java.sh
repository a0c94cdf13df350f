#!/bin/bash
# Java: HttpClient over HTTP/1.1 and HTTP/2, through the relay, with the user's own trust store.
. "$(dirname "$0")/lib.sh"
javac=$(command -v javac) && command -v keytool >/dev/null || skip_all "there is no JDK here"
[ "$(uname -m)" = x86_64 ] || skip_all "dlsym is hooked on x86-64 only"
start_double
mkdir tmp && export TMPDIR=$scratch/tmp # where the relay's directory goes

cat >Agent.java <<'P'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.util.stream.IntStream;

public class Agent {
    static HttpClient client(HttpClient.Version v) {
        return HttpClient.newBuilder().version(v).build();
    }

    static HttpRequest.Builder to(String url) {
        return HttpRequest.newBuilder(URI.create(url));
    }

    public static void main(String[] a) throws Exception {
        var h1 = client(HttpClient.Version.HTTP_1_1);
        var h2 = client(HttpClient.Version.HTTP_2);
        for (var c : new HttpClient[] {h1, h2}) {
            var r = c.send(to(a[0] + "/v1/models").build(), BodyHandlers.ofString());
            System.out.println(r.version() + " " + r.statusCode() + " " + r.body());
        }
        var ask = "{\"model\":\"double-1\",\"stream\":true,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
        var sse = to(a[0] + "/v1/chat/completions")
            .POST(BodyPublishers.ofString(ask)).build();
        h2.send(sse, BodyHandlers.ofLines()).body().forEach(System.out::println);
        var big = to(a[0] + "/t/echo")
            .POST(BodyPublishers.ofString("x".repeat(3000000))).build();
        var sum = MessageDigest.getInstance("SHA-256")
            .digest(h1.send(big, BodyHandlers.ofByteArray()).body());
        System.out.println(new java.math.BigInteger(1, sum).toString(16));
        var many = IntStream.range(0, 8).mapToObj(i -> h1.sendAsync(
            to(a[0] + "/t/echo?" + i).build(), BodyHandlers.ofString())).toList();
        for (var f : many) {
            System.out.println(f.get().statusCode() + " " + f.get().body());
        }
    }
}
P
"$javac" Agent.java || exit 1
store=$scratch/store.p12
keytool -importcert -noprompt -alias double -file "$DOUBLE_CA" -keystore "$store" \
	-storepass secret1 >keytool.out 2>&1 || exit 1
agent() {
	java -XX:TieredStopAtLevel=1 -Djavax.net.ssl.trustStore="$store" \
		-Djavax.net.ssl.trustStorePassword=secret1 Agent "$https"
}
unset SSL_CERT_FILE

export -f agent
export store https
recording j.thc bash -c agent >j.rec 2>j.err
equal "Java: recording leaves stderr as it is" "" "$(cat j.err)"
equal "Java: over both versions" "HTTP_1_1 200 HTTP_2 200" \
	"$(cut -d' ' -f1,2 j.rec | head -n 2 | xargs)"
equal "Java: all its requests" 12 "$(spans j.thc | wc -l)"
equal "Java: whole" "" "$(spans j.thc 'select(.truncated)')"
equal "Java: and nothing beside them" "" \
	"$("$tool" dump --json j.thc | jq -c 'select(.kind == "connection" and .decoded == false)')"
exits "Java: replayed" 0 "$tool" replay -q j.thc -- bash -c agent
same "Java: as it was recorded" j.rec out

# shellcheck disable=SC2089,SC2090 # the VM reads the quotes
JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore='$store' -Djavax.net.ssl.trustStorePassword=secret1"
# shellcheck disable=SC2090
export JAVA_TOOL_OPTIONS
exits "Java: a store that JAVA_TOOL_OPTIONS names" 0 "$tool" record -q --require-coverage \
	-o tool.thc -- java -XX:TieredStopAtLevel=1 Agent "$https"
equal "Java: is heeded" "HTTP_1_1 200 HTTP_2 200" "$(cut -d' ' -f1,2 out | head -n 2 | xargs)"
unset JAVA_TOOL_OPTIONS

cat >Refuse.java <<'P'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Refuse {
    public static void main(String[] a) throws Exception {
        try {
            var request = HttpRequest.newBuilder(URI.create(a[0])).build();
            HttpClient.newHttpClient().send(request, BodyHandlers.discarding());
        } catch (javax.net.ssl.SSLHandshakeException e) {
            System.out.println(e.getMessage());
        }
    }
}
P
"$javac" Refuse.java || exit 1
java -XX:TieredStopAtLevel=1 Refuse "$https" >direct 2>&1
recording refuse.thc java -XX:TieredStopAtLevel=1 Refuse "$https" >refuse.rec 2>&1
same "Java: a server that it does not trust is refused by it, in the same words" direct refuse.rec

# A certificate that has expired: nothing but the replay's own stands in the chain then.
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -days 2 -subj /CN=ca 2>/dev/null
openssl req "${key[@]}" -keyout old.key -out old.csr -subj /CN=old 2>/dev/null
openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -days -1 -out old.pem \
	-extfile <(echo subjectAltName=DNS:localhost) 2>/dev/null
keytool -importcert -noprompt -alias old -file ca.pem -keystore "$store" \
	-storepass secret1 >keytool.out 2>&1 || exit 1
cat >old.py <<'P'
import os, socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("old.pem", "old.key")
listener = socket.create_server(("127.0.0.1", 0))
open("port.new", "w").write(str(listener.getsockname()[1]))
os.rename("port.new", "port")
while True:
    s, _ = listener.accept()
    try:
        context.wrap_socket(s, server_side=True).close()
    except OSError:
        s.close()
P
/usr/bin/python3 old.py 2>/dev/null &
old=$!
trap 'kill $old 2>/dev/null; finish' EXIT
while [ ! -f port ]; do sleep 0.05; done
refuse() {
	java -XX:TieredStopAtLevel=1 -Djavax.net.ssl.trustStore="$store" \
		-Djavax.net.ssl.trustStorePassword=secret1 Refuse "https://localhost:$(cat port)"
}
export -f refuse
recording old.thc bash -c refuse >old.rec 2>&1
holds "Java: an expired certificate is refused" grep -q 'validity check failed' old.rec
exits "Java: and in a replay" 0 "$tool" replay -q old.thc -- bash -c refuse
same "Java: in the same words" old.rec out
