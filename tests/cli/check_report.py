"""A report as others read it. Usage: check_report.py FOLDER LANGUAGE

Python's parsers read what C wrote: the page is well-formed, allows and loads nothing but its own style, and says the hostile text of the
gallery as text; the SVG files are XML; the PNG and PDF files are what they should be.
"""
import base64
import hashlib
import re
import struct
import sys
import xml.etree.ElementTree as ET
import zlib
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "br", "link", "img", "hr", "input"}
folder, language = Path(sys.argv[1]), sys.argv[2]
HOSTILE = "</td><script>alert(1)</script> ]]> & \"q\" 'a' \ufffdevil \u05e9\u05dc\u05d5\u05dd \ufffd --> &amp; {{x}}"


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text, self.texts = [], [], "", {}

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]} at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data
        self.texts[self.open[-1] if self.open else ""] = self.texts.get(self.open[-1] if self.open else "", "") + data


def check_page(text):
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, f"never closed: {page.open}"
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "form", "base", "use", "image", "foreignobject"}, tags
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids)), "an id twice"
    for tag, a in page.elements:
        assert not [name for name in a if name.startswith("on") or name in ("style", "src", "srcset")], (tag, a)
        for name in ("aria-labelledby", "aria-describedby"):
            for target in a.get(name, "").split():
                assert target in ids, f"{name}={target} points nowhere"
        href = a.get("href", "#s1")
        assert re.fullmatch(r"#[\w-]+|(?!/)[\w./%-]+", href), href
        if href.startswith("#"):
            assert href[1:] in ids, href
    assert HOSTILE in page.text.replace("\n", " "), "the hostile text does not stand there as text"
    assert "http" not in re.sub(r'xmlns="http://www.w3.org/2000/svg"|http-equiv', "", text), "an address of elsewhere"
    style = page.texts["style"]
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'", policy
    assert dict(page.elements)["html"]["lang"] == {"en": "en", "zh": "zh-CN"}[language]
    assert "prefers-color-scheme:dark" in style and "@media print" in style and style.count("{") == style.count("}")
    figures = [a for tag, a in page.elements if tag == "svg"]
    assert len(figures) == 10 and all(a["role"] == "img" and a["aria-labelledby"] for a in figures)
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1 and headings.count(1) == 1 and all(b <= a + 1 for a, b in zip(headings, headings[1:])), headings
    return page


def check_files():
    names = sorted(p.stem for p in (folder / "figures").glob("*.svg"))
    assert len(names) == 10, names
    for name in names:
        root = ET.parse(folder / f"figures/{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        box = [float(v) for v in root.get("viewBox").split()]
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            if not text.get("transform"):
                assert 0 <= float(text.get("x")) <= box[2] and 0 <= float(text.get("y")) <= box[3], (name, text.text)
        png = (folder / f"figures/{name}.png").read_bytes()
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert all(abs(a - 2 * b) <= 2 for a, b in zip(struct.unpack(">II", png[16:24]), box[2:])), name
    pdf = (folder / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-1.") and pdf.rstrip().endswith(b"%%EOF")
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):  # the facts may lie in a compressed stream of objects
        try:
            pdf += zlib.decompressobj().decompress(stream)
        except zlib.error:
            pass
    assert len(re.findall(rb"/CreationDate \((?:D:)?20260131120000", pdf)) == 1 and not re.search(rb"/JavaScript|/Launch|/URI", pdf)


check_page((folder / "report.html").read_text(encoding="utf-8"))
check_files()
