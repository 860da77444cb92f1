"""Who asks: accounts, their usage and payment signals, and the health score made of them."""
