"""What is read of a file at most. Whatever is larger is refused before it is read, with the limit in the error.

docs/security.md has this table; a test compares the two.
"""

from __future__ import annotations

PIXELS = 64_000_000  # of one image, as stored and after each conversion: 8,000 x 8,000
ENCODED = 256 * 2**20  # bytes of one encoded image: a file, a member of an archive, a cell of Parquet
IMAGES = 50_000_000  # in one set: of each, labels and digests are in memory
LIST = 64 * 2**20  # bytes of a `dataset.json` or a CSV beside the images; that of ImageNet takes 58 MB
ARCHIVE = 1 * 2**30  # bytes that an archive may unpack to, whatever its size; the most for a compressed tar
ARCHIVE_RATIO = 100  # and how many times its size beyond that
ROW_GROUP = 1 * 2**30  # bytes of one column of one row group of Parquet, unpacked
TEXT = 64 * 2**10  # bytes of one caption
LATENTS = 2**28  # numbers that a program takes for one block of samples
DOWNLOAD = 2 * 2**30  # bytes of a file from an address, which is in memory until its digest is checked
HUB_FILE = 64 * 2**30  # bytes of a file from the Hugging Face Hub, which goes to the disk
