// Runs that stay with the server of `rramcirc inspect --serve`: tiles, values and measurements are asked for.
