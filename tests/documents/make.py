"""Makes receipts and invoices in English, Dutch, German and French with what they say: DIR/N.pdf or N.png, DIR/truth.jsonl.

    python3 tests/documents/make.py DIR [COUNT] [SEED]

Layouts, labels, orders, notations and traps (cash, change, roundings, several dates) are drawn at random from the seed.
"""
import datetime
import io
import json
import os
import random
import sys

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

FONTS = {"sans": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "serif": "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
         "narrow": "/usr/share/fonts/truetype/liberation/LiberationSansNarrow-Regular.ttf", "mono": "/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf"}

MONTHS = {"en": "January February March April May June July August September October November December".split(),
          "nl": "januari februari maart april mei juni juli augustus september oktober november december".split(),
          "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
          "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()}

WORDS = {
    "en": dict(title=["INVOICE", "Tax Invoice", "Invoice"], number=["Invoice number", "Invoice No.", "Invoice #", "Inv No"], date=["Invoice date", "Date of issue", "Date", "Issue date", "Issued on"],
               due=["Due date", "Payment due", "Pay by"], order=["Order date", "Ordered on"], delivery=["Delivery date", "Shipped on"], to=["Bill to", "Sold to", "Customer"],
               net=["Subtotal", "Net amount", "Total excl. VAT", "Total (excluding VAT)"], tax=["VAT 20%", "VAT (20 %)", "Tax 20%"], total=["Total", "Total due", "Amount due", "Grand total", "Total incl. VAT", "Invoice total"],
               vat=["VAT No", "VAT registration number", "VAT ID"], head=["Description", "Qty", "Unit price", "Amount"], rate=20, item=["Desk lamp", "Consulting hours", "Paper A4", "Cloud hosting", "Service charge", "Oak shelf"]),
    "nl": dict(title=["FACTUUR", "Factuur"], number=["Factuurnummer", "Factuurnr.", "Factuur nr"], date=["Factuurdatum", "Datum", "Datum factuur"], due=["Vervaldatum", "Te betalen voor", "Uiterste betaaldatum"],
               order=["Besteldatum", "Orderdatum"], delivery=["Leverdatum", "Verzenddatum"], to=["Factuuradres", "Klant", "T.a.v."], net=["Subtotaal", "Totaal excl. btw", "Nettobedrag"], tax=["Btw 21%", "21% BTW", "BTW bedrag"],
               total=["Totaal", "Te betalen", "Totaal incl. btw", "Totaalbedrag", "Factuurbedrag"], vat=["Btw-nummer", "BTW nr.", "Btw-id"], head=["Omschrijving", "Aantal", "Prijs", "Bedrag"], rate=21,
               item=["Bureaulamp", "Advies per uur", "Printpapier", "Hosting", "Eiken plank"]),
    "de": dict(title=["RECHNUNG", "Rechnung"], number=["Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr."], date=["Rechnungsdatum", "Datum", "Belegdatum"], due=["Fällig am", "Zahlbar bis", "Fälligkeitsdatum"],
               order=["Bestelldatum", "Bestellung vom"], delivery=["Lieferdatum", "Leistungsdatum"], to=["Rechnungsadresse", "Kunde", "Lieferadresse"], net=["Zwischensumme", "Nettobetrag", "Summe netto"],
               tax=["MwSt. 19%", "zzgl. 19% USt", "Umsatzsteuer 19 %"], total=["Gesamtbetrag", "Rechnungsbetrag", "Gesamtsumme", "Zu zahlen", "Bruttobetrag", "Endbetrag"], vat=["USt-IdNr.", "USt-ID", "Umsatzsteuer-ID"],
               head=["Bezeichnung", "Menge", "Einzelpreis", "Betrag"], rate=19, item=["Schreibtischlampe", "Beratung", "Papier A4", "Webhosting", "Regal Eiche"]),
    "fr": dict(title=["FACTURE", "Facture"], number=["Facture n°", "Numéro de facture", "N° facture"], date=["Date de facture", "Date", "Date d'émission", "Date de facturation"], due=["Échéance", "Date d'échéance", "À payer avant le"],
               order=["Date de commande", "Commande du"], delivery=["Date de livraison", "Livré le"], to=["Adresse de facturation", "Client", "Facturé à"], net=["Total HT", "Sous-total", "Montant HT"],
               tax=["TVA 20%", "TVA 20 %", "Montant TVA"], total=["Total TTC", "Net à payer", "Montant TTC", "Total à payer"], vat=["N° TVA", "TVA intracommunautaire", "Numéro de TVA"],
               head=["Désignation", "Quantité", "Prix unitaire", "Montant"], rate=20, item=["Lampe de bureau", "Conseil", "Papier A4", "Hébergement", "Étagère"]),
}

NAMES = {"en": ["Harbour & Pike Ltd", "Northwind Supplies Limited", "Oakfield Tools Inc"], "nl": ["Kanaal Kantoor B.V.", "De Vries Techniek BV", "Molenaar Media B.V."],
         "de": ["Bergmann Bürotechnik GmbH", "Nordlicht Software GmbH", "Hofmann & Sohn KG"], "fr": ["Lumière Conseil SARL", "Ateliers du Rhône SAS", "Papeterie Moreau SA"]}
SHOPS = ["BINTANG MAJU HARDWARE SDN BHD", "KEDAI RUNCIT SERI AMAN", "LIM BOON STATIONERY SDN BHD", "RESTORAN SELERA KITA", "PERNIAGAAN CAHAYA ENTERPRISE", "ONE STOP MART (M) SDN BHD", "GOLDEN WOK RESTAURANT", "TAN BROTHERS TRADING"]
EURO_SHOPS = {"nl": ["Bakkerij De Molen", "Supermarkt Noord B.V."], "de": ["Apotheke am Markt", "Frischemarkt Weber GmbH"], "fr": ["Boulangerie Petit", "Librairie du Port SARL"]}


def iban(rng, country):
    body = {"NL": lambda: rng.choice(["INGB", "RABO", "ABNA"]) + digits(rng, 10), "DE": lambda: digits(rng, 18), "FR": lambda: digits(rng, 10) + digits(rng, 11) + digits(rng, 2), "GB": lambda: "BARC" + digits(rng, 14)}[country]()
    number = "".join(str(int(c, 36)) for c in body + country + "00")
    return f"{country}{98 - int(number) % 97:02}{body}"


def digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def vat(rng, language):
    return {"en": lambda: "GB" + digits(rng, 9), "nl": lambda: "NL" + digits(rng, 9) + "B01", "de": lambda: "DE" + digits(rng, 9), "fr": lambda: "FR" + digits(rng, 11)}[language]()


def grouped(code, rng):
    return " ".join(code[i:i + 4] for i in range(0, len(code), 4)) if rng.random() < 0.7 else code


def money(cents, language, rng, style):
    whole, rest = divmod(abs(cents), 100)
    mark, thousands = {"en": (".", ","), "nl": (",", "."), "de": (",", "."), "fr": (",", " ")}[language]
    text = f"{whole:,}".replace(",", thousands) + f"{mark}{rest:02}"
    sign = {"en": "£", "nl": "€", "de": "€", "fr": "€"}[language]
    return {"none": text, "before": f"{sign} {text}", "close": sign + text, "behind": f"{text} {sign}", "code": f"{'GBP' if language == 'en' else 'EUR'} {text}"}[style]


def date_text(day, language, rng, style):
    name = MONTHS[language][day.month - 1]
    return {"slash": f"{day:%d/%m/%Y}", "dot": f"{day:%d.%m.%Y}", "dash": f"{day:%d-%m-%Y}", "iso": f"{day:%Y-%m-%d}", "short": f"{day:%d/%m/%y}",
            "name": f"{day.day}. {name} {day.year}" if language == "de" else f"{day.day} {name} {day.year}", "abbreviated": f"{day.day:02}-{name[:3]}-{day.year}" if language != "fr" else f"{day.day} {name} {day.year}"}[style]


def invoice(rng, language):
    """Cells (x in 0..1, text, size) of lines from the top, and what they say."""
    words = WORDS[language]
    day = datetime.date(rng.randint(2008, 2025), rng.randint(1, 12), rng.randint(1, 28))
    style, amounts = rng.choice(["slash", "dot", "dash", "iso", "name", "abbreviated"]), rng.choice(["none", "before", "close", "behind", "code"])
    country = {"en": "GB", "nl": "NL", "de": "DE", "fr": "FR"}[language]
    items = [(rng.choice(words["item"]), rng.randint(1, 12), rng.randint(199, 89900)) for _ in range(rng.randint(1, 6))]
    net = sum(count * price for _, count, price in items)
    tax = round(net * words["rate"] / 100)
    truth = dict(date=day.isoformat(), total=f"{(net + tax) / 100:.2f}", iban=iban(rng, country), vat=vat(rng, language), invoice_number=rng.choice(["", "F", "INV-", "2019-", "RE"]) + digits(rng, rng.randint(4, 8)),
                 company=rng.choice(NAMES[language]), amount_untaxed=f"{net / 100:.2f}", kind="invoice", language=language)
    show = lambda cents: money(cents, language, rng, amounts)
    lines = []
    left, right = 0.08, rng.choice([0.55, 0.62])
    title = rng.choice(words["title"])
    head = [[(left, truth["company"], 14)], [(left, f"{rng.choice(['Hoofdweg', 'Station Road', 'Rue Haute', 'Ringstr.'])} {rng.randint(1, 200)}", 9)], [(left, f"{digits(rng, 5)} {rng.choice(['Town', 'Stad', 'Ville'])}", 9)]]
    meta = [(rng.choice(words["number"]), truth["invoice_number"]), (rng.choice(words["date"]), date_text(day, language, rng, style))]
    for key, shift in (("due", rng.choice([14, 30])), ("order", -rng.randint(2, 20)), ("delivery", rng.randint(1, 9))):
        if rng.random() < 0.55:
            meta.append((rng.choice(words[key]), date_text(day + datetime.timedelta(shift), language, rng, style)))
    if rng.random() < 0.6:
        rng.shuffle(meta)
    to = [[(left, rng.choice(words["to"]) + rng.choice([":", ""]), 9)], [(left, rng.choice(["J. Jansen", "Acme Widgets", "M. Dupont", "K. Schmidt"]), 9)], [(left, f"{digits(rng, 4)} Elsewhere", 9)]]
    legal = f"{rng.choice(words['vat'])}{rng.choice([':', ''])} {truth['vat'] if rng.random() < 0.6 else truth['vat'][:2] + ' ' + truth['vat'][2:]}"
    bank = f"IBAN{rng.choice([':', ''])} {grouped(truth['iban'], rng)}"
    lines += head + [[]]
    if rng.random() < 0.4:
        lines += [[(left, legal, 8)]]
        legal = None
    lines += [[(rng.choice([left, right]), title, 18)], []]
    shape = rng.choice(["pairs", "pairs", "beside", "table"])
    colon = rng.choice([":", ":", ""])
    if shape == "pairs":
        lines += to + [[]] + [[(left, label + colon, 9), (left + 0.25, value, 9)] for label, value in meta]
    elif shape == "beside":
        for i in range(max(len(to), len(meta))):
            lines.append((to[i] if i < len(to) else []) + ([(right, f"{meta[i][0]}{colon or ':'} {meta[i][1]}", 9)] if i < len(meta) else []))
    else:
        step = 0.86 / len(meta)
        lines += to + [[], [(left + i * step, label, 8) for i, (label, _) in enumerate(meta)], [(left + i * step, value, 8) for i, (_, value) in enumerate(meta)]]
    columns = [left, 0.5, 0.64, 0.82]
    lines += [[], [(x, text, 9) for x, text in zip(columns, words["head"])]]
    lines += [[(left, name, 9), (0.5, str(count), 9), (0.64, show(price), 9), (0.82, show(count * price), 9)] for name, count, price in items]
    sums = [(rng.choice(words["net"]), net), (rng.choice(words["tax"]), tax), (rng.choice(words["total"]), net + tax)]
    lines.append([])
    if rng.random() < 0.15:
        lines += [[(x, label, 9) for x, (label, _) in zip([0.2, 0.5, 0.75], sums)], [(x, show(cents), 9) for x, (_, cents) in zip([0.2, 0.5, 0.75], sums)]]
    else:
        x = rng.choice([0.5, 0.58])
        lines += [[(x, label + colon, 9), (0.82, show(cents), 9)] for label, cents in sums]
    lines += [[], [(left, bank, 9)]] + ([[(left, legal, 8)]] if legal else [])
    return lines, truth


def receipt(rng, language):
    day = datetime.date(rng.randint(2014, 2024), rng.randint(1, 12), rng.randint(1, 28))
    malaysian = language == "en"
    sign = rng.choice(["RM ", "RM", "", ""]) if malaysian else rng.choice(["€ ", "", "EUR "])
    number = lambda cents: f"{cents / 100:.2f}" if malaysian else f"{cents / 100:.2f}".replace(".", ",")
    items = [(rng.choice(["NASI LEMAK", "TEH TARIK", "A4 PAPER 80G", "PVC PIPE 20MM", "SCREW 2IN", "MILO ICE", "ROTI", "KAFFEE", "BROOD", "PAIN"]), rng.randint(1, 4), rng.randint(120, 4990)) for _ in range(rng.randint(1, 6))]
    net = sum(count * price for _, count, price in items)
    taxed = rng.random() < 0.5
    tax = round(net * 0.06) if malaysian and taxed else 0
    exact = net + tax
    total = round(exact / 5) * 5 if malaysian else exact
    style = rng.choice(["slash", "slash", "dash", "short", "abbreviated", "iso", "dot"])
    shown = date_text(day, language if language != "en" else "en", rng, style)
    shown = shown.upper() if rng.random() < 0.3 else shown
    clock = f"{rng.randint(8, 21)}:{rng.randint(10, 59)}" + rng.choice(["", ":07", " PM"])
    labels = {"en": dict(total=["TOTAL", "Total", "TOTAL AMOUNT", "NET TOTAL", "GRAND TOTAL", "Total Sales (Inclusive of GST)", "Total Payable"], sub=["SUBTOTAL", "Sub Total", "Total Excl. GST"], cash=["CASH", "Cash Tendered"], change=["CHANGE", "Change Due"], date=["Date", "DATE", "Date/Time", ""], bill=["Invoice No", "Receipt No", "Bill No", "Doc No."]),
              "nl": dict(total=["TOTAAL", "Te betalen", "Totaal"], sub=["Subtotaal"], cash=["Contant", "CONTANT"], change=["Wisselgeld", "Terug"], date=["Datum", ""], bill=["Bonnr.", "Bon"]),
              "de": dict(total=["SUMME", "Summe EUR", "Gesamtbetrag", "Zu zahlen"], sub=["Zwischensumme"], cash=["Bar", "Gegeben"], change=["Rückgeld", "Wechselgeld"], date=["Datum", ""], bill=["Beleg-Nr.", "Bon-Nr."]),
              "fr": dict(total=["TOTAL", "TOTAL TTC", "Net à payer"], sub=["Sous-total"], cash=["Espèces"], change=["Rendu", "Monnaie"], date=["Date", "Le", ""], bill=["Ticket n°"])}[language]
    company = rng.choice(SHOPS if malaysian else EURO_SHOPS[language])
    truth = dict(date=day.isoformat(), total=f"{total / 100:.2f}", company=company, kind="receipt", language=language)
    lines = [[(0.12, company, 11)]]
    if malaysian and rng.random() < 0.6:
        lines.append([(0.2, f"({digits(rng, 6)}-{rng.choice('XTKH')})", 9)])
    lines += [[(0.1, f"{rng.choice(['NO 12, JALAN MAJU', 'LOT 5, TAMAN SRI', 'Dorpsstraat 3', 'Marktplatz 4', 'Rue Basse 9'])} {rng.randint(1, 99)}", 9)], [(0.1, f"TEL: 0{digits(rng, 2)}-{digits(rng, 7)}", 9)]]
    if malaysian and taxed:
        lines.append([(0.1, f"GST ID: {digits(rng, 12)}", 9)])
    lines.append([])
    label = rng.choice(labels["date"])
    dated = [(0.05, f"{label}{': ' if label else ''}{shown} {clock if rng.random() < 0.7 else ''}", 9)]
    lines += [[(0.05, f"{rng.choice(labels['bill'])}: {rng.choice(['CS', '', 'R'])}{digits(rng, 6)}", 9)]]
    early = rng.random() < 0.7
    if early:
        lines.append(dated)
    lines.append([])
    for name, count, price in items:
        lines.append([(0.05, f"{count} x {name}" if rng.random() < 0.5 else name, 9), (0.78, number(count * price) + rng.choice(["", "", " SR"] if malaysian else [""]), 9)])
    lines.append([])
    x = rng.choice([0.05, 0.3])
    if rng.random() < 0.6:
        lines.append([(x, rng.choice(labels["sub"]), 9), (0.78, number(net), 9)])
    if tax:
        lines.append([(x, "GST 6%", 9), (0.78, number(tax), 9)])
    if rng.random() < 0.3:
        lines.append([(x, "Total Qty" if malaysian else "Aantal", 9), (0.78, str(sum(i[1] for i in items)), 9)])
    if total != exact:
        lines += [[(x, "TOTAL", 9), (0.78, number(exact), 9)], [(x, "ROUNDING ADJ", 9), (0.78, ("-" if total < exact else "") + number(abs(total - exact)), 9)], [(x, rng.choice(["ROUNDED TOTAL", "Total After Rounding", "Rounded Total (RM)"]), 9), (0.78, number(total), 9)]]
    else:
        lines.append([(x, rng.choice(labels["total"]) + rng.choice(["", ":"]), rng.choice([9, 12])), (0.74, sign + number(total), rng.choice([9, 12]))])
    if rng.random() < 0.65:
        paid = (total // 1000 + 1) * 1000
        lines += [[(x, rng.choice(labels["cash"]), 9), (0.78, number(paid), 9)], [(x, rng.choice(labels["change"]), 9), (0.78, number(paid - total), 9)]]
    elif rng.random() < 0.5:
        lines += [[(x, "VISA", 9), (0.78, number(total), 9)]]
    if tax and rng.random() < 0.6:
        lines += [[], [(0.05, "GST Summary", 9), (0.42, "Amount(RM)", 9), (0.78, "Tax(RM)", 9)], [(0.05, "SR @ 6%", 9), (0.45, number(net), 9), (0.8, number(tax), 9)]]
    if not early:
        lines += [[], dated]
    lines += [[], [(0.15, rng.choice(["THANK YOU", "PLEASE COME AGAIN", "Bedankt", "Merci", "Vielen Dank"]), 9)]]
    return lines, truth


def as_pdf(lines, path, rng):
    name = rng.choice(list(FONTS))
    page = canvas.Canvas(path, pagesize=A4, invariant=1)
    y = A4[1] - 50
    for line in lines:
        for x, text, size in line:
            page.setFont(name, size)
            page.drawString(x * A4[0], y, text)
        y -= 1.5 * max([9] + [size for _, _, size in line])
    page.save()


def as_picture(lines, path, rng, width, scale):
    name = rng.choice(["sans", "narrow", "mono", "serif"])
    image = Image.new("L", (width, int(80 + 1.7 * scale * sum(max([9] + [s for _, _, s in line]) for line in lines))), rng.randint(225, 255))
    draw = ImageDraw.Draw(image)
    y = 30
    for line in lines:
        for x, text, size in line:
            draw.text((x * width, y), text, fill=rng.randint(10, 80), font=ImageFont.truetype(FONTS[name], int(size * scale)))
        y += int(1.6 * scale * max([9] + [size for _, _, size in line]))
    image = image.rotate(rng.uniform(-1.2, 1.2), fillcolor=240, resample=Image.BICUBIC)
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8)))
    pixels = image.load()
    for _ in range(int(image.width * image.height * rng.uniform(0, 0.0015))):
        pixels[rng.randrange(image.width), rng.randrange(image.height)] = rng.choice([0, 60, 255])
    if path.endswith(".pdf"):
        image.convert("RGB").save(path, "PDF", resolution=200)
    else:
        image.save(path, **({"quality": rng.randint(45, 85)} if path.endswith(".jpg") else {}))


def main():
    directory, count, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 240, int(sys.argv[3]) if len(sys.argv) > 3 else 1
    os.makedirs(directory, exist_ok=True)
    for name, path in FONTS.items():
        pdfmetrics.registerFont(TTFont(name, path))
    with open(os.path.join(directory, "truth.jsonl"), "w") as truths:
        for i in range(count):
            rng = random.Random(seed * 100_000 + i)
            language = ["en", "nl", "de", "fr"][i // 2 % 4]
            lines, truth = (invoice if i % 2 else receipt)(rng, "en" if i % 4 == 0 else language)
            form = rng.random()
            if i % 2 and form < 0.7:
                name = f"{i}.pdf"
                as_pdf(lines, os.path.join(directory, name), rng)
            elif i % 2:
                name = f"{i}.{rng.choice(['png', 'pdf'])}"
                as_picture(lines, os.path.join(directory, name), rng, 1654, 2.6)
            else:
                name = f"{i}.{rng.choice(['jpg', 'png'])}"
                as_picture(lines, os.path.join(directory, name), rng, rng.choice([560, 720, 900]), rng.choice([1.8, 2.0, 2.2]))
            truths.write(json.dumps({"file": name, **truth}) + "\n")


if __name__ == "__main__":
    main()
