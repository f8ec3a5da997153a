"""Questions about arrays: IR drop, read margin, yield, product error, largest size, disturb, energy."""
