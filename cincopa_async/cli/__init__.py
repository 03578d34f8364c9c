"""The `cincopa` command. What it needs comes with extras, so nothing of that is imported at the top."""

import sys

INTERRUPTED = 130
"""The exit code that shells expect of what Ctrl-C has ended."""

OPTIONAL = {"click", "rich", "starlette", "typer", "uvicorn"}


def main() -> None:
    """Run the command line, or say in a sentence what it lacks."""
    try:
        from cincopa_async.cli._app import app

        app(prog_name="cincopa")
    except ImportError as error:
        # The testing package says in words of its own what it lacks; the cause knows it by name.
        missing = (getattr(error.__cause__ or error, "name", None) or "").partition(".")[0]
        if missing not in OPTIONAL:
            raise
        sys.exit(f'The cincopa command needs {missing}: pip install "cincopa-async[cli,testing]"')
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
