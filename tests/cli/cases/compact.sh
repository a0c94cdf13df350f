# An archive copy is the same capture: everything reads it alike, and the seals of the original
# prove it.
mk two-runs a.thc
tracehook seal a.thc >/dev/null
tracehook compact a.thc b.thc | sed 's/[0-9.]* bytes of .*%)/… bytes/'
cmp <(tracehook dump --json a.thc) <(tracehook dump --json b.thc) && echo "the same spans"
cmp <(tracehook verify a.thc) <(tracehook verify b.thc) && echo "the same seals hold"
"$cases/../../reader/read_capture.py" verify b.thc | wc -l
[ "$(stat -c %s b.thc)" -lt "$(stat -c %s a.thc)" ] && echo "smaller"
tracehook compact -q b.thc c.thc && cmp b.thc c.thc && echo "the archive of an archive is itself"
# It goes on where the original stopped: the same file id, the same chain of seals.
tracehook seal b.thc
# An archive that somebody altered, repairing every checksum, is found by the original's seals.
cp c.thc forged.thc
"$cases/../forge_split.py" forged.thc 'api.example.test' 'api.forged_.test'
says tracehook dump --json forged.thc | grep -c 'forged_'
says tracehook verify forged.thc | sed 's/sealed 2.*//'
# So is every bit that flips in one.
"$(dirname "$mkcapture")/flip_bits" "$PWD/c.thc"
# Encrypted ones, with the key.
cp "$cases/../../golden/v1-encrypted.thc" e.thc
cp "$cases/../../golden/v1.key" key
chmod 600 key
export TRACEHOOK_KEY_FILE=$PWD/key
says tracehook compact -q e.thc f.thc
cmp <(tracehook verify e.thc) <(tracehook verify f.thc) && echo "encrypted: the same seals hold"
unset TRACEHOOK_KEY_FILE
says tracehook list f.thc
# What cannot be done.
says tracehook compact a.thc b.thc
says tracehook compact a.thc
says tracehook compact none.thc d.thc
says tracehook compact a.thc nowhere/d.thc
head -c 1000 a.thc >torn.thc
says tracehook compact torn.thc d.thc
mk two-runs unsealed.thc
tracehook compact unsealed.thc d.thc | sed 's/[0-9.]* bytes of .*%)/… bytes/'
ls
