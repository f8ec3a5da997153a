"""Where the Verilog-A sources, model cards and caches are."""

from __future__ import annotations

import os
from pathlib import Path

from rramcirc.basics.errors import EnvironmentProblem

_PACKAGE = Path(__file__).resolve().parents[1]


def _data_folder(name: str) -> Path:
    """Return the folder `name` of the checkout, or its copy inside the installed package."""
    for folder in (_PACKAGE.parent / name, _PACKAGE / "data" / name):
        if folder.is_dir():
            return folder
    raise EnvironmentProblem(
        f"the folder {name}/ of rramcirc is missing (looked beside and inside {_PACKAGE}). "
        "Install rramcirc again: pip install --force-reinstall rramcirc."
    )


def verilog_a_folder() -> Path:
    """Return the folder with the library's Verilog-A files."""
    return _data_folder("verilog-a")


def models_folder() -> Path:
    """Return the folder with the library's model cards."""
    return _data_folder("models")


def cache_folder() -> Path:
    """Return the cache folder; ``RRAMCIRC_CACHE`` overrides the platform's default."""
    chosen = os.environ.get("RRAMCIRC_CACHE")
    if chosen:
        folder = Path(chosen).expanduser()
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("rramcirc")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write the cache folder {folder} ({error.strerror}). Set RRAMCIRC_CACHE to a folder you can write."
        ) from error
    return folder
