"""The province's mentorship programme: cohorts of recruited mentors, what each knows, and who has been trained."""
