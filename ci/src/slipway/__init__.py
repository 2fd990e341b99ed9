"""Slipway ships a GPU inference image: test, export, build, publish by digest, deploy, verify, roll back."""

from slipway.main import Slipway as Slipway
