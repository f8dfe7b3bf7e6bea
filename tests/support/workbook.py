"""Workbooks made part by part, for tests."""

import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def cell(place, value, style=0):
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


def sheet(rows):
    lines = "".join(f'<row r="{r}">' + "".join(cell(f"{'ABCDEFGH'[c]}{r}", *value if isinstance(value, tuple) else (value,))
                                               for c, value in enumerate(row)) + "</row>" for r, row in enumerate(rows, 1))
    return f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def workbook(sheets, extra=()):
    """A workbook of (name, state, XML) sheets; style 1 shows dates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("_rels/.rels", f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r" Type="{TYPES}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        names = "".join(f'<sheet name="{name}" sheetId="{i}" state="{state}" r:id="s{i}"/>' for i, (name, state, _) in enumerate(sheets, 1))
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{TYPES}"><sheets>{names}</sheets></workbook>')
        targets = "".join(f'<Relationship Id="s{i}" Type="{TYPES}/worksheet" Target="sheets/{i}.xml"/>' for i in range(1, len(sheets) + 1))
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{RELATIONS}">{targets}<Relationship Id="st" Type="{TYPES}/styles" Target="styles.xml"/></Relationships>')
        book.writestr("xl/styles.xml", f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>')
        for i, (_, _, xml) in enumerate(sheets, 1):
            book.writestr(f"xl/sheets/{i}.xml", xml)
        for name, content in extra:
            book.writestr(name, content)
    return out.getvalue()
