"""Animations, documents of several pages and Motion JPEG: a body that is a sequence of pictures."""
