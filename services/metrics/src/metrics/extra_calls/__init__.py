"""The extra call that a day offers: what stands beside its form, and how the form becomes a call's draft."""
