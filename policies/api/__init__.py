"""Prompts, policies and generation runs by program."""
