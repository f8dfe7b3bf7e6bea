"""Reads documents that were broken on purpose: each has an answer, and the program goes on.

    python3 tests/documents/torture.py build/release/millrace [COUNT] [SEED]

Some twenty sound documents of every kind are made, then COUNT of them with bytes changed, cut, doubled or swapped. Each file has to end
in its fields or in one line that says why not; no answer may be missing, and the last, sound file is read like the first.
"""
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from email.message import EmailMessage

from PIL import Image, ImageDraw
from reportlab.pdfgen import canvas

LINE = "Invoice date: 25/12/2018   Total due: 12.50"


def pdf(compressed, pages=3):
    out = io.BytesIO()
    page = canvas.Canvas(out, pageCompression=compressed, invariant=1)
    for number in range(pages):
        page.drawString(60, 700, f"{LINE} page {number}")
        page.drawInlineImage(picture_of(40, 30), 60, 500)
        page.showPage()
    page.save()
    return out.getvalue()


def picture_of(width, height):
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).text((10, 10), LINE, fill="black")
    return image


def picture(form, **options):
    out = io.BytesIO()
    picture_of(320, 60).save(out, form, **options)
    return out.getvalue()


def packed(parts, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts:
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else method)
    return out.getvalue()


def letter(method):
    paragraphs = "".join(f"<w:p><w:r><w:t>{LINE} {n}</w:t><w:tab/></w:r></w:p>" for n in range(40))
    return packed([("[Content_Types].xml", "<Types/>"), ("word/document.xml", f"<w:document xmlns:w='w'><w:body>{paragraphs}</w:body></w:document>")], method)


def slides():
    return packed([("[Content_Types].xml", "<Types/>"), ("ppt/presentation.xml", "<p:p xmlns:p='p' xmlns:r='r'><p:sldId id='256' r:id='r1'/></p:p>"),
                   ("ppt/_rels/presentation.xml.rels", "<R><Relationship Id='r1' Target='slides/slide1.xml'/></R>"),
                   ("ppt/slides/slide1.xml", f"<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:t>{LINE}</a:t></a:p></p:sld>")])


def open_text():
    return packed([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", f"<o:d xmlns:o='o' xmlns:t='t'><t:p>{LINE}</t:p></o:d>")])


def message():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Date"] = "a@example.com", "b@example.com", "Factuur", "Tue, 25 Dec 2018 10:00:00 +0100"
    mail.set_content(LINE)
    mail.add_attachment(pdf(1, 1), maintype="application", subtype="pdf", filename="f.pdf")
    return mail.as_bytes()


def sound():
    documents = {"plain.pdf": pdf(0), "packed.pdf": pdf(1), "a.png": picture("PNG"), "a.jpg": picture("JPEG"), "a.gif": picture("GIF"), "a.tif": picture("TIFF"),
                 "lzw.tif": picture("TIFF", compression="tiff_lzw"), "a.webp": picture("WEBP"), "a.bmp": picture("BMP"), "a.ppm": picture("PPM"),
                 "a.docx": letter(zipfile.ZIP_DEFLATED), "stored.docx": letter(zipfile.ZIP_STORED), "a.pptx": slides(), "a.odt": open_text(), "a.eml": message()}
    documents["a.mbox"] = b"From a@b Tue Dec 25 10:00:00 2018\n" + documents["a.eml"]
    return documents


def broken(bytes_, rng):
    data = bytearray(bytes_)
    for _ in range(rng.choice([1, 1, 2, 4, 16, 64])):
        at, size = rng.randrange(len(data)), rng.choice([1, 1, 2, 4, 32, 512])
        kind = rng.randrange(7)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at + size] = bytes(rng.randrange(256) for _ in range(size))
        elif kind == 2:
            del data[at:at + size]
        elif kind == 3:
            data[at:at] = data[at:at + size] * rng.choice([1, 2, 50])
        elif kind == 4:
            data[at:at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x80"])
        elif kind == 5:
            digits = [i for i in range(at, min(at + 4000, len(data))) if 48 <= data[i] <= 57]
            for i in digits[:rng.choice([1, 3, 9])]:
                data[i] = rng.choice(b"0123456789-")
        else:
            del data[max(12, at):]
        if len(data) < 12:
            return bytes(data) + bytes_[:12]
    return bytes(data)


def main():
    program, count, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500, int(sys.argv[3]) if len(sys.argv) > 3 else 1
    documents = sound()
    with tempfile.TemporaryDirectory() as directory:
        names = []
        for i in range(count):
            rng = random.Random(seed * 1_000_003 + i)
            name = rng.choice(sorted(documents))
            names.append(f"{i:05}-{name}")
            with open(os.path.join(directory, names[-1]), "wb") as out:
                out.write(broken(documents[name], rng))
        for name, bytes_ in documents.items():
            with open(os.path.join(directory, name), "wb") as out:
                out.write(bytes_)
        names = list(documents) + names + list(documents)
        run = subprocess.run([program, "extract", "--json", *names], cwd=directory, capture_output=True, timeout=3600)
    answers = [json.loads(line) for line in run.stdout.decode().splitlines()]
    refusals = run.stderr.decode().splitlines()
    read = [answer["id"] for answer in answers]
    refused = [name for name in set(names) - set(read) if any(line.startswith(name + ": ") for line in refusals)]
    silent = sorted(set(names) - set(read) - set(refused))
    unread = [name for name in documents if read.count(name) != 2]
    crashed = sorted({line.split(": ")[0] for line in refusals if "crash" in line.lower()})
    print(f"{len(read)} read, {len(refused)} refused, {len(crashed)} of these ended their child; {len(silent)} without an answer; {len(unread)} sound ones unread")
    for line in refusals if "-v" in sys.argv else []:
        print(line)
    failed = bool(silent or unread or run.returncode < 0)
    print(f"{0 if failed else 1} passed, {1 if failed else 0} failed")
    if failed:
        print("silent:", *silent, "unread:", *unread, f"status {run.returncode}", sep="\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
