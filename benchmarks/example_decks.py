"""How many of the example decks that ngspice installs are refused without --trust: `python example_decks.py`.

Not counted are decks that reach outside their folder by their text: they start programs, load libraries, or name files
above their folder or on another machine's disk. Those that lack an included file are counted as not refused.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from rramcirc.basics.errors import RramcircError
from rramcirc.engines.ngspice.scan import check_foreign

EXAMPLES = Path("/usr/share/doc/ngspice/examples")
ENDINGS = (".cir", ".sp", ".spi", ".deck", ".net", ".ckt")
REACHES_OUT = re.compile(
    rb"^[ \t]*(?:shell|gnuplot)\b|\bd_process\b|\bd_cosim\b"
    rb"|^[ \t]*(?:\.inc\w*|\.lib|setcs|cd|pre_osdi)\b[^\n]*(?:\.\./|[A-Z]:[\\/])",
    re.I | re.M,
)


def main(root: Path) -> None:
    """Print the refused decks and the share of those that pass."""
    decks = [file for file in sorted(root.rglob("*")) if file.is_file() and file.suffix.lower() in ENDINGS]
    inside = [file for file in decks if not REACHES_OUT.search(file.read_bytes())]
    refused = []
    for file in inside:
        try:
            check_foreign(file)
        except RramcircError as error:
            if "--trust" in str(error):
                refused.append(f"{file.relative_to(root)}: {str(error).partition('not run: ')[2][:160]}")
    print("\n".join(refused))
    print(f"{len(decks)} decks, {len(inside)} stay in their folder, {len(refused)} of them refused")
    if inside:
        print(f"{100 * (1 - len(refused) / len(inside)):.1f} % pass without --trust (required: 95 %)")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES)
