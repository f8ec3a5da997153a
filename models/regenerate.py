"""Write README.md and butterflies.png of this folder: every RRAM card, simulated in ngspice."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from rramcirc.circuits.array.cell_netlist import fits_cell
from rramcirc.circuits.request import Request
from rramcirc.circuits.table import default_bench
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.simulation import simulate

HERE = Path(__file__).resolve().parent


def rram_cards() -> list[ModelCard]:
    """Return every card that the default cell can hold."""
    return [card for card in map(load_card, card_names()) if fits_cell(card)]


def readme() -> str:
    """Return the text of README.md."""
    lines = [
        "# Model cards",
        "",
        "A card holds the numbers of one device of one source; every value has a unit, a source and a status:",
        "`published`, `fitted` or `assumed`. `rramcirc cards NAME` shows them. `make models` writes this page.",
        "",
        "![I-V loops of all cards](butterflies.png)",
        "",
        "| card | model | device | published / fitted / assumed | not modelled |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in card_names():
        card = load_card(name)
        count = Counter(value.status for value in card.parameters.values())
        status = " / ".join(str(count[s]) for s in ("published", "fitted", "assumed"))
        model = f"`{card.module or card.spice}`"
        lines.append(f"| `{name}` | {model} | {card.title} | {status} | {', '.join(card.not_modelled) or '-'} |")
    return "\n".join(lines) + "\n"


def draw(path: Path) -> None:
    """Simulate and draw the I-V loop of every RRAM card, all on `path` and each in docs/loops."""
    from rramcirc.figures.tables import plot_loops
    from rramcirc.figures.waveforms import plot_butterfly

    loops = {}
    for card in rram_cards():
        bench = default_bench("cell", Request(rram=card.name))
        waves = simulate(bench)
        below = waves["v(sl)"] if bench.design.selector else waves["v(wl)"]
        kind = "1T1R" if bench.design.selector else "1R"
        loops[f"{card.name}\n{kind}, {card.butterfly.ramp_rate:g} V/s"] = (waves["v(bl)"] - below, waves["current"])
        plot_butterfly(
            waves["v(bl)"] - below,
            waves["current"],
            HERE.parent / "docs" / "loops" / f"{card.name}.png",
            title=card.name,
        )
    plot_loops(loops, path)


def pulse_table() -> Path:
    """Measure and write the pulse table of the network experiments."""
    from rramcirc.studies.milo_pulses import TABLE_FILE, measure_table

    return measure_table().save(HERE / "pulse_tables" / TABLE_FILE)


if __name__ == "__main__":
    print("wrote", pulse_table(), file=sys.stderr)
    (HERE / "README.md").write_text(readme())
    draw(HERE / "butterflies.png")
    print("wrote README.md, butterflies.png", file=sys.stderr)
