"""Other trainers' own readers over the bytes that Tiebreak writes: `make readers`. Each is installed beside the product, never into it."""
