"""The checksum of the helper's sources; ``python follow/native/checksum.py`` writes it into ``follow/accelerate.py``.

The compiler is told it as well, so that a helper is only used by the Python code that it was made for.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent


def checksum() -> int:
    """What tells one state of the sources from another, whatever a checkout does to the ends of lines."""
    files = sorted((*FOLDER.glob("*.c"), *FOLDER.glob("*.h")))
    return zlib.crc32(b"".join(file.name.encode() + file.read_bytes().replace(b"\r\n", b"\n") for file in files))


if __name__ == "__main__":
    path = FOLDER.parent / "accelerate.py"
    path.write_text(re.sub(r"^SOURCES = .*", f"SOURCES = 0x{checksum():08X}", path.read_text(), flags=re.MULTILINE))
