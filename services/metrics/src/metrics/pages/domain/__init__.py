"""What pages say and how they write numbers; no request and no template is known here."""
