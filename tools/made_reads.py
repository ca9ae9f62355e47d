"""Makes the reads of the stack `local`: stacks/samples/made-reads/, of no organism and no person.

    python tools/made_reads.py [FOLDER]

The seed is the file's name, so the reads are the same each time.
"""

import gzip
import random
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "stacks" / "samples" / "made-reads"
#: Reads of each file, by sample: each has two files.
SAMPLES = {"HG002": 300, "HG003": 200, "HG004": 150}
BASES = 75


def text(sample: str, mate: int, reads: int) -> str:
    """Make the text of a FASTQ file: quality falls along a read, faster in its second mate."""
    chance = random.Random(f"{sample}_R{mate}")
    lines = []
    for number in range(1, reads + 1):
        bases = "".join(chance.choices("ACGT", (29, 21, 21, 29), k=BASES))
        likely = [38 - 6 * mate * (place / BASES) ** 2 for place in range(BASES)]
        quality = [min(41, max(2, round(chance.gauss(mean, 3)))) for mean in likely]
        codes = "".join(chr(33 + each) for each in quality)
        lines += [f"@{sample}.{number}/{mate}", bases, "+", codes]
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write all files."""
    folder.mkdir(parents=True, exist_ok=True)
    for sample, reads in SAMPLES.items():
        for mate in (1, 2):
            made = gzip.compress(text(sample, mate, reads).encode(), mtime=0)
            (folder / f"{sample}_R{mate}.fastq.gz").write_bytes(made)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
