"""Exports of business systems against templates without rows; headers written down by hand, values made up.

Each export is a line: name | template | header=target, header=target, ... A header without a target has no partner. `~` at its start
says how its values look when its target does not."""

import random
import re

FIRST = "Jan Emma Pieter Sofie Lars Anna Mehmet Julia Tom Nina Carlos Lucía Hugo Chloé Felix Lea Marta Ahmed Fatima Noah Els Bram Ruth Ivan".split()
LAST = ["Jansen", "de Vries", "Müller", "Schmidt", "Dubois", "Martin", "García", "López", "Smith", "Brown", "Visser", "van Dijk", "Weber", "Moreau", "Novák", "Kaya", "Peeters", "Rossi"]
CITY = ["Utrecht", "Gent", "Köln", "Lyon", "Valencia", "Leeds", "Breda", "Hasselt", "Bremen", "Nantes", "Bilbao", "York", "Zwolle", "Namur"]
STREET = ["Dorpsstraat", "Kerkweg", "Hauptstraße", "Gartenweg", "Rue de la Paix", "Avenue Foch", "Calle Mayor", "High Street", "Station Road", "Molenlaan"]
COMPANY = ["Vermeer BV", "Hansen GmbH", "Lumière SARL", "Costa SL", "North Ltd", "Delta NV", "Bakkerij Smit", "Stahl AG", "Atlas Trading"]
PRODUCT = ["Schroef M6x20", "Hammer 500g", "Toner schwarz", "Papier A4 80g", "Câble USB 2m", "Taza blanca", "Desk lamp", "Koffiebonen 1kg", "Winkelschleifer", "Gants nitrile L"]
WORDS = ["bel eerst", "siehe Anhang", "à rappeler", "urgent", "VIP", "", "", "", "new catalogue sent", "prefers e-mail", "op vakantie"]
RNG = random.Random(7)


def iban(rng):
    body = "INGB" + f"{rng.randrange(10**10):010d}"
    digits = "".join(str(int(c, 36)) for c in body + "NL00")
    return f"NL{98 - int(digits) % 97:02d}{body}"


def gtin(rng):
    body = f"87{rng.randrange(10**10):010d}"
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body))
    return body + str(-total % 10)


def date(rng, first=2018, last=2025):
    return rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28)


class Style:
    """How one system writes dates, decimals and yes."""

    def __init__(self, rng):
        self.rng = rng
        self.date = rng.choice(["{0}-{1:02d}-{2:02d}", "{2:02d}-{1:02d}-{0}", "{2:02d}.{1:02d}.{0}", "{2}/{1}/{0}", "{1:02d}/{2:02d}/{0}", "{0}{1:02d}{2:02d}"])
        self.mark = rng.choice([",", "."])
        self.yes, self.no = rng.choice([("1", "0"), ("ja", "nee"), ("true", "false"), ("Y", "N"), ("oui", "non"), ("Ja", "Nein")])
        self.country = rng.choice([["NL", "BE", "DE", "FR"], ["Nederland", "België", "Duitsland"], ["Deutschland", "Frankreich", "Spanien"]])
        self.count = 1000

    def number(self, low, high, digits=2):
        return f"{self.rng.uniform(low, high):.{digits}f}".replace(".", self.mark)

    def value(self, kind):
        rng = self.rng
        self.count += 1
        day = lambda *years: self.date.format(*date(rng, *years))
        made = {
            "first_name": lambda: rng.choice(FIRST), "last_name": lambda: rng.choice(LAST), "company": lambda: rng.choice(COMPANY),
            "customer_name": lambda: rng.choice(COMPANY), "email": lambda: f"{rng.choice(FIRST).lower()}{self.count}@example.org",
            "phone": lambda: f"+31 {rng.randint(10, 79)} {rng.randrange(10**7):07d}", "mobile": lambda: f"06-{rng.randrange(10**8):08d}",
            "street": lambda: rng.choice(STREET), "street_full": lambda: f"{rng.choice(STREET)} {rng.randint(1, 200)}", "house_number": lambda: f"{rng.randint(1, 250)}{rng.choice(['', '', '', 'a', ' bis'])}",
            "postal_code": lambda: rng.choice([f"{rng.randint(1000, 9999)} {rng.choice('ABDEGHK')}{rng.choice('ABDEGHK')}", f"{rng.randint(10000, 99999)}"]),
            "city": lambda: rng.choice(CITY), "country_code": lambda: rng.choice(self.country), "date_of_birth": lambda: day(1945, 2004),
            "gender": lambda: rng.choice(["M", "F", "X"]), "vat_number": lambda: f"NL{rng.randrange(10**9):09d}B{rng.randint(1, 99):02d}", "iban": lambda: iban(rng),
            "newsletter_opt_in": lambda: rng.choice([self.yes, self.no]), "created_at": lambda: day(2019, 2025) + f" {rng.randint(8, 18):02d}:{rng.randint(0, 59):02d}:00",
            "customer_number": lambda: str(self.count), "notes": lambda: rng.choice(WORDS),
            "sku": lambda: f"{rng.choice(['ART', 'X', 'P'])}-{self.count:05d}", "gtin": lambda: gtin(rng), "name": lambda: rng.choice(PRODUCT), "description": lambda: rng.choice(PRODUCT) + " " + rng.choice(WORDS),
            "brand": lambda: rng.choice(["Bosch", "HP", "Philips", "Makita", "Canon"]), "category": lambda: rng.choice(["Tools", "Kantoor", "Food", "Beleuchtung"]),
            "net_price": lambda: self.number(1, 500), "retail_price": lambda: self.number(1, 900), "vat_rate": lambda: rng.choice(["0", "9", "21"]), "currency": lambda: rng.choice(["EUR", "USD", "GBP"]),
            "stock_quantity": lambda: str(rng.randint(0, 500)), "min_order_quantity": lambda: str(rng.choice([1, 5, 10, 12, 24])), "unit_of_measure": lambda: rng.choice(["st", "doos", "kg", "m"]),
            "weight_kg": lambda: self.number(0, 40, 3), "length_mm": lambda: str(rng.randint(10, 2000)), "width_mm": lambda: str(rng.randint(10, 900)), "height_mm": lambda: str(rng.randint(5, 700)),
            "image_url": lambda: f"https://cdn.example.com/{self.count}.jpg", "lead_time_days": lambda: str(rng.randint(1, 21)), "supplier_sku": lambda: f"{rng.choice('ABC')}{rng.randrange(10**6):06d}",
            "discontinued": lambda: rng.choice([self.yes, self.no, self.no]), "available_from": lambda: day(2022, 2026),
            "invoice_number": lambda: f"F{rng.randint(2020, 2025)}-{self.count}", "invoice_date": lambda: day(), "due_date": lambda: day(), "payment_date": lambda: day() if rng.random() < 0.8 else "",
            "net_amount": lambda: self.number(10, 900), "vat_amount": lambda: self.number(1, 200), "gross_amount": lambda: self.number(10, 1100),
            "status": lambda: rng.choice(["open", "betaald", "vervallen"]), "reference": lambda: f"PO{rng.randrange(10**5)}",
            "order_number": lambda: f"SO{self.count}", "order_date": lambda: day(), "delivery_date": lambda: day(), "quantity": lambda: str(rng.randint(1, 60)), "unit_price": lambda: self.number(1, 400),
            "discount_percent": lambda: str(rng.choice([0, 0, 5, 10])), "line_total": lambda: self.number(5, 4000), "delivery_city": lambda: rng.choice(CITY), "item_number": lambda: f"A{rng.randrange(10**4):04d}", "item_description": lambda: rng.choice(PRODUCT),
            "person": lambda: f"{rng.choice(FIRST)} {rng.choice(LAST)}", "word": lambda: rng.choice(["A", "B", "web", "shop", "beurs"]), "int": lambda: str(rng.randint(0, 99)), "code": lambda: f"{rng.choice('KLM')}{rng.randint(1, 30)}",
            "url": lambda: f"https://shop.example.tw/p/{self.count}", "title": lambda: rng.choice(PRODUCT + ["韓版寬鬆工裝褲", "無線藍牙耳機", "【公告】集中討論", "iPhone 13 128G", "Re: [問題] 怎麼選"]), "price": lambda: rng.choice(["", "$"]) + str(rng.randint(50, 9000)),
            "shop": lambda: rng.choice(["好物小舖", "Best3C", "mimi_store", "Atlas Trading", "阿明雜貨"]), "rating": lambda: f"{rng.uniform(2, 5):.1f}", "reviews": lambda: str(rng.randint(0, 3000)), "date": lambda: day(2020, 2023),
            "author": lambda: rng.choice(FIRST).lower() + str(rng.randint(1, 99)), "content": lambda: " ".join(rng.choice(PRODUCT) for _ in range(12)), "category_": lambda: rng.choice(["閒聊", "情報", "news", "sports", "政治"]),
            "place": lambda: rng.choice(["老王牛肉麵", "Café Mia", "星光旅館", "Delta Museum", "海景餐廳"]), "address": lambda: rng.choice(["台北市信義路5號", f"{rng.choice(STREET)} {rng.randint(1, 90)}"]), "lat": lambda: f"{rng.uniform(22, 52):.5f}", "lon": lambda: f"{rng.uniform(3, 122):.5f}",
            "employee_number": lambda: str(self.count), "hire_date": lambda: day(2001, 2025), "job_title": lambda: rng.choice(["Buyer", "Verkoper", "Techniker", "Comptable"]), "department": lambda: rng.choice(["Sales", "IT", "HR", "Lager"]), "salary": lambda: self.number(2000, 7000), "hours_per_week": lambda: str(rng.choice([24, 32, 36, 40])), "contract_end": lambda: day(2024, 2028) if rng.random() < 0.4 else "",
        }
        return made.get(kind, made["word"])()


def fields(*lines):
    out = []
    for line in lines:
        name, kind, title, *more = line.split("|")
        field = {"name": name, "type": kind, "title": title}
        if more and more[0]:
            field["enum"] = more[0].split(",")
        if len(more) > 1:
            field["format"] = more[1]
        out.append(field)
    return {"fields": out}


TEMPLATES = {
    "crm": fields("first_name|string|First name", "last_name|string|Last name", "company|string|Company", "email|string|E-mail address||email", "phone|string|Phone number", "mobile|string|Mobile number",
                  "street|string|Street", "house_number|string|House number", "postal_code|string|Postal code", "city|string|City", "country_code|string|Country|NL,BE,DE,FR,ES,GB", "date_of_birth|date|Date of birth",
                  "gender|string|Gender|M,F,X", "vat_number|string|VAT number", "iban|string|IBAN", "newsletter_opt_in|boolean|Newsletter", "created_at|datetime|Created", "customer_number|string|Customer number", "notes|string|Notes"),
    "prod": fields("sku|string|SKU", "gtin|string|GTIN / EAN", "name|string|Product name", "description|string|Long description", "brand|string|Brand", "category|string|Category", "net_price|number|Net price excl. VAT",
                   "retail_price|number|Suggested retail price incl. VAT", "vat_rate|number|VAT rate %", "currency|string|Currency|EUR,USD,GBP", "stock_quantity|integer|Stock on hand", "min_order_quantity|integer|Minimum order quantity",
                   "unit_of_measure|string|Unit", "weight_kg|number|Weight (kg)", "length_mm|number|Length (mm)", "width_mm|number|Width (mm)", "height_mm|number|Height (mm)", "image_url|string|Image URL||uri", "lead_time_days|integer|Lead time",
                   "supplier_sku|string|Supplier article number", "discontinued|boolean|Discontinued", "available_from|date|Available from"),
    "inv": fields("invoice_number|string|Invoice number", "invoice_date|date|Invoice date", "due_date|date|Due date", "customer_number|string|Customer number", "customer_name|string|Customer name", "vat_number|string|VAT number",
                  "net_amount|number|Net amount", "vat_amount|number|VAT amount", "gross_amount|number|Total incl. VAT", "currency|string|Currency|EUR,USD,GBP", "status|string|Status|open,paid,overdue", "payment_date|date|Paid on", "iban|string|Bank account", "reference|string|Your reference"),
    "order": fields("order_number|string|Order number", "order_date|date|Order date", "customer_number|string|Customer", "item_number|string|Item", "item_description|string|Item description", "quantity|number|Quantity", "unit_price|number|Unit price",
                    "discount_percent|number|Discount %", "line_total|number|Line total", "currency|string|Currency|EUR,USD,GBP", "delivery_date|date|Requested delivery", "delivery_city|string|Ship to city"),
    "staff": fields("employee_number|string|Employee number", "first_name|string|First name", "last_name|string|Last name", "email|string|Work e-mail||email", "date_of_birth|date|Date of birth", "hire_date|date|In service since",
                    "contract_end|date|Contract ends", "job_title|string|Job title", "department|string|Department", "salary|number|Gross monthly salary", "hours_per_week|number|Hours per week", "iban|string|IBAN for salary"),
}

EXPORTS = """
crm-afas | crm | Debiteurnr=customer_number, Voornaam=first_name, Achternaam=last_name, Bedrijfsnaam=company, E-mail adres=email, Tel. nr.=phone, Mobiel=mobile, Straat=street, Huisnr.=house_number, Postcode=postal_code, Woonplaats=city, Land=country_code, Geb.datum=date_of_birth, M/V=gender, BTW-nr=vat_number, IBAN-nummer=iban, Klantgroep, ~person Rayonmanager, Opmerkingen=notes
crm-lexware | crm | Kd.-Nr.=customer_number, Vorname=first_name, Name=last_name, Firma=company, Mail=email, Telefon 1=phone, Mobilfunk=mobile, Straße=street, Haus-Nr.=house_number, PLZ=postal_code, Ort=city, Land=country_code, Geburtstag=date_of_birth, Geschlecht=gender, USt-IdNr.=vat_number, Newsletter ja/nein=newsletter_opt_in, Angelegt am=created_at, ~person Betreuer, ~word Rabattgruppe, Bemerkung=notes
crm-sage-fr | crm | Code client=customer_number, Prénom=first_name, Nom=last_name, Raison sociale=company, Adresse e-mail=email, Téléphone=phone, Portable=mobile, Adresse=street, Code postal=postal_code, Ville=city, Pays=country_code, Date de naissance=date_of_birth, Civilité, N° TVA intracom.=vat_number, RIB/IBAN=iban, Abonné newsletter=newsletter_opt_in, Date création=created_at, ~person Représentant, Observations=notes
crm-holded-es | crm | Nº cliente=customer_number, Nombre=first_name, Apellidos=last_name, Empresa=company, Correo=email, Teléfono fijo=phone, Móvil=mobile, Dirección=street, C.P.=postal_code, Población=city, País=country_code, F. nacimiento=date_of_birth, Sexo=gender, NIF=vat_number, Cuenta bancaria=iban, Fecha alta=created_at, ~word Tarifa, Observaciones=notes
crm-salesforce | crm | First Name=first_name, Last Name=last_name, Account Name=company, Email=email, Phone=phone, Mobile=mobile, Mailing Street=street, Mailing Zip=postal_code, Mailing City=city, Mailing Country=country_code, Birthdate=date_of_birth, Lead Source, Created Date=created_at, ~person Contact Owner, ~code Contact ID=customer_number, Description=notes, Has Opted Out Of Fax
crm-hubspot | crm | ~int Record ID=customer_number, First name=first_name, Surname=last_name, Company name=company, Work email=email, Phone=phone, Cell=mobile, Street address=street, Postal Code=postal_code, Town=city, Country/Region=country_code, DOB=date_of_birth, Create date=created_at, Lifecycle stage, ~int Number of deals, Marketing opt-in=newsletter_opt_in
crm-mailchimp | crm | Email Address=email, FNAME=first_name, LNAME=last_name, ADDRESS=street, PHONE=phone, BDAY=date_of_birth, OPTIN_TIME=created_at, ~int MEMBER_RATING, LEID, TAGS, NOTES=notes
crm-sap | crm | KUNNR=customer_number, NAME_FIRST=first_name, NAME_LAST=last_name, NAME1=company, SMTP_ADDR=email, TELF1=phone, TELF2=mobile, STRAS=street, HOUSE_NUM1=house_number, PSTLZ=postal_code, ORT01=city, LAND1=country_code, GBDAT=date_of_birth, STCEG=vat_number, IBAN=iban, ERDAT=created_at, ~code KTOKD, ~word BRSCH
crm-typos | crm | Voorname=first_name, Achternam=last_name, Organizatie=company, Emial=email, Telefoonnumer=phone, Mobielenummer=mobile, Staat & nr=street, Posctode=postal_code, Plats=city, Landd=country_code, Geboortedtm=date_of_birth, Nieuwsbrf=newsletter_opt_in, Opm.=notes
crm-short | crm | vnaam=first_name, anaam=last_name, bedr=company, eml=email, tel=phone, mob=mobile, str=street, hnr=house_number, pc=postal_code, wpl=city, lnd=country_code, gebdat=date_of_birth, klnr=customer_number, opm=notes, ~word rayon
crm-opaque | crm | ~customer_number veld1=customer_number, ~first_name veld2=first_name, ~last_name veld3=last_name, ~company veld4=company, ~email veld5=email, ~phone veld6=phone, ~street veld7=street, ~house_number veld8=house_number, ~postal_code veld9=postal_code, ~city veld10=city, ~country_code veld11=country_code, ~date_of_birth veld12=date_of_birth, ~iban veld13=iban, ~vat_number veld14=vat_number, ~word veld15
crm-opaque-b | crm | ~email Column1=email, ~first_name Column2=first_name, ~last_name Column3=last_name, ~postal_code Column4=postal_code, ~city Column5=city, ~mobile Column6=mobile, ~created_at Column7=created_at, ~gender Column8=gender, ~newsletter_opt_in Column9=newsletter_opt_in, ~notes Column10=notes, ~code Column11
prod-exact | prod | Artikelcode=sku, EAN-code=gtin, Omschrijving=name, Extra omschrijving=description, Merk=brand, Artikelgroep=category, Inkoopprijs=net_price, Verkoopprijs=retail_price, Btw-%=vat_rate, Voorraad=stock_quantity, Min. bestelhoeveelheid=min_order_quantity, Eenheid=unit_of_measure, Nettogewicht=weight_kg, Lengte=length_mm, Breedte=width_mm, Hoogte=height_mm, Levertijd (dagen)=lead_time_days, Art.nr. leverancier=supplier_sku, ~code Magazijnlocatie, ~word Seizoen
prod-datev | prod | Artikel-Nr.=sku, EAN=gtin, Bezeichnung=name, Langtext=description, Hersteller=brand, Warengruppe=category, EK netto=net_price, VK brutto=retail_price, MwSt.=vat_rate, Währung=currency, Bestand=stock_quantity, Mindestbestellmenge=min_order_quantity, ME=unit_of_measure, Gewicht (kg)=weight_kg, Länge=length_mm, Breite=width_mm, Höhe=height_mm, Bild-URL=image_url, Lieferzeit=lead_time_days, Lief.-Art.-Nr.=supplier_sku, Auslaufartikel=discontinued, Lieferbar ab=available_from, ~code Lagerplatz
prod-ebp-fr | prod | Référence=sku, Code barres=gtin, Désignation=name, Descriptif=description, Marque=brand, Famille=category, PA HT=net_price, PV TTC=retail_price, Taux TVA=vat_rate, Qté en stock=stock_quantity, Qté mini commande=min_order_quantity, Unité=unit_of_measure, Poids=weight_kg, Longueur=length_mm, Largeur=width_mm, Hauteur=height_mm, Image=image_url, Délai (j)=lead_time_days, Réf. fournisseur=supplier_sku, ~code Emplacement
prod-a3-es | prod | Código=sku, Cód. barras=gtin, Nombre artículo=name, Descripción larga=description, Marca=brand, Familia=category, Precio coste=net_price, PVP=retail_price, % IVA=vat_rate, Divisa=currency, Stock actual=stock_quantity, Pedido mínimo=min_order_quantity, Ud. medida=unit_of_measure, Peso=weight_kg, Largo=length_mm, Ancho=width_mm, Alto=height_mm, Foto=image_url, Plazo entrega=lead_time_days, Ref. proveedor=supplier_sku, Descatalogado=discontinued, ~word Temporada
prod-shopify | prod | ~word Handle, Title=name, Body (HTML)=description, Vendor=brand, Product Category=category, ~word Tags, Variant SKU=sku, Variant Grams=weight_kg, Variant Inventory Qty=stock_quantity, Variant Price=retail_price, Cost per item=net_price, Variant Barcode=gtin, Image Src=image_url, ~int Image Position, Published
prod-woo | prod | ~int ID, SKU=sku, Name=name, Short description, Description=description, In stock?, Stock=stock_quantity, Weight (kg)=weight_kg, Length=length_mm, Width=width_mm, Height=height_mm, Regular price=retail_price, Categories=category, Images=image_url, Tax class=vat_rate, Brands=brand, ~int Position
prod-odoo | prod | default_code=sku, barcode=gtin, name=name, description_sale=description, categ_id=category, standard_price=net_price, list_price=retail_price, taxes_id=vat_rate, currency_id=currency, qty_available=stock_quantity, uom_id=unit_of_measure, weight=weight_kg, ~float volume, sale_delay=lead_time_days, active
prod-sap | prod | MATNR=sku, EAN11=gtin, MAKTX=name, LTEXT=description, HERST=brand, MATKL=category, NETPR=net_price, KBETR=retail_price, WAERS=currency, LABST=stock_quantity, BSTMI=min_order_quantity, MEINS=unit_of_measure, BRGEW=weight_kg, LAENG=length_mm, BREIT=width_mm, HOEHE=height_mm, PLIFZ=lead_time_days, IDNLF=supplier_sku, LVORM=discontinued, ~code LGORT, ~code WERKS
prod-short | prod | artnr=sku, omschr=name, mrk=brand, grp=category, ink=net_price, vkp=retail_price, btw%=vat_rate, vrd=stock_quantity, ehd=unit_of_measure, gew=weight_kg, lvt=lead_time_days, artnrlev=supplier_sku, ~code mag
inv-exact | inv | Factuurnummer=invoice_number, Factuurdatum=invoice_date, Vervaldatum=due_date, Relatiecode=customer_number, Relatie=customer_name, BTW-nummer klant=vat_number, Bedrag excl. btw=net_amount, Btw-bedrag=vat_amount, Bedrag incl. btw=gross_amount, Valuta=currency, Status=status, Betaald op=payment_date, Uw referentie=reference, ~code Dagboek, ~person Ingevoerd door
inv-lexoffice | inv | Belegnummer=invoice_number, Belegdatum=invoice_date, Zahlbar bis=due_date, Kunden-Nr.=customer_number, Kundenname=customer_name, USt-ID=vat_number, Nettobetrag=net_amount, USt.=vat_amount, Gesamtbetrag=gross_amount, Whg.=currency, Zahlstatus=status, Zahlungseingang=payment_date, IBAN=iban, Ihr Zeichen=reference, ~int Mahnstufe
inv-pennylane | inv | N° facture=invoice_number, Date d'émission=invoice_date, Échéance=due_date, N° client=customer_number, Client=customer_name, TVA intra.=vat_number, Total HT=net_amount, TVA=vat_amount, Total TTC=gross_amount, Devise=currency, Statut=status, Réglée le=payment_date, Objet=reference, ~word Journal
inv-holded | inv | Nº factura=invoice_number, Fecha=invoice_date, Vence el=due_date, Cód. cliente=customer_number, Cliente=customer_name, CIF=vat_number, Base imponible=net_amount, Cuota IVA=vat_amount, Total=gross_amount, Moneda=currency, Estado=status, Cobrada el=payment_date, Ref. cliente=reference, ~word Serie
inv-xero | inv | InvoiceNumber=invoice_number, InvoiceDate=invoice_date, DueDate=due_date, ContactName=customer_name, Reference=reference, SubTotal=net_amount, TaxTotal=vat_amount, Total=gross_amount, Currency=currency, FullyPaidOnDate=payment_date, ~int AccountCode, ~word BrandingTheme, InvoiceStatus=status
inv-sap | inv | BELNR=invoice_number, BLDAT=invoice_date, NETDT=due_date, KUNNR=customer_number, NAME1=customer_name, STCEG=vat_number, NETWR=net_amount, MWSBP=vat_amount, WRBTR=gross_amount, WAERS=currency, AUGDT=payment_date, XBLNR=reference, ~code BUKRS, ~int GJAHR
inv-odoo | inv | name=invoice_number, invoice_date=invoice_date, invoice_date_due=due_date, partner_id=customer_name, amount_untaxed=net_amount, amount_tax=vat_amount, amount_total=gross_amount, currency_id=currency, payment_state=status, ref=reference, ~word journal_id, ~person invoice_user_id
order-nl | order | Ordernr=order_number, Besteldatum=order_date, Klantnr=customer_number, Artikelnr=item_number, Artikelomschrijving=item_description, Aantal=quantity, Stuksprijs=unit_price, Korting %=discount_percent, Regelbedrag=line_total, Valuta=currency, Gewenste leverdatum=delivery_date, Afleverplaats=delivery_city, ~int Regel
order-de | order | Auftragsnr.=order_number, Bestelldatum=order_date, Kd-Nr=customer_number, Art.-Nr.=item_number, Artikelbezeichnung=item_description, Menge=quantity, Einzelpreis=unit_price, Rabatt %=discount_percent, Positionswert=line_total, Währung=currency, Liefertermin=delivery_date, Lieferort=delivery_city, ~int Pos.
order-fr | order | N° commande=order_number, Date commande=order_date, Code client=customer_number, Réf. article=item_number, Libellé=item_description, Qté=quantity, P.U. HT=unit_price, Remise=discount_percent, Montant ligne=line_total, Devise=currency, Livraison souhaitée=delivery_date, Ville de livraison=delivery_city
order-sap | order | VBELN=order_number, AUDAT=order_date, KUNNR=customer_number, MATNR=item_number, ARKTX=item_description, KWMENG=quantity, NETPR=unit_price, NETWR=line_total, WAERK=currency, EDATU=delivery_date, ~int POSNR, ~code VKORG
staff-nl | staff | Personeelsnr.=employee_number, Roepnaam=first_name, Achternaam=last_name, Zakelijk e-mailadres=email, Geboren=date_of_birth, In dienst=hire_date, Einde contract=contract_end, Functie=job_title, Afdeling=department, Brutoloon=salary, Uren p/w=hours_per_week, Rekeningnr.=iban, ~person Leidinggevende
web-en-shop | web | url=url, title=title, price=price, shop=shop, rating=rating, reviews=reviews, date=date, ~word tag
web-zh-shop | web | 商品連結=url, 商品名稱=title, 價格=price, 賣家=shop, 評分=rating, 評價數=reviews, 上架日期=date, ~code 貨號
web-zh-list | web | 网址=url, 标题=title, 价钱=price, 店铺=shop, 星级=rating, 日期=date, ~word 备注
web-opaque | web | ~url col1=url, ~title col2=title, ~price col3=price, ~rating col4=rating, ~date col5=date
web-en-b | web | link=url, product=title, cost=price, seller=shop, stars=rating, num reviews=reviews, posted=date, ~int rank
news-en | web | title=title, author=author, date=date, content=content, category=category_, url=url, views=reviews
news-zh | web | 標題=title, 作者=author, 發布時間=date, 內文=content, 分類=category_, 連結=url, 瀏覽數=reviews
news-zh-b | web | 主题=title, 发帖人=author, 日期=date, 正文=content, 版块=category_, ~int 推
place-en | web | name=place, address=address, phone=phone, city=city, latitude=lat, longitude=lon, rating=rating
place-zh | web | 店名=place, 地址=address, 電話=phone, 縣市=city, 緯度=lat, 經度=lon, 評分=rating, ~word 備註
place-zh-b | web | 名稱=place, 住址=address, 聯絡電話=phone, 鄉鎮市區=city, ~int 編號
staff-de | staff | Pers.-Nr.=employee_number, Vorname=first_name, Nachname=last_name, E-Mail dienstlich=email, Geb.-Datum=date_of_birth, Eintritt=hire_date, Vertragsende=contract_end, Stelle=job_title, Abteilung=department, Gehalt brutto=salary, Wochenstunden=hours_per_week, Bankverbindung=iban, ~word Steuerklasse
"""


def parsed(line, rng):
    name, template, columns = (part.strip() for part in line.split("|", 2))
    style = Style(rng)
    headers, values, targets = [], [], {}
    for column in re.split(r",\s+", columns):
        header, _, target = column.partition("=")
        kind = None
        if header.startswith("~"):
            kind, _, header = header[1:].partition(" ")
        headers.append(header)
        values.append([style.value(kind or target or "word") for _ in range(120)])
        if target:
            targets[header] = target
    return name, template, (headers, values), targets


def exports(rng):
    return [parsed(line, rng) for line in EXPORTS.strip().splitlines()]


def pairs(rng):
    """Each export against its template."""
    for name, template, table, targets in exports(rng):
        if template in TEMPLATES:
            yield name, table, TEMPLATES[template], [[header, target] for header, target in targets.items()]


def pairs_of_exports(rng):
    """Each export against another one of its template: both have rows, and few values in common."""
    known = exports(rng)
    for name, template, source, targets in known:
        others = [other for other in known if other[1] == template and other[0] != name and len(set(other[3].values()) & set(targets.values())) >= 3]
        for other_name, _, target, other_targets in rng.sample(others, min(2, len(others))):
            truth = [[a, b] for a, x in targets.items() for b, y in other_targets.items() if x == y]
            yield f"{name}-{other_name}", source, target, truth
