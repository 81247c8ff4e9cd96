"""What a plan rests on, what a pair costs, and why a plan is the cheapest there is."""
