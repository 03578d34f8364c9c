"""`python -m cincopa_async` is the `cincopa` command."""

from cincopa_async.cli import main

main()
