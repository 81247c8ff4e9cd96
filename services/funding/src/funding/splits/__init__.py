"""Who pays which part of a project: the versions of rules F-01 and F-02."""
