"""`verify.py`: the verifier of payment archives in one file, made of its parts, for those who have nothing of ours."""

import re
from pathlib import Path

from contracts import archive_case, archive_checks, archive_grounds, archive_records, payment_archives

_OUR_OWN = re.compile(r"^from contracts\.\w+ import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)


def verifier() -> bytes:
    """The source of one file that runs alone with Python 3.10 or later: no part imports another any more."""
    parts = (archive_case, archive_checks, archive_records, archive_grounds, payment_archives)
    sources = [_OUR_OWN.sub("", Path(str(part.__file__)).read_text("utf-8")) for part in parts]
    return "\n\n".join(sources).encode()
