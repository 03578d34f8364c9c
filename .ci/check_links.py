"""Check that every relative link in the Markdown files leads to a file, and to a heading where it names one."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def main() -> int:
    documents = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    broken = [
        f"{path.relative_to(ROOT)}: {link}" for path in documents for link in links(path) if not leads(path, link)
    ]
    for line in broken:
        print(f"broken link in {line}", file=sys.stderr)
    print(f"{len(documents)} documents, {len(broken)} broken links")
    return 1 if broken else 0


def links(path: Path) -> list[str]:
    return [link for link in LINK.findall(prose(path)) if not re.match(r"[a-z][a-z0-9+.-]*:", link)]


def leads(path: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (path.parent / name) if name else path
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+\s+(.+?)\s*#*$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
