"""The other services' REST interfaces, for pages: read, or asked to do something, as the person who has the page."""
