#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "documents/fields/lines.hpp"

namespace millrace::documents::fields {
namespace {

constexpr std::size_t words_of_label_max = 5;
constexpr std::size_t letters_to_be_fuzzy = 5;

struct Entry {
    Kind kind;
    std::string_view words;  ///< between commas; without accents and spaces
};

// English, Dutch, German, French. Spaces are left out, since words of scans and of PDF run together or fall apart.
constexpr Entry lexicon[] = {
    {Kind::total, "total,totaal,totals,gesamt,gesamtsumme,summe,totalrm,totalamount,amounttotal,totalsales,nettotal,netttotal,totalprice,totaalprijs,gesamtpreis,ttl,totalamt,totaleur,summeeur,totalbetrag,totalinvoice,totalfacture,totalrechnung,invoiceamount"},
    {Kind::amount, "amount,bedrag,betrag,montant,amountrm,bedrageur,betrageur,amt"},
    {Kind::grand, "grandtotal,totaldue,totalamountdue,amountdue,balancedue,totalpayable,totalamountpayable,amountpayable,amttopay,amounttopay,topay,pleasepay,payableamount,netpayable,roundedtotal,totalrounded,totalafterrounding,totalroundedamount,invoicetotal,totalforthisinvoice,netamountpayable,"
                  "tebetalen,totaaltebetalen,totaalbedrag,totaalfactuur,factuurbedrag,factuurtotaal,eindtotaal,eindbedrag,tevoldoen,totaaltevoldoen,tevoldoenbedrag,nogtebetalen,openstaandbedrag,"
                  "gesamtbetrag,rechnungsbetrag,rechnungssumme,endbetrag,endsumme,zuzahlen,zuzahlenderbetrag,zahlbetrag,zahlbar,bruttobetrag,bruttosumme,gesamtbrutto,summebrutto,rechnungsendbetrag,zahlungsbetrag,faelligerbetrag,falligerbetrag,offenerbetrag,"
                  "totalttc,montantttc,netapayer,totalapayer,montantdu,montanttotal,montantapayer,totalgeneral,sommeapayer,montanttotalttc,totaldelafacture,apayer,totalfacturettc,netapayerttc,restantdu,totaldu,soldedu,billtotal,totalcharge,totalcharges"},
    {Kind::included, "incl,inclusive,including,inc,inclgst,inclvat,inclbtw,inclusief,inkl,inklusive,einschl,einschliesslich,brutto,gross,ttc,toutestaxescomprises,aftertax,withtax,taxincluded,gstincluded"},
    {Kind::excluded, "excl,exclusive,excluding,exc,exclgst,exclvat,exclbtw,exclusief,exkl,ohne,zzgl,netto,ht,htva,horstaxes,horstaxe,beforetax,pretax,withouttax,beforegst,nettobetrag,nettosumme,nettowert,net,netamount,totalnet,nett,taxable,taxableamount,taxbase,maatstaf,grondslag,bemessungsgrundlage,basis,warenwert,ausgangsbetrag"},
    {Kind::subtotal, "subtotal,subttl,subtotaal,zwischensumme,soustotal,totalht,montantht,totalexcl,totaalexcl,nettotaal,summenetto,gesamtnetto,totalnetht,totalhorstaxes,totalexclvat,goodsvalue,subtotals,teilsumme,amountexcl,totalbeforetax,baseht,totalwithouttax"},
    {Kind::tax, "tax,gst,vat,btw,mwst,mehrwertsteuer,ust,umsatzsteuer,tva,sst,servicetax,salestax,taxamount,gstamount,vatamount,btwbedrag,steuer,steuerbetrag,montanttva,totalgst,totaltax,totalvat,totaltva,totaalbtw,hst,pst,igst,cgst,sgst,omzetbelasting,taxamt,iva,totalmwst"},
    {Kind::paid, "paid,visa,mastercard,master,creditcard,debitcard,card,maestro,pin,pinnen,bankpas,betaald,bezahlt,paye,carte,cartebancaire,cb,eckarte,girocard,kreditkarte,payment,amountpaid,paidby,debit,credit,touchngo,grabpay,ideal"},
    {Kind::cash, "cash,contant,bar,bargeld,especes,tender,tendered,cashtendered,amounttendered,cashreceived,received,gegeben,ontvangen,recu,barzahlung,cashpaid,kontant,paidcash,cashpayment"},
    {Kind::change, "change,changedue,wisselgeld,terug,ruckgeld,rueckgeld,wechselgeld,rendu,monnaie,rendumonnaie,cashchange,yourchange,balance,changeamt,retour"},
    {Kind::trap, "discount,totaldiscount,disc,korting,rabatt,remise,skonto,escompte,saving,savings,totalsaving,totalsavings,yousaved,rounding,roundingadj,roundingadjustment,rounddown,roundingadjusment,rndg,afronding,rundung,arrondi,adj,adjustment,qty,quantity,totalqty,totalquantity,"
                 "totalitems,totalitem,items,item,itemcount,noofitems,aantal,aantalartikelen,menge,anzahl,quantite,points,punten,punkte,pointsearned,previousbalance,lastbalance,deposit,borg,pfand,acompte,aanbetaling,anzahlung,shipping,verzendkosten,versandkosten,fraisdeport,livraison,unitprice,"
                 "price,prijs,preis,prix,stukprijs,einzelpreis,prixunitaire,uprice,rate,tarief,weight,gewicht,poids,kg,credit limit,creditlimit,voucher,coupon,waardebon,gutschein,servicecharge,svccharge,freight,capital,kapitaal,stammkapital,capitalsocial,aucapitalde,capitalde,fee,previouspayments,nightlyrate"},
    {Kind::issued, "invoicedate,dateofinvoice,dateofissue,issuedate,issuedon,dateissued,billdate,billingdate,receiptdate,documentdate,docdate,invdate,taxpoint,taxpointdate,dateinvoice,transactiondate,transdate,"
                   "factuurdatum,datumfactuur,notadatum,bondatum,facturatiedatum,rechnungsdatum,belegdatum,rechnungvom,ausstellungsdatum,datumderrechnung,rechnungausgestelltam,ausgestelltam,"
                   "datedefacture,datefacture,datedefacturation,datedemission,facturedu,emisele,factureemisele,dateemission,factuurvan,datefacturation,datedelafacture,invoicedated"},
    {Kind::dated, "date,pate,oate,bate,datum,le,dated,datetime,tanggal,tarikh,am,den,dt,datumtijd,dateheure,datumuhrzeit,dateandtime"},
    {Kind::ordered, "orderdate,dateoforder,orderdatum,besteldatum,bestelldatum,datumbestelling,datedecommande,datecommande,commandedu,bestellungvom,auftragsdatum,purchasedate,bestellingvan,orderedon,aankoopdatum,podate,orderplaced"},
    {Kind::due, "duedate,paymentdue,paymentduedate,due,dueby,dueon,payby,paybefore,payableby,paymentdate,datedue,vervaldatum,vervaldag,uiterstebetaaldatum,betalenvoor,betaaldatum,tebetalenvoor,voldoenvoor,uiterlijk,falligkeit,faelligkeit,falligam,faelligam,falligkeitsdatum,faelligkeitsdatum,"
                "zahlbarbis,zahlungsziel,zahlungbis,falligbis,zahlbarbiszum,bitteuberweisenbis,echeance,datedecheance,dateecheance,datelimite,datelimitedepaiement,apayeravantle,reglementavantle,payableavantle,betalingsdatum,incassodatum,abbuchungam,prelevele,datedereglement,datepaiement"},
    {Kind::other_date, "deliverydate,dateofdelivery,delivered,deliveredon,leverdatum,afleverdatum,leveringsdatum,lieferdatum,leistungsdatum,liefertermin,datedelivraison,livrele,shipdate,shipped,shippingdate,shippedon,verzonden,verzenddatum,versanddatum,expeditiondate,datedexpedition,"
                       "period,periode,zeitraum,leistungszeitraum,billingperiod,du,vom,from,until,bis,tot,jusquau,validuntil,expirydate,expires,expiry,expdate,bestbefore,geldigtot,gultigbis,gueltigbis,valablejusquau,printdate,printed,printedon,afgedrukt,gedruckt,imprimele,birthdate,dateofbirth,geboortedatum,geburtsdatum,"
                       "checkin,checkout,arrival,departure,startdate,enddate,datedenaissance,serviceperiod,periodefacturee,since,seit,sinds,depuis,approved,version,exchangewithin,effective,gstreg,servicedate,quotedate,offertedatum,angebotsdatum"},
    {Kind::invoice_number, "invoicenumber,invoiceno,invoicenr,invoicenum,invoiceid,invno,invoicen,invoice,taxinvoiceno,taxinvoicenumber,billno,billnumber,receiptno,receiptnumber,receiptnum,receipt,documentno,documentnumber,docno,slipno,salesno,reference invoice,cashbillno,cashinvoiceno,rcptno,"
                           "factuurnummer,factuurnr,factuurno,factuur,notanummer,bonnummer,bonnr,facturatienummer,rechnungsnummer,rechnungsnr,rechnungnr,rechnungnummer,rechnung,belegnummer,belegnr,bonn,renr,rgnr,"
                           "numerodefacture,numerofacture,nodefacture,factureno,nofacture,facturenumero,facturen,facture,referencefacture,ndefacture,nfacture,facturenr,numerodelafacture"},
    {Kind::other_number, "customernumber,customerno,customerid,accountnumber,accountno,klantnummer,klantnr,debiteurnummer,kundennummer,kundennr,numeroclient,noclient,clientno,codeclient,referenceclient,orderno,ordernumber,ordernr,ordernummer,orderid,bestelnummer,bestellnummer,bestellnr,auftragsnummer,auftragsnr,numerodecommande,commandeno,nodecommande,pono,ponumber,"
                         "phone,tel,telephone,telefoon,telefon,fax,mobile,kvk,kvknummer,siret,siren,handelsregister,hrb,companyno,regno,registrationno,rocno,cono,roc,cashier,table,terminal,till,member,memberid,yourreference,uwreferentie,ihrzeichen,votrereference,deliveryno,leverbon,lieferscheinnummer,bondelivraison,projectnumber,steuernummer,steuernr,stnr,contractnumber,contractnummer,transno,storeno,posno,zip,postcode"},
    {Kind::vat, "vatno,vatnumber,vatid,vatregno,vatreg,vatregistrationnumber,vatregistrationno,btwnummer,btwnr,btwid,btwno,btwidentificatienummer,ustidnr,ustid,ustidentnr,umsatzsteuerid,umsatzsteueridentifikationsnummer,uid,uidnr,tvaintracommunautaire,tvaintracom,ntva,notva,numerotva,numerodetva,tvano,ntvaintracommunautaire,numerodetvaintracommunautaire,idtva,gstno,gstid,gstregno,gstin,gstidno,taxid,taxno,abn,mwstnr,vatidentificationnumber"},
    {Kind::bic, "bic,swift,biccode,swiftcode,bicswift,swiftbic,bicnr,codebic,bicnummer"},
    {Kind::customer, "billto,billedto,soldto,shipto,customer,client,klant,kunde,deliverto,invoiceto,factuuradres,factuuraan,afleveradres,rechnungsadresse,lieferadresse,rechnungan,adressedefacturation,adressedelivraison,facturea,destinataire,empfanger,attn,attention,tav,yourvat,uwbtwnummer,ihreustidnr,votretva,customervat,buyer,debiteur,opdrachtgever,adresse client,kundenummer"},
};

/// Words that lie one letter away from a label and mean something else.
constexpr std::string_view no_labels[] = {"charge", "charges", "dates", "rebate", "update", "state", "items", "point", "store", "taxi", "cast", "clash", "metal", "tokai", "receive", "nettle", "master", "invoices", "bart", "barn", "summer", "gestern", "debts", "orders", "postal", "petal", "local", "vital", "rental", "dental", "portal", "mental", "capita", "price", "prince", "chance", "charged", "facturen", "client"};

using Lexicon = std::unordered_map<std::string_view, Kind>;

const Lexicon& entries() {
    static const Lexicon known = [] {
        Lexicon all;
        for (const auto& [kind, words] : lexicon) {
            for (std::size_t from = 0; from < words.size();) {
                const auto end = std::min(words.find(',', from), words.size());
                all.emplace(words.substr(from, end - from), kind);
                from = end + 1;
            }
        }
        return all;
    }();
    return known;
}

const std::map<std::size_t, std::vector<std::pair<std::string_view, Kind>>>& by_length() {
    static const auto sorted = [] {
        std::map<std::size_t, std::vector<std::pair<std::string_view, Kind>>> all;
        for (const auto& entry : entries()) all[entry.first.size()].push_back(entry);
        for (auto& [length, list] : all) std::ranges::sort(list);  // so that the same is found in every run
        return all;
    }();
    return sorted;
}

struct Word {
    int start = 0, end = 0;
    std::string letters;  ///< with digits that stand for letters
};

std::vector<Word> words_of(const Line& line) {
    std::vector<Word> words;
    const auto& text = line.folded;
    for (std::size_t at = 0; at < text.size();) {
        if (!is_word(text[at])) {
            ++at;
            continue;
        }
        Word word{.start = static_cast<int>(at), .end = 0, .letters = {}};
        std::size_t digits = 0;
        for (; at < text.size() && (is_word(text[at]) || text[at] == '|'); ++at) {
            digits += is_digit(text[at]);
            word.letters += text[at];
        }
        word.end = static_cast<int>(at);
        if (digits * 2 < word.letters.size()) {
            for (char& c : word.letters) c = c == '0' ? 'o' : c == '1' || c == '|' ? 'l' : c == '5' ? 's' : c == '8' ? 'b' : c;
        }
        words.push_back(std::move(word));
    }
    return words;
}

std::optional<Kind> fuzzy(std::string_view letters) {
    if (letters.size() < letters_to_be_fuzzy || std::ranges::find(no_labels, letters) != std::end(no_labels)) return std::nullopt;
    for (auto length = letters.size() - 1; length <= letters.size() + 1; ++length) {
        const auto list = by_length().find(length);
        if (list == by_length().end() || length < letters_to_be_fuzzy) continue;
        for (const auto& [word, kind] : list->second) {
            if (within_one_edit(word, letters)) return kind;
        }
    }
    return std::nullopt;
}

/// May two words be read as one? With a space, a dot or a stroke between them, not over the gap of a table.
bool joins(std::string_view between) {
    if (between.size() > 4) return false;
    const auto spaces = std::ranges::count(between, ' ');
    return spaces <= 2 && std::ranges::all_of(between, [](char c) { return c == ' ' || c == '.' || c == '-' || c == '/' || c == '\'' || c == '&' || c == '(' || c == ')' || c == ','; });
}

}  // namespace

bool within_one_edit(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > 1) return false;
    const auto [left, right] = std::ranges::mismatch(a, b);
    const auto rest_a = a.substr(static_cast<std::size_t>(left - a.begin()));
    const auto rest_b = b.substr(static_cast<std::size_t>(right - b.begin()));
    if (rest_b.empty()) return true;
    return a.size() == b.size() ? rest_a.substr(1) == rest_b.substr(1) : rest_a == rest_b.substr(1);
}

void find_labels(Line& line) {
    const auto words = words_of(line);
    for (std::size_t i = 0; i < words.size();) {
        std::string joined;
        std::optional<Label> exact, similar;
        std::size_t after_exact = 0, after_similar = 0;
        for (std::size_t k = 0; k < words_of_label_max && i + k < words.size(); ++k) {
            const auto& word = words[i + k];
            if (k > 0) {
                const auto from = static_cast<std::size_t>(words[i + k - 1].end);
                if (!joins(std::string_view{line.folded}.substr(from, static_cast<std::size_t>(word.start) - from))) break;
            }
            joined += word.letters;
            if (const auto found = entries().find(joined); found != entries().end()) {
                exact = Label{found->second, words[i].start, word.end};
                after_exact = i + k + 1;
            } else if (const auto close = fuzzy(joined)) {
                similar = Label{*close, words[i].start, word.end};
                after_similar = i + k + 1;
            }
        }
        const auto& best = exact ? exact : similar;
        if (best) line.labels.push_back(*best);
        i = exact ? after_exact : similar ? after_similar : i + 1;
    }
}

}  // namespace millrace::documents::fields
