"""Calls for applications (모집공고): drafted by the Technopark, published by the province, never changed afterwards."""
