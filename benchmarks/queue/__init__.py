"""What the next place costs, however large the campaign and however much its labeler has done: `make bench-queue`."""
