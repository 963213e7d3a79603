"""What it costs to freeze a million pairs and to write them, beside what the same bytes cost without a product."""
