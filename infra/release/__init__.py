"""Releases: plan → preflight → rollout → verify → smoke → prune → report, and the way back."""
