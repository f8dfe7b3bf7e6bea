#include "mapping/detail/gazetteer.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

namespace millrace::mapping::detail {
namespace {

/// Words of a text, separated by spaces.
class WordSet {
public:
    explicit WordSet(std::string_view text) {
        while (!text.empty()) {
            const auto end = std::min(text.find(' '), text.size());
            if (end > 0) words_.insert(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }
    bool contains(std::string_view word) const { return words_.contains(word); }

private:
    std::unordered_set<std::string_view> words_;
};

constexpr std::string_view first_names =
    "jan piet pieter kees hans johan johannes willem henk gerrit peter paul mark marc rob robert richard erik eric bas bart tim tom thomas sander "
    "daan sem lucas luuk levi finn noah milan jesse jayden thijs lars bram stijn ruben sven niels joost jeroen martijn michiel maarten wouter koen "
    "anna anne maria johanna emma sophie julia lotte lisa eva sara sarah sanne fleur femke iris marieke anouk ingrid petra monique esther linda "
    "mohamed mohammed ahmed ali fatima amira youssef yusuf omar hassan ibrahim mehmet mustafa aisha layla karim samira nadia "
    "michael andreas stefan christian markus martin matthias klaus jurgen wolfgang heinz karl fritz otto max maximilian felix leon paul jonas "
    "sabine monika ursula claudia birgit heike katrin julia laura lena hannah mia greta anja silke ute renate helga "
    "pierre jean jacques michel philippe nicolas francois antoine louis hugo lucas jules arthur gabriel raphael mathieu luc olivier julien "
    "marie chloe camille manon lea ines jade louise alice juliette isabelle nathalie sylvie celine aurelie valerie francoise monique catherine "
    "jose juan antonio carlos manuel luis miguel javier francisco pedro pablo diego sergio alejandro fernando rafael jorge angel david daniel "
    "carmen ana isabel lucia elena marta paula pilar rosa cristina laura beatriz sofia martina valentina "
    "john james william george charles henry edward joseph andrew steven kevin brian jason matthew anthony donald kenneth ryan jack harry oliver "
    "mary patricia jennifer elizabeth barbara susan jessica karen nancy margaret emily amy angela helen samantha olivia charlotte grace kate rachel "
    "marco luca giuseppe giovanni giulia francesca chiara matteo alessandro andrea ivan anton dmitri olga natasha katarzyna piotr tomasz agnieszka "
    "chris alex sam kim robin nina nora tessa roos maud wim ruud frank dirk jasper rik ad ben leo nick simon adam peter-jan bert els griet an";

constexpr std::string_view last_names =
    "jong jansen vries berg dijk bakker janssen visser smit meijer boer mulder groot bos vos peters hendriks leeuwen dekker brouwer wit dijkstra smits "
    "graaf meer linden kok jacobs haan vermeulen heuvel veen broek bruijn bruin heijden schouten beek willems vliet hoekstra maas verhoeven koster dam "
    "wal prins blom huisman peeters maes mertens claes willems goossens wouters jacobs desmet dubois lambert martin leclercq dupont simon laurent "
    "muller mueller schmidt schneider fischer weber meyer wagner becker schulz hoffmann schafer schaefer koch bauer richter klein wolf schroder schroeder "
    "neumann schwarz zimmermann braun kruger krueger hofmann hartmann lange werner krause lehmann schmid maier kohler koehler herrmann "
    "bernard thomas petit robert richard durand moreau michel garcia david bertrand roux vincent fournier morel girard andre lefebvre mercier "
    "gonzalez rodriguez fernandez lopez martinez sanchez perez gomez ruiz hernandez jimenez diaz moreno munoz alvarez romero alonso gutierrez navarro "
    "smith johnson williams brown jones miller davis wilson anderson taylor moore jackson white harris thompson clark lewis walker hall young king "
    "wright scott green baker adams nelson hill campbell mitchell roberts carter phillips evans turner parker collins edwards stewart o'connor connor "
    "rossi russo ferrari esposito bianchi romano colombo novak kowalski nowak wisniewski ivanov petrov yilmaz kaya demir ozturk nguyen tran chen wang li "
    "zhang liu yang huang lee kim park singh kumar sharma patel khan ali hassan silva santos ferreira pereira oliveira costa murphy kelly ryan";

constexpr std::string_view cities =
    "amsterdam rotterdam denhaag thehague utrecht eindhoven groningen tilburg almere breda nijmegen apeldoorn haarlem arnhem enschede amersfoort zaandam "
    "denbosch shertogenbosch zwolle leiden maastricht dordrecht zoetermeer deventer delft alkmaar heerlen venlo leeuwarden hilversum roosendaal gouda "
    "brussel bruxelles brussels antwerpen antwerp anvers gent ghent gand brugge brugges luik liege leuven namur namen charleroi mons mechelen hasselt kortrijk oostende "
    "berlin hamburg munchen muenchen munich koln koeln cologne frankfurt frankfurtammain stuttgart dusseldorf duesseldorf dortmund essen leipzig bremen dresden hannover "
    "nurnberg nuernberg duisburg bochum wuppertal bielefeld bonn munster muenster karlsruhe mannheim augsburg wiesbaden aachen kiel freiburg mainz kassel erfurt rostock "
    "paris marseille lyon toulouse nice nantes montpellier strasbourg bordeaux lille rennes reims toulon grenoble dijon angers nimes brest limoges tours amiens metz rouen nancy "
    "madrid barcelona valencia sevilla seville zaragoza malaga murcia palma bilbao alicante cordoba valladolid vigo gijon granada vitoria elche oviedo "
    "london birmingham manchester liverpool leeds sheffield bristol glasgow edinburgh leicester coventry cardiff belfast nottingham newcastle brighton oxford cambridge "
    "rome roma milano milan napoli naples torino turin palermo genova bologna firenze florence venezia venice verona lisbon lisboa porto dublin cork wien vienna graz linz "
    "salzburg zurich zuerich geneva geneve basel bern lausanne luxembourg warsaw warszawa krakow prague praha budapest copenhagen stockholm oslo helsinki athens istanbul moscow kyiv "
    "newyork losangeles chicago houston phoenix philadelphia sanantonio sandiego dallas sanjose austin seattle denver boston detroit atlanta miami portland lasvegas baltimore "
    "sanfrancisco washington minneapolis cleveland orlando toronto montreal vancouver ottawa calgary sydney melbourne brisbane perth tokyo osaka kyoto beijing shanghai taipei "
    "hongkong singapore seoul bangkok delhi mumbai bangalore jakarta dubai cairo lagos nairobi johannesburg capetown mexicocity bogota lima santiago buenosaires saopaulo riodejaneiro";

constexpr std::string_view country_names =
    "netherlands thenetherlands nederland niederlande paysbas paisesbajos holland belgium belgie belgien belgique belgica germany duitsland deutschland allemagne alemania "
    "france frankrijk frankreich francia spain spanje spanien espagne espana unitedkingdom greatbritain verenigdkoninkrijk grossbritannien royaumeuni reinounido england scotland wales "
    "italy italie italien italia portugal ireland ierland irland irlande austria oostenrijk osterreich oesterreich autriche switzerland zwitserland schweiz suisse suiza luxembourg luxemburg "
    "poland polen pologne polonia czechrepublic czechia hungary hongarije ungarn denmark denemarken danemark sweden zweden schweden suede norway noorwegen norwegen finland greece griekenland "
    "turkey turkije turkei russia rusland ukraine romania bulgaria croatia serbia slovakia slovenia estonia latvia lithuania iceland malta cyprus unitedstates usa unitedstatesofamerica "
    "canada mexico brazil brasil argentina chile colombia peru venezuela china japan india southkorea korea taiwan thailand vietnam indonesia malaysia philippines singapore australia "
    "newzealand southafrica egypt morocco marokko nigeria kenya ethiopia ghana algeria tunisia israel saudiarabia unitedarabemirates iran iraq pakistan bangladesh srilanka nepal";

constexpr std::string_view country_codes =
    "AD AE AF AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BJ BN BO BR BS BT BW BY BZ CA CD CG CH CI CL CM CN CO CR CU CV CY CZ DE DK DO DZ EC EE EG ES ET FI FJ FR GA GB GE GH "
    "GL GM GN GR GT HK HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KR KW KZ LA LB LI LK LR LT LU LV LY MA MC MD ME MG MK ML MM MN MO MR MT MU MV MW MX MY MZ NA NE NG NI "
    "NL NO NP NZ OM PA PE PG PH PK PL PR PS PT PY QA RO RS RU RW SA SD SE SG SI SK SN SO SR SV SY TD TG TH TJ TN TR TT TW TZ UA UG UK US UY UZ VE VN YE ZA ZM ZW "
    "NLD BEL DEU FRA ESP GBR ITA PRT IRL AUT CHE LUX POL CZE HUN DNK SWE NOR FIN GRC TUR RUS UKR ROU BGR HRV USA CAN MEX BRA ARG CHL COL CHN JPN IND KOR TWN THA VNM IDN MYS PHL SGP AUS NZL ZAF EGY MAR";

constexpr std::string_view currencies =
    "EUR USD GBP CHF JPY CNY SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH CAD AUD NZD MXN BRL ARS CLP COP INR KRW TWD THB VND IDR MYR PHP SGD HKD ZAR EGP MAD ILS SAR AED ISK HRK RSD";

constexpr std::string_view company_forms =
    "bv nv vof cv gmbh ag kg ohg ug eg mbh sarl sas sa sprl bvba srl sl slu ltd limited plc llc inc corp corporation co company group holding spa oy ab as aps kft sro doo stichting "
    "vereniging verein freres cie fils sons zonen gebr gebroeders bakkerij slagerij bouwbedrijf installatiebedrijf handelsonderneming backerei metzgerei boulangerie panaderia partners "
    "industries solutions services systems technologies consulting trading international enterprises foundation";

constexpr std::string_view units =
    "st stk stuk stuks pc pcs pce piece pieces ea each kg kilo kilogram g gr gram mg l ltr liter litre ml cl dl m mtr meter metre cm mm km m2 m3 qm doos dozen karton ct ctn box boxes "
    "pak pack pkt paar pair pr set rol rolle roll rl fles flasche bottle zak sack bag palet palette pallet plt uur stunde hour hr std dag tag day unit unite unidad un ud uds h pz zk ds cja "
    "carton crt c62 h87 kgm mtr ltr mtk blik can tube emmer eimer bundel bund tray ton tonne schachtel beutel kiste piezas caja par juego";

constexpr std::string_view months =
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec januari februari maart mei juni juli augustus "
    "oktober januar februar marz maerz mai dezember okt dez mrt janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre enero febrero marzo abril mayo junio julio "
    "agosto septiembre octubre noviembre diciembre ene abr ago dic";

bool ends_with_any(std::string_view word, std::initializer_list<std::string_view> ends) {
    return std::ranges::any_of(ends, [&](std::string_view end) { return word.size() > end.size() + 1 && word.ends_with(end); });
}

}  // namespace

bool is_first_name(std::string_view word) {
    static const WordSet set{first_names};
    return set.contains(word);
}
bool is_last_name(std::string_view word) {
    static const WordSet set{last_names};
    return set.contains(word);
}
bool is_city(std::string_view squashed) {
    static const WordSet set{cities};
    return set.contains(squashed);
}
bool is_company_form(std::string_view word) {
    static const WordSet set{company_forms};
    return set.contains(word);
}
bool is_street_word(std::string_view word) {
    static const WordSet set{"street st road rd avenue ave lane ln drive dr boulevard blvd way court ct rue avenue allee allees chemin impasse quai calle avenida paseo plaza camino carrera via strasse "
                             "weg platz laan straat plein singel gracht kade dreef steenweg highway square terrace place route gasse"};
    return set.contains(word) || ends_with_any(word, {"straat", "strasse", "laan", "weg", "plein", "gracht", "kade", "singel", "dreef", "allee", "platz", "gasse", "pad", "hof", "dijk", "steeg", "str"});
}
bool is_unit(std::string_view squashed) {
    static const WordSet set{units};
    return set.contains(squashed);
}
bool is_boolean(std::string_view folded) {
    static const WordSet set{"true false yes no y n ja nee nein oui non si 0 1 waar onwaar wahr falsch vrai faux verdadero falso t f j on off x aan uit"};
    return set.contains(folded);
}
bool is_gender(std::string_view folded) {
    static const WordSet set{"m f x v w male female man vrouw mann frau homme femme hombre mujer mannlich maennlich weiblich mannelijk vrouwelijk divers other h"};
    return set.contains(folded);
}
bool is_salutation(std::string_view squashed) {
    static const WordSet set{"mr mrs ms miss dr prof sir madam dhr mevr mevrouw heer deheer herr frau monsieur madame mademoiselle m mme mlle sr sra srta senor senora drs ir ing"};
    return set.contains(squashed);
}
bool is_month(std::string_view word) {
    static const WordSet set{months};
    return set.contains(word);
}
bool is_language(std::string_view folded) {
    static const WordSet set{"en nl de fr es it pt pl cs sv da fi no nb el tr ru zh ja ko ar hu ro bg hr english dutch german french spanish italian portuguese chinese japanese korean nederlands "
                             "duits frans engels deutsch englisch franzosisch spanisch nl-nl en-us en-gb de-de fr-fr es-es nl-be fr-be"};
    return set.contains(folded);
}
bool is_currency(std::string_view text) {
    static const WordSet set{currencies};
    return set.contains(text);
}
bool is_country_code(std::string_view text) {
    static const WordSet set{country_codes};
    return set.contains(text);
}
bool is_country_name(std::string_view squashed) {
    static const WordSet set{country_names};
    return set.contains(squashed);
}

}  // namespace millrace::mapping::detail
