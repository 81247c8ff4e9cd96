"""Adopting companies (도입기업) and their worksites in the fourteen municipalities."""
