"""Capacity: what one instance bears, how many a rate needs, and what they cost."""
