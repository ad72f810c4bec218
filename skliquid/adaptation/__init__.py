"""What fit learns of the sequences without labels."""

from .plasticity import Plasticity

__all__ = ["Plasticity"]
