"""Makes COUNT reports of 5 to 40 pages of running text and tables: papers.py DIR COUNT."""
import os
import random
import sys

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

SERIF = "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf"
WORDS = "market result growth customer delivery between invoice account the of and in to a year quarter region budget measured against value total report margin energy".split()


def page_of(page, rng, font):
    page.setFont(font, 10)
    y = 790
    while y > 60:
        if rng.random() < 0.15:
            for x in (60, 200, 300, 400):
                page.drawRightString(x + 80, y, f"{rng.randint(0, 999999):,}")
        else:
            page.drawString(60, y, " ".join(rng.choice(WORDS) for _ in range(14)))
        y -= 13
    page.showPage()


def main():
    directory, count = sys.argv[1], int(sys.argv[2])
    pdfmetrics.registerFont(TTFont("serif", SERIF))
    for i in range(count):
        rng = random.Random(i)
        page = canvas.Canvas(os.path.join(directory, f"{i}.pdf"), pagesize=A4, invariant=1, pageCompression=1)
        for _ in range(rng.randint(5, 40)):
            page_of(page, rng, rng.choice(["serif", "Helvetica"]))
        page.save()


if __name__ == "__main__":
    main()
