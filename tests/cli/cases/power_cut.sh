# A power cut leaves the beginning of a file: sealed and encrypted captures, cut at every byte.
# The encrypted one is made with a key, and read with it (cut_all gets the file's name).
cut_all=$(dirname "$mkcapture")/cut_all
(umask 077 && printf 0123456789abcdef0123456789abcdef >key)
mk two-runs sealed.thc
tracehook seal sealed.thc
"$cut_all" "$PWD/sealed.thc"
export TRACEHOOK_KEY_FILE=$PWD/key
mk two-runs encrypted.thc
tracehook seal encrypted.thc
head -c "$(($(stat -c %s encrypted.thc) - 1))" encrypted.thc >cut.thc
says tracehook verify cut.thc | sed -E 's/sealed [0-9].*/sealed THEN/; s/offset [0-9]+/offset N/'
unset TRACEHOOK_KEY_FILE
"$cut_all" "$PWD/encrypted.thc" "$PWD/key"
