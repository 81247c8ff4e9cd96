"""`python -m smartfactory`: the same as the `smartfactory` command."""

from smartfactory.cli import main

main()
