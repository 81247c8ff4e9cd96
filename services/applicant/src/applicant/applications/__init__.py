"""Applications: drafted and submitted by companies, screened by rules R-01 to R-13, found eligible or not."""
