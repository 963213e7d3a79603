"""The desk in Chromium, beside its peers."""
