"""VACASK as a child process: run a netlist, bring its result into our form, judge the outcome."""
