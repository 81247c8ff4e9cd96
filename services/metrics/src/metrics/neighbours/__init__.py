"""Reading what the other services publish, for pages: their REST interfaces only, as the person who reads the page."""
