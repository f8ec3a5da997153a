"""Fifteen random modules with inner nodes: numpy and ngspice agree, or numpy refuses by name.

`make fuzz-inner` draws 500.
"""

from __future__ import annotations

import pytest
from inner_nodes import judge

SEED = 7


@pytest.mark.parametrize("number", range(15))
def test_no_random_module_is_quietly_different(number, tmp_path):
    for verdict in judge(SEED, number, tmp_path):
        assert verdict.kind in ("agree", "refused by numpy", "failed in ngspice"), f"{verdict}\n{verdict.module.text}"
