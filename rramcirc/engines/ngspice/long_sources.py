"""Long piecewise-linear sources as sums of short ones.

ngspice looks for its place in a PWL list from the first corner on, at every load: the time of a run grows with the
square of the number of corners. Measured with trains of 1 ms pulses at 50 Hz into an RC load (CPU s, ngspice 46):

=========  ========  ==========================================
 corners   one list  in parts in series
=========  ========  ==========================================
   10,000       1.2
   30,000       8.7  3.4 (5 parts)
  100,000      86    13.9 (10 parts), 14.9 (16 parts), 32.7 (100 parts)
=========  ========  ==========================================

Parsing is no matter: 0.3 s and 110 MB for a million corners in a deck of 16 MB. XSPICE's ``filesource`` reads a file in
linear time, but sets no breakpoints and so steps over pulses (10,000 corners: 48 points in all).

A part is 0 before its first corner and keeps its last value, both of which ngspice finds at once; so at any time only
one part is searched.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rramcirc.basics.arrays import FloatArray

MOST_CORNERS = 4000  # in one list; what a part costs (a node and a branch) is below what it saves from here on
CORNERS_PER_PART_SQUARED = 1000.0  # good number of parts p of n corners: p^2 = n / 1000, from the table


def part_count(corners: int) -> int:
    """Return in how many parts a list of corners is divided."""
    if corners <= MOST_CORNERS:
        return 1
    count: int = max(2, round((corners / CORNERS_PER_PART_SQUARED) ** 0.5))
    return count


def parts(times: FloatArray, levels: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return corner lists whose sum is the waveform of the given corners.

    Parameters
    ----------
    times, levels : (n,) arrays
        Corners of a piecewise-linear waveform that is constant before the first and after the last.

    Returns
    -------
    list of (times, levels)
        The first holds the level before all corners; every later one begins and rests at 0.

    Examples
    --------
    >>> import numpy as np
    >>> count = part_count(6000)
    >>> found = parts(np.arange(6000.0), np.sin(np.arange(6000.0)))
    >>> len(found) == count
    True
    """
    n = len(times)
    count = part_count(n)
    if count == 1:
        return [(times, levels)]
    edges = np.linspace(0, n - 1, count + 1).astype(int)
    edges = edges[np.append(True, np.diff(edges) > 0)]
    found = []
    for k, (first, last) in enumerate(pairwise(edges.tolist())):
        t, v = times[first : last + 1], levels[first : last + 1]
        if k:
            t, v = np.append(0.0, t), np.append(0.0, v - v[0])
        found.append((t, v))
    return found
