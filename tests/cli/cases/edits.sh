# An edit that leaves nothing wrong but the chain: every length and checksum is right again. The
# capture is always the same one, for one tag of 65,536 is right by chance (capture/verify.h).
cp "$cases/../../golden/v1-child.thc" run.thc
"$cases/../edits.py" "$tool" "$PWD/run.thc"
