"""Legal deadlines (법정 기한): each a row with rule and source, told of before, and worked when it has passed."""
