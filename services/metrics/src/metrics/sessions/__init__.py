"""Who has signed in: sessions of people's browsers, with the tokens that the issuer gave for them."""
