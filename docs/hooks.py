"""What mkdocs is told besides its settings: the benchmarks' results and the changelog are pages of the site too."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FETCHED = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=["']?(?:https?:)?//[^>]*>""")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add files from outside of the folder of the documentation."""
    pages = {"changelog.md": ROOT / "CHANGELOG.md", "benchmarks/index.md": RESULTS / "README.md"}
    pictures = {f"benchmarks/{path.name}": path for path in sorted(RESULTS.glob("*.png"))}
    for name, path in (pages | pictures).items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that fetches something from elsewhere: the documentation is read without a network, too."""
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} fetches {found[0]} from elsewhere: keep it with the documentation")
    return output
