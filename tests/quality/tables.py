"""Clean tables of many kinds: what a person would have typed, before anything happened to it.

A table is made of column kinds that know how they are called in four languages and how their cells look. A file keeps to
one language and one way of writing names, dates and amounts, as files do.
"""

import string

WORDS = {
    "en": "alpha market bolt steel cotton order ship return blue oak pine grade model series export lamp desk chair cable river north "
          "pump valve filter garden paper light heavy small spare winter summer repair service yearly open closed urgent the of and".split(),
    "nl": "markt bout staal katoen order schip retour blauw eiken grenen klasse model reeks uitvoer lamp bureau stoel kabel rivier noord "
          "pomp klep filter tuin papier licht zwaar klein reserve winter zomer reparatie dienst één geïsoleerd coördinatie de van en".split(),
    "de": "Markt Bolzen Stahl Baumwolle Auftrag Schiff Rückgabe blau Eiche Kiefer Güte Modell Serie Ausfuhr Lampe Tisch Stuhl Kabel Fluß "
          "Pumpe Ventil Filter Garten Papier leicht schwer klein Ersatz Winter Sommer Prüfung Straße der von und".split(),
    "fr": "marché boulon acier coton commande navire retour bleu chêne pin qualité modèle série lampe bureau chaise câble rivière nord "
          "pompe vanne filtre jardin papier léger lourd petit hiver été réparation service à de la et".split(),
}
FIRST = "Anna Bram Chris Dora Emil Fay Gus Hana Ivo Jana Kees Lena Mats Nora Otto Pia Quinn Rosa Sem Tess Zoë René Jürgen".split()
LAST = "Jansen|de Vries|Müller|O'Neill|van den Berg|García|Smith|Dubois|Nowak|Rossi|Schmidt|D'Angelo|Peeters|Lindqvist".split("|")
CITIES = "Amsterdam|Utrecht|Den Haag|'s-Hertogenbosch|Gent|Köln|Lyon|New York|San José|Oslo|Porto|Washington, D.C.|Saint-Étienne".split("|")
COUNTRIES = "NL BE DE FR GB US ES PT NO IT PL".split()
STATES = {"en": "open closed pending unknown", "nl": "open gesloten wachtend onbekend", "de": "offen erledigt wartend unbekannt", "fr": "ouvert fermé attente inconnu"}


class Habits:
    """How one file is written."""

    def __init__(self, r):
        self.language = r.choice(["en", "en", "nl", "de", "fr"])
        self.case = r.choice(["lower", "title", "upper", "snake", "camel"])
        self.comma = self.language != "en" and r.random() < .7
        self.date = r.choice(["%Y-%m-%d", "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d"])
        self.null = r.choice(["", "", "", "", "NULL", "n/a", "-"])
        self.nulls = r.choice([0, 0, .02, .1, .4])

    def name(self, text):
        if self.case == "lower": return text
        if self.case == "title": return text.title()
        if self.case == "upper": return text.upper()
        if self.case == "snake": return text.replace(" ", "_")
        return "".join(w.capitalize() for w in text.split())


def day(r, h):
    y, m, d = r.randint(1995, 2025), r.randint(1, 12), r.randint(1, 28)
    month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[m - 1]
    return h.date.replace("%Y", str(y)).replace("%m", "%02d" % m).replace("%d", "%02d" % d).replace("%b", month)


def decimal(r, h, low, high, places=2, group=False):
    text = "%.*f" % (places, r.uniform(low, high))
    if group:
        whole, _, rest = text.partition(".")
        sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        parts = []
        while len(whole) > 3: whole, parts = whole[:-3], [whole[-3:]] + parts
        text = sign + ",".join([whole] + parts) + "." + rest
    return text.translate(str.maketrans(",.", ".,")) if h.comma else text


def phrase(r, h, low, high):
    return " ".join(r.choice(WORDS[h.language]) for _ in range(r.randint(low, high)))


def prose(r, h):
    text = phrase(r, h, 3, 9)
    if r.random() < .3: text = text.replace(" ", ", ", 1)
    if r.random() < .12: text += ' "%s"' % r.choice(WORDS[h.language])
    if r.random() < .05: text += " (%d)" % r.randint(1, 9)
    return text[0].upper() + text[1:]


def serial(start, width=0):
    return lambda r, h, i: str(start + i).zfill(width)


def kind(names, cell, nullable=False):
    return {"names": dict(zip(("en", "nl", "de", "fr"), names.split("|"))), "cell": cell, "nullable": nullable}


KINDS = [
    kind("quantity|aantal|menge|quantité", lambda r, h, i: str(r.randint(0, 500)), True),
    kind("year|jaar|jahr|année", lambda r, h, i: str(r.randint(1990, 2025))),
    kind("price|prijs|preis|prix", lambda r, h, i: decimal(r, h, .5, 900)),
    kind("amount|bedrag|betrag|montant", lambda r, h, i: decimal(r, h, -5000, 90000, 2, True), True),
    kind("share|aandeel|anteil|part", lambda r, h, i: decimal(r, h, 0, 100, 1) + "%", True),
    kind("total eur|totaal eur|summe eur|total eur", lambda r, h, i: "€ " + decimal(r, h, 1, 9000)),
    kind("latitude|breedtegraad|breite|latitude", lambda r, h, i: "%.5f" % r.uniform(-60, 70)),
    kind("measured|gemeten|messwert|mesure", lambda r, h, i: "%.3e" % r.uniform(-1e6, 1e6), True),
    kind("date|datum|datum|date", lambda r, h, i: day(r, h)),
    kind("updated at|gewijzigd op|geändert am|modifié le", lambda r, h, i: "20%02d-%02d-%02dT%02d:%02d:%02dZ" % (r.randint(10, 25), r.randint(1, 12), r.randint(1, 28), r.randint(0, 23), r.randint(0, 59), r.randint(0, 59))),
    kind("time|tijd|uhrzeit|heure", lambda r, h, i: "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59)), True),
    kind("product code|artikelcode|artikelnummer|code produit", lambda r, h, i: "%s-%04d" % ("".join(r.choices("ABCDEF", k=2)), r.randint(0, 9999))),
    kind("account|rekening|konto|compte", lambda r, h, i: "%018d" % r.randint(0, 10 ** 18 - 1)),
    kind("area code|netnummer|vorwahl|indicatif", lambda r, h, i: "0%d" % r.randint(10, 79)),
    kind("postcode|postcode|plz|code postal", lambda r, h, i: "%04d %s" % (r.randint(1000, 9999), "".join(r.choices(string.ascii_uppercase, k=2))) if h.language == "nl" else "%05d" % r.randint(1000, 99999)),
    kind("phone|telefoon|telefon|téléphone", lambda r, h, i: "+31 %d %07d" % (r.randint(10, 79), r.randint(0, 9999999)), True),
    kind("first name|voornaam|vorname|prénom", lambda r, h, i: r.choice(FIRST)),
    kind("last name|achternaam|nachname|nom", lambda r, h, i: r.choice(LAST)),
    kind("city|plaats|ort|ville", lambda r, h, i: r.choice(CITIES)),
    kind("country|land|land|pays", lambda r, h, i: r.choice(COUNTRIES)),
    kind("status|status|status|statut", lambda r, h, i: r.choice(STATES[h.language].split())),
    kind("active|actief|aktiv|actif", lambda r, h, i: r.choice(["true", "false"])),
    kind("e-mail|e-mail|e-mail|courriel", lambda r, h, i: "%s.%d@example.org" % (r.choice(FIRST[:20]).lower(), r.randint(1, 999)), True),
    kind("website|website|webseite|site", lambda r, h, i: "https://example.org/%s/%d" % (r.choice("abc"), r.randint(1, 9999)), True),
    kind("description|omschrijving|beschreibung|description", lambda r, h, i: prose(r, h)),
    kind("remarks|opmerkingen|bemerkung|remarques", lambda r, h, i: prose(r, h) if r.random() < .4 else ""),
    kind("category|categorie|kategorie|catégorie", lambda r, h, i: WORDS[h.language][r.randint(0, 6)]),
    kind("title|titel|titel|titre", lambda r, h, i: phrase(r, h, 1, 4).capitalize()),
    kind("size|maat|größe|taille", lambda r, h, i: "%dx%d" % (r.randint(1, 90), r.randint(1, 90))),
]
IDS = [
    kind("id|id|id|id", None),
    kind("nr|nr|nr|no", None),
    kind("customer id|klantnummer|kundennummer|numéro client", None),
]
TEXTS = [k for k in KINDS if k["names"]["en"] in ("first name", "last name", "city", "country", "status", "description", "remarks", "category", "title")]
PLAIN = [k for k in KINDS if k not in TEXTS]


class Table:
    """A heading and rows of text; `prefers` is the delimiter that its writer would use without thinking."""

    def __init__(self, names, rows, habits):
        self.names, self.rows, self.habits = names, rows, habits
        self.prefers = ";" if habits.comma else ","

    @property
    def width(self):
        return len(self.names)


def row_count(r):
    return r.choice([84, 84, 84, r.randint(12, 40), r.randint(40, 200), r.randint(5, 12)])


def mixed(r, rows=None, columns=None):
    """Columns of any kind, with an identifier in front more often than not."""
    h = Habits(r)
    count = columns or r.choice([9, 9, r.randint(3, 6), r.randint(5, 14)])
    kinds = r.sample(KINDS, min(count, len(KINDS)))
    if all(k in TEXTS for k in kinds): kinds[-1] = r.choice(PLAIN)
    if r.random() < .6:
        start = r.choice([1, 1, 1000, 20230001])
        kinds[0] = dict(r.choice(IDS), cell=serial(start, r.choice([0, 0, 8])))
    return build(r, h, kinds, rows or row_count(r))


def wordy(r, rows=None, columns=None):
    """Texts only: nothing but the words tells a heading from a row."""
    h = Habits(r)
    return build(r, h, r.sample(TEXTS, min(columns or r.randint(3, 6), len(TEXTS))), rows or row_count(r))


def series(r, rows=None, columns=None):
    """Years across, as statistics offices publish."""
    h = Habits(r)
    years = list(range(r.randint(1998, 2015), 2026))[:columns or r.randint(3, 9)]
    names = [h.name(phrase(r, h, 1, 1)), h.name("code")] + [str(y) for y in years]
    places, body = r.choice([0, 1, 2]), []
    for _ in range(rows or row_count(r)):
        body.append([phrase(r, h, 1, 3).capitalize(), "%03d" % r.randint(1, 999)] + [decimal(r, h, 10, 90000, places) if r.random() > h.nulls else "" for _ in years])
    return Table(names, body, h)


def build(r, h, kinds, count):
    names, seen = [], set()
    for k in kinds:
        name = h.name(k["names"][h.language])
        while name in seen: name += r.choice(["2", " 2", "_b"])
        seen.add(name)
        names.append(name)
    rows = [[h.null if k["nullable"] and r.random() < h.nulls else k["cell"](r, h, i) for k in kinds] for i in range(count)]
    for row in rows:
        if sum(1 for c in row if c) < 2: row[0] = row[0] or "x"
    return Table(names, rows, h)


def any_table(r, rows=None, columns=None):
    return r.choices([mixed, series, wordy], [8, 1, 1])[0](r, rows, columns)
