"""Regressions: two images side by side, the live one and the next, in latency and in what they find."""
