#!/usr/bin/env python3
"""Makes the files in samples/: invented data, messy in the ways real exports are. The same files every time.

    python3 examples/make_samples.py
"""
import datetime
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent / "samples"
FIRST = "Anouk Bram Céline Daan Eva Fatima Gijs Hélène Ivo Jet Kees Lotte Maël Noor Özlem Pim Quirine Ruben Saar Tijs".split()
LAST = "de Vries|van den Berg|Müller|Jansen|Çelik|Bakker|Smit|Peeters|Dubois|Núñez|Vermeulen|El Amrani|Kok|Prins".split("|")
PLACE = "Utrecht Gent Zwolle Antwerpen Maastricht Liège Köln Leeuwarden Namur Breda".split()
THING = "bolt,washer,hinge,bracket,spring,valve,gasket,bearing,pulley,clamp,hose,filter".split(",")
FINISH = "steel,brass,zinc,nylon,rubber,inox".split(",")


def dutch(number):
    """1249.5 as "1.249,50"."""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def write(name, text, encoding="utf-8"):
    (HERE / name).write_bytes(text.encode(encoding))


def supplier_invoices(rng):
    """An accounting export: Windows-1252, semicolons, a title block above and totals below."""
    lines = ["Leveranciersfacturen;;;;;", "Periode: 1-1-2026 t/m 30-6-2026;;;;;", "Administratie: Molenbeek Groothandel B.V.;;;;;", ""]
    lines.append("Factuurnr;Leverancier;Plaats;Factuurdatum;Bedrag excl. btw (€);Betaald")
    total = 0
    day = datetime.date(2026, 1, 2)
    for i in range(1180):
        day += datetime.timedelta(days=rng.random() < 0.15)
        amount = round(rng.lognormvariate(5.5, 1.3), 2)
        total += amount
        supplier = f"{rng.choice(LAST)} & {rng.choice(['Zn.', 'Co', 'Fils', 'Söhne'])}"
        lines.append(f"{2026000000 + i * 7};{supplier};{rng.choice(PLACE)};{day.day}-{day.month}-{day.year};{dutch(amount)};{rng.choice(['ja', 'ja', 'ja', 'nee'])}")
    lines += ["", f"Totaal;;;;{dutch(total)};", "Alle bedragen in euro, exclusief btw. Aan dit overzicht kunnen geen rechten worden ontleend."]
    write("supplier-invoices.csv", "\r\n".join(lines) + "\r\n", "cp1252")


def stock(rng):
    """A warehouse dump: tabs, article numbers with leading zeros, barcodes too long for a spreadsheet's numbers."""
    lines = ["article\tbarcode\tdescription\tlocation\ton hand\treorder at\tlast counted"]
    for i in range(2000):
        barcode = "87" + "".join(rng.choice("0123456789") for _ in range(11))
        counted = datetime.date(2026, 1, 1) + datetime.timedelta(days=rng.randrange(250))
        lines.append(f"{i * 13 + 7:08d}\t{barcode}\t{rng.choice(THING)} M{rng.choice([4, 6, 8, 10])} {rng.choice(FINISH)}\t"
                     f"{rng.choice('ABCDEF')}{rng.randrange(1, 40):02d}-{rng.randrange(1, 9)}\t{rng.randrange(0, 4000)}\t"
                     f"{rng.choice([0, 10, 25, 50, 100])}\t{counted.isoformat()}")
    write("stock.tsv", "\n".join(lines) + "\n")


def budget(rng):
    """A sheet saved as CSV: two header rows, of which the upper one spans several columns."""
    lines = ["Department,Code,Last year,,This year,,Remarks", ",,Budget,Actual,Budget,Forecast,"]
    for i, name in enumerate(f"{part} {place}" for place in PLACE for part in ("Sales", "Workshop", "Transport", "Office", "Canteen")):
        budget_ = rng.randrange(20, 900) * 1000
        remark = rng.choice(["", "", "", '"moved, see note 3"', "new building", '"incl. ""temporary"" staff"'])
        lines.append(f"{name},{i + 100:04d},{budget_},{int(budget_ * rng.uniform(0.8, 1.2))},{int(budget_ * 1.03)},{int(budget_ * rng.uniform(0.9, 1.1))},{remark}")
    write("budget-two-headers.csv", "\n".join(lines) + "\n")


def sensors(rng):
    """A logger that lost power now and then: rows cut off, rows run together, a value that is none."""
    lines = ["timestamp,sensor,temperature,humidity,battery"]
    at = datetime.datetime(2026, 3, 1, 0, 0, 7)
    for i in range(1500):
        at += datetime.timedelta(seconds=300)
        row = f"{at.isoformat()}Z,hall-{rng.randrange(1, 7)},{rng.gauss(18, 4):.2f},{rng.uniform(35, 80):.1f},{max(0, 100 - i / 20):.0f}"
        if i in (211, 640, 1203):
            row = row[: rng.randrange(24, 34)]  # cut off
        elif i in (402, 977):
            row += "," + row  # two lines without the break between them
        elif i == 820:
            row = row.replace(",", ",ERR,", 1)
        lines.append(row)
    write("sensor-log.csv", "\n".join(lines) + "\n")


def tickets(rng):
    """A help desk: long texts with line breaks, commas and quotes inside the cells."""
    subjects = ["Order not delivered", "Invoice twice", 'Where is the "export" button?', "Wrong size, please advise", "Login ✉️ never arrives"]
    bodies = ['Hello,\n\nthe parcel of last week has not come.\nCan you look?\n\nRegards', 'It says "not found", then closes.',
              "Twice now: 1) on Monday, 2) today.", "See the photo;\nthe label reads 00417.", "Thanks, solved 👍"]
    lines = ["id,opened,customer,subject,text,status"]
    for i in range(320):
        opened = datetime.datetime(2026, 5, 1, 8, 0) + datetime.timedelta(minutes=37 * i)
        cells = [f"T-{i + 1:05d}", opened.strftime("%Y-%m-%d %H:%M"), f"{rng.choice(FIRST)} {rng.choice(LAST)}", rng.choice(subjects),
                 rng.choice(bodies), rng.choice(["open", "waiting", "closed"])]
        lines.append(",".join('"' + c.replace('"', '""') + '"' for c in cells))
    write("support-tickets.csv", "\r\n".join(lines) + "\r\n")


def members(rng):
    """A club's list: a byte order mark, pipes, phone numbers that start with 0, dates that are not there."""
    lines = ["member no|name|email|phone|born|joined|fee"]
    for i in range(540):
        first, last = rng.choice(FIRST), rng.choice(LAST)
        email = f"{first}.{last.split()[-1]}@example.org".lower() if rng.random() < 0.9 else ""
        born = "" if rng.random() < 0.08 else f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(1940, 2012)}"
        joined = f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(2012, 2026)}"
        lines.append(f"{i + 1:06d}|{first} {last}|{email}|06{rng.randrange(10**7, 10**8)}|{born}|{joined}|{rng.choice(['25.00', '40.00', '12.50'])}")
    write("members.txt", "\ufeff" + "\n".join(lines) + "\n")


def main():
    HERE.mkdir(exist_ok=True)
    for number, make in enumerate((supplier_invoices, stock, budget, sensors, tickets, members)):
        make(random.Random(number))


if __name__ == "__main__":
    main()
