#include "base/messages/messages.hpp"

namespace millrace {

std::string_view message_nl(Code code) {
    switch (code) {
        case Code::bad_request:
            return "Het verzoek is niet geldig: {why}.";
        case Code::invalid_json:
            return "De inhoud is geen geldige JSON: {why}.";
        case Code::invalid_path:
            return "Het pad is niet geldig. Codeer er geen scheidingstekens en geen puntsegmenten in.";
        case Code::invalid_parameter:
            return "De parameter {name} is niet geldig: {why}.";
        case Code::malformed_multipart:
            return "Het multipart-bericht is beschadigd: {why}. Stuur het opnieuw als multipart/form-data.";
        case Code::missing_file:
            return "Het formulier heeft geen onderdeel \"{field}\" met een bestand.";
        case Code::upload_aborted:
            return "De upload brak af voordat alle bytes binnen waren ({received} ontvangen). Stuur het bestand opnieuw.";
        case Code::unauthorized:
            return "Een geldig bearer-token, een API-sleutel of een sessie is nodig.";
        case Code::forbidden:
            return "Uw rol staat dit niet toe.";
        case Code::csrf:
            return "Schrijven met een sessiecookie vraagt de header X-CSRF-Token van die sessie.";
        case Code::not_found:
            return "Er is niets op dit adres.";
        case Code::method_not_allowed:
            return "Dit adres kent {method} niet. Het kent {allowed}.";
        case Code::not_acceptable:
            return "Geen van de typen in Accept kan worden gemaakt. Bekend: {known}.";
        case Code::request_timeout:
            return "Het duurde te lang voordat het verzoek binnen was.";
        case Code::conflict:
            return "Het verzoek past niet bij de huidige toestand: {why}.";
        case Code::duplicate:
            return "Een bestand met dezelfde inhoud is al dataset {existing_dataset_id}.";
        case Code::job_finished:
            return "De taak is al {state} en kan niet meer worden gewijzigd.";
        case Code::job_not_finished:
            return "De taak is nog {state}; alleen een afgelopen taak kan opnieuw.";
        case Code::not_retryable:
            return "De taak is {state}; alleen een mislukte of geannuleerde taak kan opnieuw.";
        case Code::lease_lost:
            return "Deze poging bezit de taak niet meer; een andere wel.";
        case Code::offset_mismatch:
            return "De upload staat op byte {offset}; ga daar verder.";
        case Code::worker_unknown:
            return "Deze worker is niet bekend: hij heeft zich afgemeld of was te lang stil, en zijn taken zijn teruggenomen. Meld hem opnieuw aan.";
        case Code::length_required:
            return "Het verzoek heeft een Content-Length nodig.";
        case Code::precondition_failed:
            return "Het object is gewijzigd sinds u het las. Lees het opnieuw.";
        case Code::tus_version:
            return "Stuur Tus-Resumable: 1.0.0; een andere versie wordt hier niet gesproken.";
        case Code::payload_too_large:
            return "De inhoud is groter dan de grens van {limit} bytes.";
        case Code::unsupported_media_type:
            return "Het type {type} wordt hier niet aangenomen. Stuur {known}.";
        case Code::range_not_satisfiable:
            return "Het bereik ligt buiten het object van {size} bytes.";
        case Code::invalid_fields:
            return "Sommige velden zijn niet geldig; zie errors.";
        case Code::unknown_job_type:
            return "Er is geen taaktype \"{type}\". Bekend: import, export, validation, processing.";
        case Code::unknown_job_kind:
            return "Er is geen taaksoort \"{kind}\". Bekend: {known}.";
        case Code::invalid_cron:
            return "De cron-uitdrukking is niet geldig: {field}, positie {position}: {why}.";
        case Code::cron_never_fires:
            return "De cron-uitdrukking \"{cron}\" gaat nooit af: zij noemt geen datum van de komende acht jaar.";
        case Code::unknown_time_zone:
            return "Er is geen tijdzone \"{zone}\"{hint}. Gebruik een IANA-naam zoals Europe/Amsterdam, of UTC.";
        case Code::idempotency_mismatch:
            return "Deze Idempotency-Key is voor een ander verzoek gebruikt. Gebruik een nieuwe sleutel.";
        case Code::empty_file:
            return "Het bestand is leeg. Stuur een bestand met een kopregel en minstens een rij.";
        case Code::no_rows:
            return "Het bestand heeft een kopregel en geen rijen; er is niets te importeren.";
        case Code::not_text:
            return "Het bestand is geen tabel: byte {offset} is geen tekst ({why}). Stuur CSV of een ander ondersteund formaat.";
        case Code::unsupported_format:
            return "Het formaat {format} wordt niet ondersteund. Ondersteund: {known}.";
        case Code::malformed_file:
            return "Het bestand is beschadigd: {why}.";
        case Code::line_too_long:
            return "Regel {line} is langer dan {limit} bytes, dus het bestand is geen tabel. Controleer scheidingsteken en aanhalingstekens.";
        case Code::too_many_columns:
            return "Het bestand heeft meer dan {limit} kolommen.";
        case Code::encrypted_file:
            return "Het bestand is met een wachtwoord beveiligd. Stuur het zonder beveiliging.";
        case Code::archive_limits:
            return "Het bestand is uitgepakt groter dan is toegestaan: {why}.";
        case Code::parser_limits:
            return "Het lezen van dit {format}-bestand kost meer dan is toegestaan: {why}.";
        case Code::parser_crashed:
            return "Het lezen van dit {format}-bestand brak onverwacht af ({why}). Sla het opnieuw op met het programma dat het maakte, of stuur het als CSV.";
        case Code::checksum_mismatch:
            return "De bytes hebben niet de aangekondigde controlesom. Stuur ze opnieuw.";
        case Code::value_refused:
            return "Rij {row}, kolom {column}: {why}. De bewerking moest bij de eerste zo'n waarde stoppen.";
        case Code::too_many_rejects:
            return "{rejected} van {rows} rijen zijn afgekeurd; de grens is {limit}.";
        case Code::lookup_too_large:
            return "De opzoektabel {name} heeft meer dan {limit} bytes nodig. Gebruik een kleinere tabel.";
        case Code::schema_drift:
            return "De kolommen van het bestand wijken af van die van de dataset, die vastligt: {why}.";
        case Code::too_many_rows:
            return "Daarvoor zijn meer dan {limit} rijen nodig: {why}.";
        case Code::invalid_sql:
            return "De query is niet geldig: {why}.";
        case Code::query_limits:
            return "De query is afgebroken: {why}.";
        case Code::too_many_requests:
            return "Te veel verzoeken. Wacht {seconds} s en probeer het opnieuw.";
        case Code::too_many_streams:
            return "Hooguit {limit} streams per gebruiker. Sluit er een en probeer het opnieuw.";
        case Code::head_too_large:
            return "De kop van het verzoek is groter dan {limit}.";
        case Code::internal:
            return "Er ging iets mis in de server. Het verzoeknummer staat in het logboek.";
        case Code::file_gone:
            return "Het bestand {file_id} is hier niet meer opgeslagen.";
        case Code::template_gone:
            return "De sjabloon {template_id}, of die versie ervan, is er niet meer.";
        case Code::corrupt_blob:
            return "De opgeslagen bytes van {sha256} hebben die controlesom niet meer; ze worden niet gebruikt.";
        case Code::payload_key_missing:
            return "Wat taak {job} meedraagt is versleuteld met sleutel {key}, die deze server niet heeft. Voeg die sleutel toe aan payload.previous_keys.";
        case Code::payload_unreadable:
            return "De opgeslagen {column} van taak {job} is met zijn sleutel {key} niet te ontsleutelen: er is iets aan veranderd, of het hoort elders. Het wordt niet gebruikt.";
        case Code::not_implemented:
            return "{what} wordt niet ondersteund.";
        case Code::extractor_missing:
            return "Dit soort documenten wordt gelezen door millrace-extract, dat ontbreekt ({program}). Installeer libpoppler-cpp0v5, libtesseract5, libgmime-3.0-0 en tesseract-ocr, en bouw of installeer millrace-extract.";
        case Code::unavailable:
            return "De server kan dit verzoek nu niet aannemen: {why}. Probeer het opnieuw.";
        case Code::database_unavailable:
            return "De database is niet bereikbaar: {why}. Probeer het opnieuw.";
        case Code::storage_failed:
            return "De bytes konden niet worden opgeslagen: {why}. Probeer het opnieuw.";
        case Code::storage_full:
            return "Er is geen ruimte meer om de bytes op te slaan.";
        case Code::worker_crashed:
            return "De taak liet haar worker {times} keer omvallen en wordt niet meer geprobeerd.";
        case Code::worker_lost:
            return "De worker van deze poging is weg.";
        case Code::job_timeout:
            return "De taak duurde langer dan haar grens van {seconds} s.";
        case Code::job_exists:
            return "Er is al een taak met deze unieke sleutel: {job_id}.";
        case Code::deadline_exceeded:
            return "De taak was niet klaar voor haar uiterste tijdstip.";
        case Code::dependency_failed:
            return "Een taak die deze nodig heeft, is niet geëindigd zoals het moest.";
        case Code::not_needed:
            return "De taak was er voor een fout die niet is opgetreden.";
        case Code::children_failed:
            return "{failed} mislukt en {cancelled} geannuleerd van {total} taken.";
        case Code::cancelled:
            return "De taak is geannuleerd.";
        case Code::external_failure:
            return "{message}";
        case Code::usage:
            return "{why}";
        case Code::invalid_config:
            return "De instelling {key} ({origin}) is niet geldig: {why}.";
        case Code::data_dir_locked:
            return "De datamap {path} is in gebruik door proces {pid}. Stop dat, of gebruik de API op {url}.";
        case Code::schema_newer:
            return "De database heeft schemaversie {found}, nieuwer dan de {known} van dit programma. Gebruik het nieuwere programma.";
        case Code::schema_changed:
            return "Migratie {version} in de database verschilt van die in dit programma. Zet de uitgave terug die haar maakte.";
        case Code::unreachable:
            return "Er antwoordt geen server op {url}: {why}.";
        case Code::address_refused:
            return "{url} mag niet worden aangeroepen: {why}.";
        case Code::browser_missing:
            return "Er is geen browser op {path}. Installeer het Debian-pakket chromium-headless-shell, of stel capture.browser in.";
        case Code::browser_unconfined:
            return "De browser kan hier niet van deze machine en haar netwerk worden gescheiden: {why}. Sta user en network namespaces toe, of stel capture.allow_unsandboxed in.";
        case Code::capture_timeout:
            return "Het vastleggen van {url} duurde te lang: {what}.";
        case Code::capture_crashed:
            return "{url} kon niet worden vastgelegd: {why}.";
        case Code::capture_download:
            return "{url} is een bestand ({media_type}) en geen pagina.";
        case Code::capture_limits:
            return "Het vastleggen van {url} ging over een grens: {what}.";
        case Code::capture_status:
            return "{url} antwoordt {status}.";
        case Code::capture_failed:
            return "De browser weigerde {url} vast te leggen ({what}): {why}.";
        case Code::timed_out:
            return "De tijdsgrens van {seconds} s is verstreken; de taak gaat door.";
        case Code::interrupted:
            return "Onderbroken.";
    }
    return {};
}

}  // namespace millrace
