"""Brings up a Dagger Engine: an official one where Docker is, otherwise one of our own, built from Go modules."""
