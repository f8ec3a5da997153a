"""Studies as one call each: what `rramcirc.study` offers and the command ``rramcirc study`` prints and writes."""
