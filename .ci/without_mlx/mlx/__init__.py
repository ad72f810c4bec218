"""Found before MLX, if this folder is in PYTHONPATH: as where there is no wheel of it."""

raise ModuleNotFoundError("No module named 'mlx'", name="mlx")
