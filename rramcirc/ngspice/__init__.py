"""ngspice as a child process: run a deck, read its log, judge the outcome."""
