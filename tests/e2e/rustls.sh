#!/bin/bash
# A program in Rust on rustls, as Debian packages it (librust-ureq-dev): through the relay. Cargo
# builds it, which takes a while, from what is installed.
home=$HOME
. "$(dirname "$0")/lib.sh"
crates=/usr/share/cargo/registry
cargo=$(command -v cargo) || skip_all "there is no cargo here"
toolchains=${RUSTUP_HOME:-$home/.rustup}
[ -n "$(compgen -G "$crates/ureq-2*")" ] || skip_all "librust-ureq-dev is not installed"

mkdir -p agent/src agent/.cargo tmp && cd agent || exit 1
cat >Cargo.toml <<'P'
[package]
name = "agent"
version = "0.1.0"
edition = "2021"
[dependencies]
ureq = { version = "2", features = ["native-certs"] }
P
cat >.cargo/config.toml <<P
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "$crates"
P
cat >src/main.rs <<'P'
use std::io::Read;

fn show(result: Result<ureq::Response, ureq::Error>) {
    match result {
        Ok(response) | Err(ureq::Error::Status(_, response)) => {
            let status = response.status();
            let mut body = Vec::new();
            let read = response.into_reader().read_to_end(&mut body);
            let sum = body.iter().fold(0u64, |a, b| a.wrapping_mul(31).wrapping_add(*b as u64));
            println!("{} {} {} {}", status, body.len(), sum, read.is_ok());
        }
        Err(error) => println!("error: {}", error),
    }
}

fn main() {
    let base = std::env::args().nth(1).unwrap();
    let agent = ureq::agent();
    show(agent.get(&format!("{}/v1/models", base)).call());
    show(agent.get(&format!("{}/t/status/503", base)).call());
    show(agent.post(&format!("{}/t/echo", base)).send_bytes(&vec![b'x'; 2000000]));
    show(agent.get(&format!("{}/t/cut?how=fin&framing=length", base)).call());
    let threads: Vec<_> = (0..8)
        .map(|i| {
            let url = format!("{}/t/echo?{}", base, i);
            std::thread::spawn(move || match ureq::get(&url).call() {
                Ok(response) => response.into_string().unwrap(),
                Err(error) => error.to_string(),
            })
        })
        .collect();
    for thread in threads {
        println!("{}", thread.join().unwrap());
    }
}
P
export CARGO_HOME=$scratch/cargo RUSTUP_HOME=$toolchains
"$cargo" build --offline --quiet >../build.out 2>&1 ||
	skip_all "Debian's crates do not build here: $(tail -n 1 ../build.out)"
cd .. && cp agent/target/debug/agent client && strip client
rm -rf agent

start_double
export TMPDIR=$scratch/tmp # where the relay's directory goes
exits "rustls: recorded, and all of it was seen" 0 "$tool" record --require-coverage -o r.thc -- \
	./client "$https"
cp out r.rec
equal "rustls: with the answers of the server" "200 503 200 200" \
	"$(head -n 4 r.rec | cut -d' ' -f1 | xargs)"
equal "rustls: all its requests" 12 "$(spans r.thc | wc -l)"
exits "rustls: replayed" 0 "$tool" replay r.thc -- ./client "$https"
same "rustls: as it was recorded" r.rec out
unset SSL_CERT_FILE
./client "$https" >direct 2>&1
holds "rustls: a server that is not trusted is refused" grep -q '^error: .*UnknownIssuer' direct
recording refuse.thc ./client "$https" >refuse.rec 2>&1
same "rustls: recorded, in the same words" direct refuse.rec
replaying refuse.thc ./client "$https" >refuse.rep 2>&1
same "rustls: replayed, in the same words" direct refuse.rep
