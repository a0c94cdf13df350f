"""Text as agents and models send it, for the workloads: it must compress like text, neither like
lorem ipsum nor like noise.

Python's own language reference (pydoc_data.topics, on every machine with Python) gives the words;
each next word is drawn from those that follow the present one there, or, as often as STRAY says,
from all of them: else a text of megabytes from so small a source would repeat itself more than
people do. So words come as often as in real text, and no sentence comes twice. Seeded: the same
text each time.

One zstd -3 stream of the workloads takes what measurements of real traffic took: about 420, 1,950
and 1,100 bytes per call of 1 KB JSON, chat and conversation.
"""

import random
from functools import lru_cache

STRAY = 0.6


@lru_cache(maxsize=None)
def followers():
    """Each word of the reference with the words that come behind it there."""
    from pydoc_data.topics import topics
    table, previous = {}, "."
    for name in sorted(topics):
        for word in topics[name].split():
            if word.isascii() and not set(word) <= set("*-=~^+|"):
                table.setdefault(previous, []).append(word)
                previous = word
    return table


@lru_cache(maxsize=None)
def vocabulary():
    return sorted(followers())


class Text:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.word = "."

    def words(self, size):
        """About `size` bytes of text, in lines."""
        table, lines, line, n = followers(), [], "", 0
        while n < size:
            stray = self.random.random() < STRAY
            self.word = self.random.choice(
                vocabulary() if stray else table.get(self.word) or table["."])
            line += (" " if line else "") + self.word
            if self.word.endswith(".") and len(line) > 200 or len(line) > 400:
                lines.append(line)
                n, line = n + len(line) + 1, ""
            elif n + len(line) > size:
                lines.append(line)
                break
        return "\n".join(lines)

    def hex(self, digits):
        return "%0*x" % (digits, self.random.getrandbits(4 * digits))

    def ident(self, size):
        return "".join(self.random.choices(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=size))

    def number(self, low, high):
        return self.random.randint(low, high)
