"""What a team does at a firm: sessions that both sides confirm, and improvement items from found to closed."""
