"""`python -m rramcirc` is the command line."""

from rramcirc.cli.main import main

main()
