"""Settings of the documentation site; `make docs` builds it into docs/_build. Pages in docs/made are written first."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pages

from rramcirc.basics.version import __version__

pages.main()
project = "rramcirc"
author = "the authors of rramcirc"
project_copyright = "the authors of rramcirc, GPL-3.0-or-later"
release = version = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
html_theme = "furo"
html_title = f"rramcirc {__version__}"
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["page.css"]
