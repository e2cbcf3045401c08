"""Speed, measured as ratios in one run against real programs on the same machine. `make bench` runs all of it."""
