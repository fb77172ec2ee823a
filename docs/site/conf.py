"""How Sphinx makes the site of the pages: Markdown, one theme, and nothing that is fetched from elsewhere.

`python docs/site/build.py FOLDER` runs it, because it wants the pages gathered first.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from site_pages.docstrings import in_restructured_text

project = "text-generation"
author = "the authors of text-generation"
root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["docs/site"]

myst_enable_extensions = ["attrs_block", "deflist"]
myst_heading_anchors = 4

# What a class has of its own or of a class of ours is shown, what it has of these is not.
_ELSEWHERE = "BaseModel,BaseException,Enum,str,int,dict,list,tuple,Protocol,Generic,object"
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "show-inheritance": True,
    "inherited-members": _ELSEWHERE,
}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
default_role = "code"

smartquotes = False

html_theme = "furo"
html_title = "text-generation"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#1f3a5f",
        "color-brand-content": "#1d5fa8",
        "color-brand-visited": "#1d5fa8",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#9cc3ef",
        "color-brand-content": "#7fb2ea",
        "color-brand-visited": "#7fb2ea",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

suppress_warnings = [
    "misc.highlighting_failure",  # blocks may show what is no whole program
    "ref.python",  # several packages have a Token: an annotation's link goes to one of them
    "myst.header",  # a page may begin its sections below the second level
]


def setup(app: object) -> None:
    """Docstrings of this project are Markdown; autodoc wants its own language."""
    app.connect("autodoc-process-docstring", in_restructured_text)  # type: ignore[attr-defined]
