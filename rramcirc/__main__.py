"""`python -m rramcirc` is the command line."""

from rramcirc.cli import main

main()
