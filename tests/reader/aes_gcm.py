"""AES-256-GCM from FIPS 197 and SP 800-38D, to read encrypted captures with."""


def make_sbox():
    """The inverse in GF(2^8), by walking through all powers of 3, and the affine map."""
    box, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= (p << 1 ^ (p >> 7) * 0x11b) & 0x1ff
        for shift in (1, 2, 4):
            q = (q ^ q << shift) & 0xff
        q ^= 0x09 if q & 0x80 else 0
        turned = q
        for shift in (1, 2, 3, 4):
            turned ^= q << shift | q >> (8 - shift)
        box[p] = (turned ^ 0x63) & 0xff
        if p == 1:
            return box


SBOX = make_sbox()


def twice(value):
    return (value << 1 ^ (value >> 7) * 0x11b) & 0xff


def round_keys(key):
    words, constant = [list(key[i:i + 4]) for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = twice(constant)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 60, 4)]


def mix(column):
    total = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [column[i] ^ total ^ twice(column[i] ^ column[(i + 1) % 4]) for i in range(4)]


def encrypt_block(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for i in range(1, 15):
        state = [SBOX[state[(k + 4 * (k % 4)) % 16]] for k in range(16)]
        if i < 14:
            state = sum((mix(state[k:k + 4]) for k in range(0, 16, 4)), [])
        state = [a ^ b for a, b in zip(state, keys[i])]
    return bytes(state)


def multiply(x, y):
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xe1 << 120 if y & 1 else 0)
    return product


def ghash(h, data):
    value = 0
    for i in range(0, len(data), 16):
        value = multiply(value ^ int.from_bytes(data[i:i + 16].ljust(16, b"\0"), "big"), h)
    return value


def padded(data):
    return data + bytes(-len(data) % 16)


def decrypt(key, nonce, extra, data):
    """The plain text of data, whose last 16 bytes are the tag; None when that does not hold."""
    keys = round_keys(key)
    data, tag = data[:-16], data[-16:]
    sizes = (8 * len(extra)).to_bytes(8, "big") + (8 * len(data)).to_bytes(8, "big")
    h = int.from_bytes(encrypt_block(keys, bytes(16)), "big")
    first = int.from_bytes(encrypt_block(keys, nonce + b"\0\0\0\1"), "big")
    if (ghash(h, padded(extra) + padded(data) + sizes) ^ first).to_bytes(16, "big") != tag:
        return None
    stream = b"".join(encrypt_block(keys, nonce + (2 + i).to_bytes(4, "big"))
                      for i in range((len(data) + 15) // 16))
    return bytes(a ^ b for a, b in zip(data, stream))


def derive(key, text):
    """Two blocks that differ in their last byte, encrypted: the key for that text."""
    keys = round_keys(key)
    return encrypt_block(keys, text + b"\1") + encrypt_block(keys, text + b"\2")
