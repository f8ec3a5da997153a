"""Look at a run in the browser: one page with all signals, cursors, measurements, and a map of the array.

The page is one file and needs no network. The same from the command line:
`rramcirc simulate array.toml && rramcirc inspect array.run --html array.html`.
"""

import rramcirc as rc

bench = rc.default_bench("crossbar", rc.Request(rows=4, columns=4))
waves = rc.simulate(bench)
rc.write_page(waves, [], "array.html", ["max(i(bl0))", "final(gap[0,0])"])  # open it in any browser
rc.plot(waves, ["v(wl*)", "i(bl*)", "gap[0,*]"], "inspect_page.png", title="4 x 4 crossbar")
