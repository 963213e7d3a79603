"""The soak: real labelers over HTTP while something goes wrong all the time, and what is stored held against what they were told."""
