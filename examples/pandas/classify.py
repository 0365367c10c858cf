"""Classify the rows of a CSV: header and rows go to a data frame, and come out with a column more.

    python3 classify.py < data.csv > results.csv
    parallel --pipe -k --header : --block 1M python3 classify.py < data.csv     (a header a block: see README.md)
    flashmob run --local --exec 'python3 classify.py' --input data.csv -o output
    flashmob run --local --exec 'python3 classify.py lines' --exec-mode lines --input data.csv -o output
    flashmob run --local --exec 'python3 classify.py frames' --exec-mode frames --input data.csv -o output

SLOWNESS says how often each row is hashed: a stand-in for a model that takes its time. With SLOWNESS=0 rows are cheap.
"""

import hashlib
import io
import os
import random
import sys

import pandas as pd

SLOWNESS = int(os.environ.get("SLOWNESS", "10"))
CHUNK = 4_000  # rows of a frame where they come as a stream


def score(row):
    """A number in [0, 1) that depends on all of the row, and takes SLOWNESS rounds to find."""
    text = repr(row).encode()
    digest = hashlib.sha256()
    for _ in range(SLOWNESS):
        digest.update(text)
    return random.Random(digest.digest()).uniform(0, 1)


def classify(frame):
    if SLOWNESS:
        frame["CLASSIFICATION"] = [score(row) for row in frame.itertuples(index=False, name=None)]
    else:
        frame["CLASSIFICATION"] = frame["SKU"].str.len() % 7
    return frame


def read(source, **how):
    """Fields stay the text that they are, so that they come out as they went in."""
    return pd.read_csv(source, dtype=str, keep_default_na=False, **how)


def whole(text):
    """The whole of a CSV, header included, as bytes."""
    return classify(read(io.BytesIO(text))).to_csv(index=False).encode()


def main(mode):
    if mode == "lines":  # one process for many batches: as many rows out as in
        for i, frame in enumerate(read(sys.stdin.buffer, chunksize=CHUNK)):
            sys.stdout.buffer.write(classify(frame).to_csv(index=False, header=i == 0).encode())
            sys.stdout.buffer.flush()
    elif mode == "frames":
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "frames"))
        import flashmob

        flashmob.serve(whole)
    else:
        sys.stdout.buffer.write(whole(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "batch")
