"""Public money by source and by how far it has come: from appropriation to the supplier, and what comes back."""
