# On a terminal: its width is kept, problems are coloured, NO_COLOR and TERM=dumb are obeyed.
mk all-kinds x.thc
cat >look.py <<'P'
import fcntl, os, pty, re, struct, sys, termios
columns, settings = int(sys.argv[1]), dict(s.split("=") for s in sys.argv[2].split(",") if s)
pid, terminal = pty.fork()
if pid == 0:
    os.environ.pop("NO_COLOR", None)
    os.environ.update({"TERM": "xterm", **settings})
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execv(sys.argv[3], ["tracehook"] + sys.argv[4:])
data = b""
while True:
    try:
        more = os.read(terminal, 65536)
    except OSError:
        break
    if not more:
        break
    data += more
os.waitpid(pid, 0)
text = data.decode()
plain = re.sub(r"\x1b\[[0-9]*m", "", text)
assert "\x1b" not in plain, "what strangers sent does not drive the terminal"
widest = max(len(line) for line in plain.splitlines())
print(sys.argv[4], columns, sys.argv[2], "fits" if widest <= columns else widest,
      "coloured" if plain != text else "plain")
P
look() { /usr/bin/python3 look.py "$@"; }
look 70 "" "$tool" dump x.thc
look 132 "" "$tool" dump x.thc
look 70 NO_COLOR=1 "$tool" dump x.thc
look 70 NO_COLOR= "$tool" dump x.thc
look 70 TERM=dumb "$tool" dump x.thc
look 70 COLUMNS=90 "$tool" dump x.thc
look 0 "" "$tool" dump x.thc
look 200 "" "$tool" show x.thc 5
