"""Readouts: the trained part of a liquid state machine."""
