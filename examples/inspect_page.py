"""Look at a run in the browser: one page with all signals, cursors, measurements, and maps of arrays.

The page is one file and needs no network. The same from the command line: `rramcirc build-netlist synapse -o s.toml`,
`rramcirc simulate s.toml -o s.run`, `rramcirc inspect s.run --html synapse.html`. The picture is `rc.plot`.
"""

import rramcirc as rc

bench = rc.default_bench("synapse")  # read, PRE on the gate, POST on the top electrode, read
waves = rc.simulate(bench)
rc.write_page(waves, [], "synapse.html", ["max(i(bl))", "final(gap)"])  # open it in any browser
rc.plot(waves, ["v(bl)", "v(wl)", "i(bl)", "gap"], "inspect_page.png", title="1T1R synapse, PRE before POST")
