"""Be an operator of flashmob run --exec 'python3 …' --exec-mode frames: a process that lives for many batches.

    import flashmob
    flashmob.serve(lambda csv: csv.upper())

The function gets a batch as bytes and returns its results as bytes. Where the input has a header line it stands in front
of every batch, and the results begin with theirs: what works on a small file works on every batch. A batch for which the
function raises an exception is halved by flashmob until the record is found.

A frame is 4 bytes length, big-endian, of what follows: a letter and its text. flashmob sends H (the header line, once) and
B (a batch); the answers are H (the results' header line), R (results) and E (why a batch failed).
"""

import os
import struct
import sys
import traceback


def serve(function):
    """Answer every frame until there are no more. What the function prints goes to standard error, not into frames."""
    source = os.fdopen(os.dup(0), "rb", buffering=1 << 20)
    sink = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)
    header = title = b""
    while True:
        head = source.read(5)
        if len(head) < 5:
            return
        size, letter = struct.unpack(">Ic", head)
        text = source.read(size - 1)
        try:
            if letter == b"H":
                header = text + b"\n"
                title = function(header).rstrip(b"\r\n")
                answer, result = b"H", title
            else:
                answer, result = b"R", function(header + text)
                if header:  # flashmob has the title already, which may be several lines
                    if not result.startswith(title):
                        raise ValueError("the results' header line is another one than for no rows: %r" % title)
                    result = result[result.index(b"\n", len(title)) + 1 :]
        except Exception:
            answer, result = b"E", traceback.format_exc(limit=-3).encode()
        sink.write(struct.pack(">Ic", len(result) + 1, answer) + result)
        sink.flush()
