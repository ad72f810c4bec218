"""What fit learns of the sequences without labels."""
