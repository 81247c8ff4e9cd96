"""Good practices: nominated, verified on the figures that reports carry, published with or without the firm's name."""
