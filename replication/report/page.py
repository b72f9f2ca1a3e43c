"""The report as one HTML page that needs nothing but itself."""

import base64
import html
import re
from pathlib import Path

import jinja2
import markdown

from replication.errors import ReplicationError

TEMPLATE = Path(__file__).with_name("page.html.j2")
SUBSCRIPT = re.compile(r"(?<!\w)([μσεN])_([LD])(?!\w)")
VERDICTS = {"holds": "holds", "does not hold": "fails", "not established": "open", "no power": "open"}


def html_report(markdown_text: str, images: dict[str, bytes]) -> str:
    """The Markdown report as a page with its style and its PNG images inside.

    images: PNG bytes under the path by which the Markdown links to them; a link without an image is a ReplicationError.
    """
    body = markdown.markdown(markdown_text, extensions=["tables"], output_format="html")
    body = re.sub(r">[^<]+<", lambda text: SUBSCRIPT.sub(r"\1<sub>\2</sub>", text[0]), body)
    body = re.sub(
        r'(<img [^>]*src=")([^"]*)"', lambda link: f'{link[1]}{_data_uri(html.unescape(link[2]), images)}"', body
    )
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    for verdict, name in VERDICTS.items():
        body = re.sub(rf"<td([^>]*)>((?:<strong>)?{verdict})(?=<)", rf'<td\1 class="{name}">\2', body)
    title = next((line.removeprefix("# ") for line in markdown_text.splitlines() if line.startswith("# ")), "Report")
    template = jinja2.Template(TEMPLATE.read_text(encoding="utf-8"), undefined=jinja2.StrictUndefined)
    return template.render(title=html.escape(title), body=body) + "\n"


def _data_uri(name: str, images: dict[str, bytes]) -> str:
    if name not in images:
        raise ReplicationError(f"the report shows {name}, which was not given", "draw the figures first")
    return f"data:image/png;base64,{base64.b64encode(images[name]).decode('ascii')}"
