"""What is asked of inspections: their evidence and rules, the interim inspection, the completion inspection."""
