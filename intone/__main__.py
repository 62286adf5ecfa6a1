"""`python -m intone`, and so `torchrun -m intone train ...`."""

from intone.command.cli import main

main()
